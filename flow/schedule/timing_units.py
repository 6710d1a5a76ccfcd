"""The units of an engine at work on a program, event by event, in cycles of the RTL.

Of every instruction: the cycle in which its tokens are taken, the one in which its unit has it, and the one in which it
gives its tokens. Depths of pipelines are read from the RTL; the other delays are those of its stages, seen in a trace.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from flow.hardware.config import HwConfig
from flow.hardware.pipelines import pipeline
from flow.isa import description as isa
from flow.isa.description import Buffer, Opcode, Source0, Source1, Table, Unit
from flow.isa.encoding import Instruction
from flow.isa.legality import extent
from flow.schedule.bus import (
    ANSWER,
    BEATS_UNDER_WAY,
    BURSTS_UNDER_WAY,
    ROUND_TRIP,
    Bus,
    Job,
    MemoryModel,
    transfer,
)
from flow.schedule.program import Program
from flow.schedule.timing_fetch import Fetch

#: from one use of an accumulator by GEMM to the next, as the RTL names it
SHORTEST_STREAM = pipeline("GEMM_WRITE") - pipeline("GEMM_READ") + 1
IN_FLIGHT = pipeline("IN_FLIGHT")

#: GEMM and ALU: the unit has an instruction, its first vector is issued; from the last one of the instruction before;
#: the last vector's issue to the tokens
HAVE_TO_ISSUE = 3
ISSUE_TO_ISSUE = 2
GEMM_DONE = pipeline("GEMM_WRITE") + 2
ALU_DONE = pipeline("ALU_VISIBLE") + 1
#: from an ALU vector to the first one that may read what it writes
ALU_AGAIN = pipeline("ALU_VISIBLE") - 1
#: instructions GEMM holds before their addresses begin
QUEUED = 4

#: LOAD and STORE: to the first address on the bus; run generators: an instruction without its runs
HAVE_TO_ADDRESS = 8
RUNS_READY = 2
#: LOAD: to the first position; the last beat to the last write, of INPUT and of the others; from there to the tokens
HAVE_TO_POSITION = 3
BEAT_TO_INPUT = 3
BEAT_TO_WORD = 2
LOAD_DONE = 1
#: STORE: address to its first beat; last beat to the read token, where reading was held up by groups, or by the bus,
#: which leaves AHEAD groups and BEATS beats under way; last response to tokens
ADDRESS_TO_BEAT = 3
READ_EARLY = 2
READ_DONE = 3
AHEAD = 4
BEATS = 2
STORE_DONE = 1

#: what stands for the beats of a transfer that has none
NO_BEATS = 1e-9


def stream_cycles(i: Instruction, hw: HwConfig) -> int:
    """Cycles in which a weight tile of a GEMM is held: its pixels, or what takes longer, the next tile's loading or an
    accumulator's way round."""
    return max(i.i_size * i.j_size, hw.tile_words, SHORTEST_STREAM)


@dataclass(frozen=True)
class Reading:
    """``count`` of the input vectors ``vectors`` are read from cycle ``begin`` to ``end``."""

    begin: float
    end: float
    count: float
    vectors: range


class Simulation:
    """``ends``: of each instruction the cycle in which it gives its tokens."""

    def __init__(self, program: Program, model: MemoryModel) -> None:
        self.hw, self.latency = program.hw, model.latency
        self.program = program.instructions
        self.now = 0.0
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.count = 0
        self.bus = Bus(model, program.hw.axi_bytes)
        self.tokens: dict[tuple[int, int], deque[float]] = {(int(p), int(c)): deque() for p, c in isa.CHANNELS}
        self.pops = {(mask, unit): [self.tokens[other, unit] for other in range(4) if mask >> other & 1]
                     for mask, unit in {(i.pop, int(isa.UNIT_OF[i.opcode])) for i in self.program
                                        if i.opcode != Opcode.FINISH}}
        self.ends = [0.0] * len(self.program)
        depth = program.hw.queue_depth
        self.queues: list[deque[tuple[int, float]]] = [deque() for _ in range(4)]  # instructions dealt, and when
        self.had = [deque([0.0] * depth, depth) for _ in range(4)]  # when units got their last instructions
        self.given = [deque([0.0] * IN_FLIGHT) for _ in range(4)]  # ends of which the next instructions must know
        self.free = [0.0] * 4  # from when on a unit can have the next one; infinity: not known yet
        self.asked = self.received = 0.0  # LOAD's next request, and its last write
        self.begun = deque([0.0] * QUEUED, QUEUED)  # GEMM's last instructions
        self.loader = self.before = self.stream = 0.0  # last weight word requested; the last two streams' last vectors
        self.gemms: deque[Reading] = deque(maxlen=2 * QUEUED)
        self.alus: deque[Reading] = deque(maxlen=2 * QUEUED)
        self.late = [0.0] * 4  # cycles for which GEMM or ALU waited for an input bank while that was not yet reckoned
        self.vector = self.final = 0.0  # ALU's last instruction: its first and last vector,
        self.writes: int | None = None  # and the accumulator bank it writes
        self.fetch = Fetch(program, self)

    def run(self) -> None:
        """Until nothing moves any more."""
        while True:
            transfer_at = self.bus.next()
            event_at = self.events[0][0] if self.events else math.inf
            if min(transfer_at, event_at) == math.inf:
                return
            self.now = min(transfer_at, event_at)
            self.bus.advance(self.now)
            while self.events and self.events[0][0] <= self.now:
                heapq.heappop(self.events)[2]()
            moved = True
            while moved:
                moved = self.fetch.step()
                for unit in range(4):
                    moved |= self._take(unit)

    def at(self, cycle: float, event: Callable[[], None]) -> None:
        """Call ``event`` at ``cycle``."""
        self.count += 1
        heapq.heappush(self.events, (cycle, self.count, event))

    def room(self, unit: int) -> float:
        """Cycle from which on the unit's queue takes another instruction; infinity while that is not known."""
        if len(self.queues[unit]) >= self.hw.queue_depth:
            return math.inf
        return self.had[unit][len(self.queues[unit])] + 1

    def _take(self, unit: int) -> bool:
        """Give the unit its next instruction if everything that it waits for is known."""
        if not self.queues[unit] or not self.given[unit] or self.free[unit] == math.inf:
            return False
        pc, dealt = self.queues[unit][0]
        i = self.program[pc]
        channels = self.pops[i.pop, unit]
        if not all(channels):
            return False
        taken = max(dealt, self.had[unit][-1], *(channel.popleft() for channel in channels)) + 1
        have = max(taken + 1, self.free[unit], self.given[unit].popleft() + 1)
        if unit == Unit.GEMM:
            have = max(have, self.begun[0] - 1)
        self.queues[unit].popleft()
        self.had[unit].append(have)
        (self._load, self._gemm, self._alu, self._store)[unit](pc, i, have)
        return True

    def _end(self, unit: int, pc: int, end: float) -> None:
        """The instruction gives its tokens at ``end``."""
        self.ends[pc] = end
        self.given[unit].append(end)
        push = self.program[pc].push
        for other in range(4):
            if push >> other & 1 and (unit, other) != (Unit.STORE, Unit.ALU):
                self.tokens[unit, other].append(end)

    def _load(self, pc: int, i: Instruction, have: float) -> None:
        moved = transfer(i, self.hw)
        is_input = i.buffer == Buffer.INPUT
        lead = tail = 0  # positions of padding before the first beat and after the last one
        positions = moved.groups * self._write_cycles(i)
        if is_input:
            width, height = i.pad_left + i.x_size + i.pad_right, i.pad_top + i.y_size + i.pad_bottom
            lead, tail = i.pad_top * width + i.pad_left, i.pad_bottom * width + i.pad_right
            positions = width * height * i.z_size
        delay = BEAT_TO_INPUT if is_input else BEAT_TO_WORD

        def begin() -> float:
            return max(have + HAVE_TO_POSITION, self.received + 1)

        def written(last: float) -> None:
            self.received = last
            self._end(Unit.LOAD, pc, last + LOAD_DONE)

        if not moved.beats:
            self.free[Unit.LOAD] = have
            self.bus.read(Job(0.0, NO_BEATS, 1.0, lambda _: written(begin() + positions - 1), have, have))
            return
        self.free[Unit.LOAD] = have + RUNS_READY + moved.runs
        first = max(have + HAVE_TO_ADDRESS + moved.joined, self.asked)
        self.asked = first + moved.requests + 1
        rounds = max(moved.bursts / BURSTS_UNDER_WAY, moved.beats / BEATS_UNDER_WAY)
        least = max(positions - lead - tail, moved.requests, rounds * (self.latency + ROUND_TRIP))
        self.bus.read(Job(first + self.latency + ANSWER, moved.beats, least / moved.beats,
                          lambda last: written(last + delay + tail), first, first + moved.requests,
                          lambda: begin() + lead - delay, moved.bursts / moved.beats,
                          moved.groups / moved.beats if is_input else 0.0, moved.beats))

    def _write_cycles(self, i: Instruction) -> int:
        """Cycles in which LOAD writes one word: tables take an entry a cycle."""
        if i.buffer != Buffer.TABLE:
            return 1
        return self.hw.axi_bytes if i.base >= Table.O else self.hw.axi_bytes // 4

    def _gemm(self, pc: int, i: Instruction, have: float) -> None:
        """The first two tiles one by one, the others at their common pace. A tile is requested when the stream of the
        one before the last has ended."""
        words, pixels, pace = self.hw.tile_words, i.i_size * i.j_size, stream_cycles(i, self.hw)
        tiles = i.v_size * i.h_size * i.w_size
        self.loader = max(have, self.loader, self.before) + words
        start = max(self.loader + 1, have + HAVE_TO_ISSUE, self.stream + ISSUE_TO_ISSUE)
        self.begun.append(start)
        last = start + pixels - 1
        before = self.stream
        if tiles > 1:
            self.loader = max(self.loader, before) + words
            start, before = max(self.loader + 1, last + 1, start + pace) + (tiles - 2) * pace, last
            last = start + pixels - 1
            if tiles > 2:
                before = start - pace + pixels - 1
                self.loader = max(self.loader + (tiles - 2) * words, before - pace + words)
        mine = Reading(self.begun[-1], last + 1, tiles * pixels, _vectors(i, self.hw))
        lost = self._waits(Unit.GEMM, sum(self._both(mine, alu) for alu in self.alus))
        self.before, self.stream = before + lost, last + lost
        self.gemms.append(mine)
        self.free[Unit.GEMM] = self.loader
        self._end(Unit.GEMM, pc, self.stream + GEMM_DONE)

    def _alu(self, pc: int, i: Instruction, have: float) -> None:
        count: float = i.k_size * i.i_size * i.j_size
        start = max(have + HAVE_TO_ISSUE, self.final + ISSUE_TO_ISSUE)
        self.free[Unit.ALU] = start - 1
        if i.src0 == Source0.ACC:
            if self.writes == i.acc_bank:
                start = max(start, self.vector + ALU_AGAIN)
            again = _again(i)
            if i.to_acc and again:
                count = count // again * max(again, ALU_AGAIN)
        self.vector, self.writes = start, i.acc_bank if i.to_acc else None
        if i.src1 == Source1.INP or i.src0 == Source0.INP:
            mine = Reading(start, start + count, count, _vectors(i, self.hw))
            count += self._waits(Unit.ALU, sum(self._both(gemm, mine) for gemm in self.gemms))
            self.alus.append(mine)
        self.final = start + max(count, 1) - 1
        if i.to_inp:
            self._writes_input(start, self.final, i.k_size * i.i_size * i.j_size)
        self._end(Unit.ALU, pc, self.final + ALU_DONE)

    def _writes_input(self, first: float, last: float, count: int) -> None:
        """LOAD does not write while ALU does."""
        share = min(count / (last - first + 1), 1.0)

        def writes(share: float) -> None:
            self.bus.written = share

        self.at(max(self.now, first + ALU_DONE), partial(writes, share))
        self.at(max(self.now, last + 1 + ALU_DONE), partial(writes, 0.0))

    def _both(self, gemm: Reading, alu: Reading) -> float:
        """Cycles for which GEMM and ALU wait for each other: at most half of what they read at once."""
        overlap = min(gemm.end, alu.end) - max(gemm.begin, alu.begin)
        if overlap <= 0:
            return 0.0
        busy = gemm.count / (gemm.end - gemm.begin)
        return overlap * _share(gemm.vectors, alu.vectors, self.hw) * busy

    def _waits(self, unit: int, cycles: float) -> float:
        """The unit waits for that long; so does the other one, later, because its instruction has been reckoned."""
        other = Unit.ALU if unit == Unit.GEMM else Unit.GEMM
        waits, self.late[unit] = cycles + self.late[unit], 0.0
        self.late[other] += cycles
        return waits

    def _store(self, pc: int, i: Instruction, have: float) -> None:
        moved = transfer(i, self.hw)
        if not moved.beats:
            self.free[Unit.STORE] = have
            self._stored(pc, have + READ_DONE, have + STORE_DONE)
            return
        first = have + HAVE_TO_ADDRESS + ADDRESS_TO_BEAT + moved.joined
        per_beat = max(1.0, moved.groups / moved.beats)

        def sent(last: float) -> None:
            read = last - READ_EARLY
            if last > first + moved.groups - per_beat + AHEAD:
                pace = (last - first) / max(moved.groups - per_beat, 1)
                read = last - (AHEAD + BEATS * per_beat) * pace + READ_DONE
            read = max(read, have + moved.groups + READ_DONE)
            self.free[Unit.STORE] = max(read - READ_DONE + 1, have + RUNS_READY + moved.runs)
            self._stored(pc, read, last + self.latency + STORE_DONE)

        self.free[Unit.STORE] = math.inf  # until it is known
        self.bus.write(Job(first, moved.beats, max(moved.groups, moved.requests) / moved.beats, sent))

    def _stored(self, pc: int, read: float, end: float) -> None:
        if self.program[pc].push >> Unit.ALU & 1:
            self.tokens[Unit.STORE, Unit.ALU].append(read)
        self._end(Unit.STORE, pc, end)


def _again(i: Instruction) -> int:
    """Vectors from one use of an accumulator to its next one by the same ALU instruction; 0 if there is none."""
    inside = 1
    for size, step in ((i.j_size, i.j_acc), (i.i_size, i.i_acc), (i.k_size, i.k_acc)):
        if size > 1 and step == 0:
            return inside
        inside *= size
    return 0


def _vectors(i: Instruction, hw: HwConfig) -> range:
    """Input vectors that a GEMM or ALU instruction reads, from the first to the last."""
    if i.opcode == Opcode.GEMM:
        last = extent(i.inp_base, (i.v_size, i.v_stride), (i.h_size, i.h_stride), (i.w_size, i.w_stride),
                      (i.i_size, i.i_stride), (i.j_size, i.j_stride))
        return range(i.inp_base, last + 1)
    last = extent(i.src_base, (i.k_size, i.k_src), (i.i_size, i.i_src), (i.j_size, i.j_src))
    return range(i.src_base // hw.blocks, last // hw.blocks + 1)


def _share(one: range, other: range, hw: HwConfig) -> float:
    """Share of the vectors of ``one`` that lie in the bank in which ``other`` is."""
    first, last = other.start // hw.inp_depth, (other.stop - 1) // hw.inp_depth
    common = min(one.stop, (last + 1) * hw.inp_depth) - max(one.start, first * hw.inp_depth)
    return max(0, common) / len(one) / (last - first + 1)
