"""Serial interpreter of an instruction stream with the manual's verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.isa import legality, tokens
from flow.isa.description import ErrorCode, Opcode, Unit
from flow.isa.encoding import Instruction, decode, decode_header
from flow.reference.alu import alu
from flow.reference.gemm import gemm
from flow.reference.load import load
from flow.reference.state import fresh
from flow.reference.store import store

Memory = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Verdict:
    """How a launch ended: code NONE, or the error with the unit and the index of the instruction."""

    code: ErrorCode
    unit: Unit = Unit.FETCH
    pc: int = 0


GOOD = Verdict(ErrorCode.NONE, Unit.LOAD, 0)


class Engine:
    """One core. ``launch`` runs a stream on the four regions' bytes, in place."""

    def __init__(self, hw: HwConfig, seed: int = 0) -> None:
        self.hw = hw
        self.state = fresh(hw, seed)

    def launch(
        self,
        regions: Sequence[Memory],
        stream_offset: int = 0,
        after: Callable[[int, Instruction], None] | None = None,
        watchdog: int = 0,
    ) -> Verdict:
        """Run the stream at ``stream_offset`` of region CONSTANT.

        regions: uint8 arrays in the order of ``Region``. after: called with (index, instruction) after each one.
        watchdog: cycles, 0 for none; an instruction is taken for one, the least that fetching it takes any engine.
        Tokens are judged before anything runs, as they do not depend on data; execution is in program order.
        """
        constant = regions[isa.Region.CONSTANT].tobytes()
        room = len(constant) - stream_offset - isa.INSTRUCTION_BYTES
        if room < 0:
            return Verdict(ErrorCode.WINDOW)
        header = decode_header(constant[stream_offset : stream_offset + isa.INSTRUCTION_BYTES])
        if (header["magic"], header["abi_major"], header["config_hash"]) != (
                isa.STREAM_MAGIC, isa.ABI_MAJOR, self.hw.hash):
            return Verdict(ErrorCode.HEADER)
        if header["count"] == 0:
            return Verdict(ErrorCode.ILLEGAL)
        if header["count"] * isa.INSTRUCTION_BYTES > room:
            return Verdict(ErrorCode.WINDOW)
        program: list[Instruction] = []
        for pc in range(header["count"]):
            at = stream_offset + isa.INSTRUCTION_BYTES * (pc + 1)
            try:
                instruction = decode(constant[at : at + isa.INSTRUCTION_BYTES])
            except ValueError:
                return Verdict(ErrorCode.ILLEGAL, Unit.FETCH, pc)
            last = pc == header["count"] - 1
            if legality.illegal(instruction, self.hw) or (instruction.opcode == Opcode.FINISH) != last:
                return Verdict(ErrorCode.ILLEGAL, Unit.FETCH, pc)
            program.append(instruction)
        if watchdog and len(program) > watchdog:
            return Verdict(ErrorCode.WATCHDOG)
        return self.execute(program, regions, after)

    def execute(
        self,
        program: Sequence[Instruction],
        regions: Sequence[Memory],
        after: Callable[[int, Instruction], None] | None = None,
    ) -> Verdict:
        """Run decoded, legal instructions; verdicts RANGE, WINDOW and TOKEN."""
        sizes = [len(region) for region in regions]
        for pc, instruction in enumerate(program):
            unit = isa.UNIT_OF[instruction.opcode]
            if legality.outside_window(instruction, self.hw, sizes):
                return Verdict(ErrorCode.WINDOW, unit, pc)
            if legality.out_of_range(instruction, self.hw):
                return Verdict(ErrorCode.RANGE, unit, pc)
        stop = tokens.simulate(program)
        if stop is not None:
            return Verdict(ErrorCode.TOKEN, stop.unit, stop.pc)
        for pc, instruction in enumerate(program):
            match instruction.opcode:
                case Opcode.LOAD:
                    load(instruction, self.state, regions[instruction.region])
                case Opcode.GEMM:
                    gemm(instruction, self.state)
                case Opcode.ALU:
                    alu(instruction, self.state)
                case Opcode.STORE:
                    store(instruction, self.state, regions[instruction.region])
            if after is not None:
                after(pc, instruction)
        return GOOD
