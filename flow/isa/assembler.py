"""The assembler's last word before a stream is written: every rule of the manual, for the whole program."""

from __future__ import annotations

from collections.abc import Sequence

from flow.hardware.config import HwConfig
from flow.isa import legality, tokens
from flow.isa.description import Opcode
from flow.isa.encoding import Instruction, encode


class AssemblyError(AssertionError):
    """The scheduler made a program that the manual forbids: a fault of this software, never of the user."""


def check(instructions: Sequence[Instruction], hw: HwConfig, region_sizes: Sequence[int]) -> None:
    """Check encoding, legality, on-chip ranges, memory windows, tokens and FINISH.

    region_sizes: bytes of each Region. Raises AssemblyError naming the first offending instruction.
    """
    for pc, instruction in enumerate(instructions):
        try:
            encode(instruction)
        except ValueError as error:
            raise AssemblyError(f"instruction {pc} ({instruction}): {error}") from error
        problem = (legality.illegal(instruction, hw) or legality.out_of_range(instruction, hw)
                   or legality.outside_window(instruction, hw, region_sizes))
        if problem:
            raise AssemblyError(f"instruction {pc} ({instruction}): {problem}")
        if (instruction.opcode == Opcode.FINISH) != (pc == len(instructions) - 1):
            raise AssemblyError(f"instruction {pc}: FINISH must be the last instruction and only that")
    if not instructions:
        raise AssemblyError("an empty program has no FINISH")
    problem = tokens.serial_problem(instructions)
    if problem:
        raise AssemblyError(problem)
