"""A stream as text, after every rule of the instruction set was checked."""

from __future__ import annotations

from collections.abc import Sequence

from flow.hardware.config import HwConfig
from flow.isa.assembler import check
from flow.isa.encoding import Instruction


def checked_listing(instructions: Sequence[Instruction], hw: HwConfig, region_sizes: Sequence[int]) -> str:
    """One line per instruction: its index and the fields that are not 0. Raises AssemblyError as ``check``."""
    check(instructions, hw, region_sizes)
    return "".join(f"{pc:6} {instruction}\n" for pc, instruction in enumerate(instructions))
