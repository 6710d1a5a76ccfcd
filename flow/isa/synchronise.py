"""Tokens from footprints: give each instruction exactly the tokens that keep it behind what it depends on.

The input is a program in an order that is right when executed serially; every read-after-write, write-after-read and
write-after-write between two units is found in the footprints. A vector clock per unit tells what is known to be
complete already, so that a token is spent only where the order is not implied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.isa.description import AluOp, Opcode, Unit
from flow.isa.encoding import Instruction, make
from flow.isa.footprint import MEMORY, Access, accesses

_UNITS = (Unit.LOAD, Unit.GEMM, Unit.ALU, Unit.STORE)
_CHANNELS = frozenset((int(producer), int(consumer)) for producer, consumer in isa.CHANNELS)

#: an ALU instruction that moves nothing: carries a token from LOAD to STORE
_RELAY = make(Opcode.ALU, op=AluOp.MOV, to_acc=1)


class _History:
    """Accesses of one memory by one unit, newest last; an access that a newer one of its kind covers is forgotten."""

    __slots__ = ("limit", "reads", "writes")

    def __init__(self) -> None:
        self.limit = 64  # entries before the next search for what everyone knows
        self.reads: list[tuple[int, int, int]] = []
        self.writes: list[tuple[int, int, int]] = []

    def add(self, low: int, high: int, index: int, write: bool) -> None:
        kept = self.writes if write else self.reads
        if kept and kept[-1][0] >= low and kept[-1][1] <= high:
            kept[:] = [entry for entry in kept if entry[0] < low or entry[1] > high]
        kept.append((low, high, index))

    def latest(self, low: int, high: int, write: bool, known: int) -> int:
        """Highest index above ``known`` of an access that conflicts with a new one on [low, high)."""
        best = known
        for entry in reversed(self.writes):
            if entry[2] <= best:
                break
            if entry[0] < high and low < entry[1]:
                best = entry[2]
                break
        if write:
            for entry in reversed(self.reads):
                if entry[2] <= best:
                    break
                if entry[0] < high and low < entry[1]:
                    best = entry[2]
                    break
        return best

    def prune(self, known: int) -> None:
        if len(self.reads) + len(self.writes) > self.limit:
            self.reads = [entry for entry in self.reads if entry[2] > known]
            self.writes = [entry for entry in self.writes if entry[2] > known]
            self.limit = 64 + 2 * (len(self.reads) + len(self.writes))


class _Synchroniser:
    def __init__(self, hw: HwConfig) -> None:
        self.hw = hw
        self.program: list[Instruction] = []
        self.place: list[list[int]] = [[] for _ in _UNITS]  # program index of each unit's instructions
        self.pairs: dict[tuple[int, int], list[tuple[int, int]]] = {channel: [] for channel in sorted(_CHANNELS)}
        self.clock = [[-1] * 4 for _ in _UNITS]  # clock[u][v]: last instruction of v known complete to u
        self.complete: list[list[list[int]]] = [[] for _ in _UNITS]  # clock of u when its n-th instruction completes
        self.histories: list[list[_History]] = [[_History() for _ in _UNITS] for _ in range(MEMORY + isa.REGIONS)]

    def wait(self, unit: int, other: int, need: int) -> None:
        """Make the next instruction, one of ``unit``, wait for instruction ``need`` of ``other``."""
        self.pairs[other, unit].append((self.place[other][need], len(self.program)))
        mine, theirs = self.clock[unit], self.complete[other][need]
        for v in range(4):
            # STORE's token to ALU only says that OUT was read: what LOAD knows of memory it learns directly
            if unit == Unit.LOAD and v == Unit.STORE and other != Unit.STORE:
                continue
            mine[v] = max(mine[v], theirs[v])

    def needs(self, unit: int, touched: Sequence[Access]) -> list[int]:
        clock = self.clock[unit]
        need = list(clock)
        for access in touched:
            for other, history in enumerate(self.histories[access.memory]):
                if other != unit:
                    need[other] = history.latest(access.low, access.high, access.write, need[other])
        return need

    def append(self, instruction: Instruction, forced: Sequence[int] = ()) -> None:
        unit = int(isa.UNIT_OF[instruction.opcode])
        touched = accesses(instruction, self.hw)
        need = self.needs(unit, touched)
        for other in forced:
            if (other, unit) in _CHANNELS and self.place[other]:
                need[other] = len(self.place[other]) - 1
        relay = int(Unit.ALU)
        # LOAD before STORE goes through the ALU, before ALU's own token, which the relay's then implies
        for other in range(4):
            if other == unit or (other, unit) in _CHANNELS or need[other] <= self.clock[unit][other]:
                continue
            implied = self.complete[relay][need[relay]][other] if need[relay] > self.clock[unit][relay] else -1
            if implied < need[other]:
                if self.clock[relay][other] < need[other]:
                    self.wait(relay, other, need[other])
                self._emit(_RELAY, relay, [])
                self.wait(unit, relay, len(self.place[relay]) - 1)
        for other in sorted(range(4), key=lambda v: -self.place[v][need[v]] if need[v] >= 0 else 1):
            if other != unit and need[other] > self.clock[unit][other]:
                self.wait(unit, other, need[other])
        self._emit(instruction, unit, touched)

    def _emit(self, instruction: Instruction, unit: int, touched: Sequence[Access]) -> None:
        index = len(self.place[unit])
        self.place[unit].append(len(self.program))
        self.program.append(instruction)
        self.clock[unit][unit] = index
        self.complete[unit].append(list(self.clock[unit]))
        for access in touched:
            history = self.histories[access.memory][unit]
            history.add(access.low, access.high, index, access.write)
            history.prune(min(self.clock[u][unit] for u in range(4) if u != unit))

    def result(self) -> list[Instruction]:
        pops, pushes = [0] * len(self.program), [0] * len(self.program)
        for (producer, consumer), pairs in self.pairs.items():
            for push, pop in thin_out(pairs, isa.TOKEN_CAPACITY):
                pushes[push] |= 1 << consumer
                pops[pop] |= 1 << producer
        return [instruction.replace(pop=pop, push=push)
                for instruction, pop, push in zip(self.program, pops, pushes, strict=True)]


def thin_out(pairs: Sequence[tuple[int, int]], capacity: int) -> list[tuple[int, int]]:
    """Tokens of one channel such that never more than ``capacity`` are under way in program order.

    pairs: (giving, taking) instruction of each token, both ascending. Where there are too many, neighbours become one
    that is given by the later giver and taken by the earlier taker: it promises more, so nothing else changes.
    """
    kept = list(pairs)
    while _most_under_way(kept) > capacity:
        thinner: list[tuple[int, int]] = []
        waiting: tuple[int, int] | None = None
        for push, pop in kept:
            if waiting is None:
                waiting = (push, pop)
            elif push < waiting[1]:
                thinner.append((push, waiting[1]))
                waiting = None
            else:
                thinner.append(waiting)
                waiting = (push, pop)
        if waiting is not None:
            thinner.append(waiting)
        kept = thinner
    return kept


def _most_under_way(pairs: Sequence[tuple[int, int]]) -> int:
    """Largest number of tokens given but not yet taken, instructions executed one after the other."""
    most, taken = 0, 0
    for given, (push, _) in enumerate(pairs, 1):
        while pairs[taken][1] <= push:
            taken += 1
        most = max(most, given - taken)
    return most


def synchronise(
    instructions: Sequence[Instruction],
    hw: HwConfig,
    extra: Callable[[int], Sequence[int]] | None = None,
) -> tuple[list[Instruction], list[int]]:
    """Return the program with its tokens and FINISH at the end, and where each given instruction went.

    instructions: without tokens and without FINISH. extra: for tests, units the instruction at an index shall wait for
    although it need not.
    """
    state = _Synchroniser(hw)
    positions: list[int] = []
    for index, instruction in enumerate(instructions):
        state.append(instruction, extra(index) if extra else ())
        positions.append(len(state.program) - 1)
    return [*state.result(), make(Opcode.FINISH)], positions
