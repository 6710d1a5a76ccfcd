"""Loads moved ahead of the work before them, so that the load unit is told early what will be needed."""

from __future__ import annotations

from collections.abc import Sequence

from flow.hardware.config import HwConfig
from flow.isa.description import Opcode
from flow.isa.encoding import Instruction
from flow.isa.footprint import Access, accesses
from flow.schedule.timing import work_cycles

#: cycles of work, and instructions, that a load may be moved ahead of
LOOKAHEAD = 16_000
MOST = 64


def _conflict(one: Sequence[Access], two: Sequence[Access]) -> bool:
    for a in one:
        for b in two:
            if a.memory == b.memory and (a.write or b.write) and a.low < b.high and b.low < a.high:
                return True
    return False


def hoist_loads(instructions: Sequence[Instruction], tags: Sequence[int],
                hw: HwConfig) -> tuple[list[Instruction], list[int]]:
    """Reorder; the result executed serially gives the same bytes. tags (one per instruction) move along."""
    order: list[int] = []
    touched = [accesses(instruction, hw) for instruction in instructions]
    for index, instruction in enumerate(instructions):
        place = len(order)
        if instruction.opcode == Opcode.LOAD:
            passed = 0
            while place > max(0, len(order) - MOST) and passed < LOOKAHEAD:
                before = instructions[order[place - 1]]
                if before.opcode == Opcode.LOAD or _conflict(touched[order[place - 1]], touched[index]):
                    break
                passed += work_cycles(before, hw)
                place -= 1
        order.insert(place, index)
    return [instructions[n] for n in order], [tags[n] for n in order]
