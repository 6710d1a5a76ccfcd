"""The network of token counters: what it lets happen, independent of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from flow.isa import description as isa
from flow.isa.description import Opcode, Unit
from flow.isa.encoding import Instruction

_UNITS = (Unit.LOAD, Unit.GEMM, Unit.ALU, Unit.STORE)


@dataclass(frozen=True)
class TokenVerdict:
    """Where a launch stops for lack of tokens (or for tokens left): unit and instruction index."""

    unit: Unit
    pc: int


def simulate(instructions: Sequence[Instruction]) -> TokenVerdict | None:
    """Run the counters with unbounded queues; None if the launch reaches FINISH with all channels empty."""
    queues: dict[Unit, deque[int]] = {unit: deque() for unit in _UNITS}
    finish = len(instructions) - 1
    for pc, instruction in enumerate(instructions):
        if instruction.opcode == Opcode.FINISH:
            finish = pc
            break
        queues[isa.UNIT_OF[instruction.opcode]].append(pc)
    tokens = dict.fromkeys(isa.CHANNELS, 0)
    popped = dict.fromkeys(_UNITS, False)
    moved = True
    while moved:
        moved = False
        for unit in _UNITS:
            while queues[unit]:
                instruction = instructions[queues[unit][0]]
                sources = [(other, unit) for other in _UNITS if instruction.pop >> other & 1]
                targets = [(unit, other) for other in _UNITS if instruction.push >> other & 1]
                if not popped[unit]:
                    if any(tokens[channel] == 0 for channel in sources):
                        break
                    for channel in sources:
                        tokens[channel] -= 1
                    popped[unit] = moved = True
                if any(tokens[channel] == isa.TOKEN_CAPACITY for channel in targets):
                    break
                for channel in targets:
                    tokens[channel] += 1
                queues[unit].popleft()
                popped[unit] = False
                moved = True
    for unit in _UNITS:
        if queues[unit]:
            return TokenVerdict(unit, queues[unit][0])
    return TokenVerdict(Unit.FETCH, finish) if any(tokens.values()) else None


def serial_problem(instructions: Sequence[Instruction]) -> str | None:
    """Why program order is not a legal schedule of the tokens, or None."""
    tokens = dict.fromkeys(isa.CHANNELS, 0)
    for pc, instruction in enumerate(instructions):
        unit = isa.UNIT_OF[instruction.opcode]
        for other in _UNITS:
            if instruction.pop >> other & 1:
                tokens[other, unit] -= 1
                if tokens[other, unit] < 0:
                    return f"instruction {pc} ({instruction}) pops a token that {other.name} gives only later"
        for other in _UNITS:
            if instruction.push >> other & 1:
                tokens[unit, other] += 1
                if tokens[unit, other] > isa.TOKEN_CAPACITY:
                    return f"instruction {pc} ({instruction}) overflows the channel to {other.name}"
    left = [f"{producer.name}->{consumer.name}" for (producer, consumer), count in tokens.items() if count]
    return f"tokens left at the end: {', '.join(left)}" if left else None
