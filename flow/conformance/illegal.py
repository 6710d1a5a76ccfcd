"""Random programs with one planted fault of a known error class, and the verdict the manual demands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from flow.conformance.generate import Case, Draw, generate
from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.isa.description import AluOp, Buffer, ErrorCode, Opcode, Region, Source0, Unit
from flow.isa.encoding import Instruction, encode, encode_stream, make
from flow.reference.engine import Verdict

FINISH = make(Opcode.FINISH)
QUEUED = tuple(unit for unit in Unit if unit != Unit.FETCH)


@dataclass(frozen=True)
class IllegalCase:
    """A case and the verdict of its launch. watchdog: cycles, 0 for none; bus_error: memory answers with errors."""

    name: str
    case: Case
    verdict: Verdict
    watchdog: int = 0
    bus_error: bool = False


def _rebuild(case: Case, program: list[Instruction], patch: dict[int, bytes] | None = None,
             header: bytes | None = None) -> Case:
    """The case with another program; ``patch`` replaces encoded instructions, ``header`` the stream's header."""
    size = isa.INSTRUCTION_BYTES
    stream = bytearray(encode_stream(program, case.hw.hash))
    for pc, data in (patch or {}).items():
        stream[size * (pc + 1) : size * (pc + 2)] = data
    if header is not None:
        stream[:size] = header
    constant = np.concatenate([case.regions[0][: case.stream_offset], np.frombuffer(bytes(stream), np.uint8)])
    return replace(case, program=tuple(program), regions=(constant, *case.regions[1:]))


def _insert(case: Case, draw: Draw, bad: Instruction) -> tuple[list[Instruction], int]:
    """The program with ``bad`` somewhere after the buffers are filled."""
    pc = draw.between(len(case.program) // 2, len(case.program) - 1)
    return [*case.program[:pc], bad, *case.program[pc:]], pc


def _end(case: Case, bad: Instruction) -> tuple[list[Instruction], int]:
    """The program with ``bad`` in the place of its FINISH."""
    pc = len(case.program) - 1
    return [*case.program[:pc], bad], pc


def _bad_instructions(hw: HwConfig) -> dict[str, tuple[ErrorCode, Instruction]]:
    """One fault per rule of the manual that a single instruction can break."""
    inp = {"buffer": Buffer.INPUT, "region": Region.SCRATCH, "y_size": 1, "z_size": 1}
    linear = {"region": Region.SCRATCH, "y_size": 1, "z_size": 1}
    alu = {"op": AluOp.MOV, "to_acc": 1, "k_size": 1, "i_size": 1, "j_size": 2}
    illegal, reach, window = ErrorCode.ILLEGAL, ErrorCode.RANGE, ErrorCode.WINDOW
    cases = {
        "linear load with y_size 2": (illegal, make(Opcode.LOAD, buffer=Buffer.WEIGHT, **{**linear, "y_size": 2})),
        "linear load with a pad": (illegal, make(Opcode.LOAD, buffer=Buffer.PARAMETER, pad_left=1, **linear)),
        "table that does not exist": (illegal, make(Opcode.LOAD, buffer=Buffer.TABLE, base=6,
                                                    x_size=256 // hw.axi_bytes, **linear)),
        "table of another size": (illegal, make(Opcode.LOAD, buffer=Buffer.TABLE, base=4,
                                                x_size=1024 // hw.axi_bytes, **linear)),
        "alu with both sources INP": (illegal, make(Opcode.ALU, **{**alu, "op": AluOp.ADD, "src0": 1, "src1": 1})),
        "alu operation 6": (illegal, make(Opcode.ALU, **{**alu, "op": 6})),
        "alu operation 7": (illegal, make(Opcode.ALU, **{**alu, "op": 7, "src1": 3})),
        "mov with src1": (illegal, make(Opcode.ALU, **{**alu, "src1": 3})),
        "add without src1": (illegal, make(Opcode.ALU, **{**alu, "op": AluOp.ADD})),
        "mac without src1 INP": (illegal, make(Opcode.ALU, **{**alu, "op": AluOp.MAC, "src1": 3})),
        "table b without src1 INP": (illegal, make(Opcode.ALU, **{**alu, "op": AluOp.ADD, "src1": 3, "table_b": 1})),
        "to_out without clamp": (illegal, make(Opcode.ALU, **{**alu, "to_out": 1})),
        "table o without clamp": (illegal, make(Opcode.ALU, **{**alu, "table_o": 1})),
        "no destination": (illegal, make(Opcode.ALU, **{**alu, "to_acc": 0})),
        "clamp bounds crossed": (illegal, make(Opcode.ALU, **{**alu, "clamp": 1, "clamp_min": 5, "clamp_max": 4})),
        "requant 3": (illegal, make(Opcode.ALU, **{**alu, "requant": 3})),
        "store to CONSTANT": (illegal, make(Opcode.STORE, region=Region.CONSTANT)),
        "finish in the middle": (illegal, FINISH),
        "load past the input buffer": (reach, make(Opcode.LOAD, base=hw.inp_blocks - 1, x_size=2, x_stride=1, **inp)),
        "fill past the input buffer": (reach, make(Opcode.LOAD, base=hw.inp_blocks - 2, pad_left=3, x_stride=1,
                                                   **{**inp, "y_size": 1})),
        "load past the weight buffer": (reach, make(Opcode.LOAD, buffer=Buffer.WEIGHT, base=hw.wgt_depth - 1, x_size=2,
                                                    **linear)),
        "load past the parameter buffer": (reach, make(Opcode.LOAD, buffer=Buffer.PARAMETER,
                                                       base=hw.par_depth * hw.par_words, x_size=1, **linear)),
        "gemm past the input buffer": (reach, make(Opcode.GEMM, inp_base=hw.inp_vectors - 1, v_size=1, h_size=1,
                                                   w_size=1, i_size=1, j_size=2, j_stride=1, j_acc=1)),
        "gemm past the accumulators": (reach, make(Opcode.GEMM, acc_base=hw.acc_depth - 1, v_size=1, h_size=1,
                                                   w_size=1, i_size=2, j_size=1, i_acc=1)),
        "gemm past the weights": (reach, make(Opcode.GEMM, wgt_base=hw.wgt_depth - hw.tile_words + 1, v_size=1,
                                              h_size=1, w_size=1, i_size=1, j_size=1)),
        "alu past the accumulators": (reach, make(Opcode.ALU, **{**alu, "acc_base": hw.acc_depth - 1, "j_acc": 1})),
        "alu reads past the input buffer": (reach, make(Opcode.ALU, **{**alu, "src0": Source0.INP,
                                                                       "src_base": hw.inp_blocks - 1, "j_src": 1})),
        "alu writes past the input buffer": (reach, make(Opcode.ALU, **{**alu, "to_acc": 0, "to_inp": 1, "clamp": 1,
                                                                        "dst_base": hw.inp_blocks - 1, "j_dst": 1})),
        "alu writes past the output buffer": (reach, make(Opcode.ALU, **{**alu, "to_out": 1, "clamp": 1,
                                                                         "out_base": hw.out_depth - 1, "j_out": 1})),
        "alu past the parameters": (reach, make(Opcode.ALU, **{**alu, "requant": 2, "par_base": hw.par_depth})),
        "store past the output buffer": (reach, make(Opcode.STORE, region=Region.SCRATCH, base=hw.out_depth - 1,
                                                     x_size=2, y_size=1, z_size=1)),
    }
    cases.update(_missing_channels())
    if hw.granule_bytes > 1:
        cases["load offset off the granule"] = (illegal, make(Opcode.LOAD, offset=1, **inp))
        cases["store pitch off the granule"] = (illegal, make(Opcode.STORE, region=Region.SCRATCH, y_pitch=1))
    cases["weight offset off the bus word"] = (illegal, make(Opcode.LOAD, buffer=Buffer.WEIGHT, offset=1, **linear))
    far = (1 << 40) - hw.axi_bytes * hw.group_bytes
    cases["load past its region"] = (window, make(Opcode.LOAD, offset=far - far % (hw.axi_bytes * hw.group_bytes),
                                                  x_size=1, **inp))
    return cases


def _missing_channels() -> dict[str, tuple[ErrorCode, Instruction]]:
    """Every token that no channel carries."""
    found = {}
    for opcode, unit in isa.UNIT_OF.items():
        plain = make(opcode, region=Region.OUTPUT) if opcode == Opcode.STORE else make(opcode)
        if opcode == Opcode.ALU:
            plain = plain.replace(to_acc=1)
        for other in QUEUED:
            for field, channel in (("pop", (other, unit)), ("push", (unit, other))):
                if channel not in isa.CHANNELS:
                    found[f"{opcode.name} with {field} of {other.name}"] = (
                        ErrorCode.ILLEGAL, plain.replace(**{field: 1 << other}))
    return found


def _window_cases(case: Case) -> dict[str, tuple[ErrorCode, Instruction]]:
    hw = case.hw
    scratch = len(case.regions[Region.SCRATCH])
    window = ErrorCode.WINDOW
    inp = {"buffer": Buffer.INPUT, "region": Region.SCRATCH}
    return {
        "load one granule past its region": (window, make(
            Opcode.LOAD, offset=scratch - hw.group_bytes + hw.granule_bytes, x_size=1, y_size=1, z_size=1, **inp)),
        "load's last row past its region": (window, make(Opcode.LOAD, x_size=1, y_size=2, z_size=1, y_pitch=scratch,
                                                         x_stride=1, **inp)),
        "weights past their region": (window, make(Opcode.LOAD, buffer=Buffer.WEIGHT, region=Region.SCRATCH,
                                                   offset=scratch, x_size=1, y_size=1, z_size=1)),
        "store past its region": (window, make(Opcode.STORE, region=Region.SCRATCH, offset=scratch, x_size=1, y_size=1,
                                               z_size=1)),
    }


def single_faults(hw: HwConfig, seed: int) -> list[IllegalCase]:
    """One case per rule that a single instruction breaks."""
    draw = Draw(hw, seed)
    case = generate(hw, seed, length=8)
    found = []
    for name, (code, bad) in {**_bad_instructions(hw), **_window_cases(case)}.items():
        program, pc = _end(case, bad) if bad.opcode == Opcode.FINISH and bad != FINISH else _insert(case, draw, bad)
        unit = Unit.FETCH if code == ErrorCode.ILLEGAL else isa.UNIT_OF[bad.opcode]
        found.append(IllegalCase(name, _rebuild(case, program), Verdict(code, unit, pc)))
    return found


def encoding_faults(hw: HwConfig, seed: int) -> list[IllegalCase]:
    """Opcodes that do not exist, reserved bits, headers of another engine, streams without an end."""
    draw = Draw(hw, seed)
    case = generate(hw, seed, length=8)
    found = []
    for number in (0, 6, 9, 15):
        program, pc = _insert(case, draw, FINISH)
        data = bytes([number]) + bytes(isa.INSTRUCTION_BYTES - 1)
        found.append(IllegalCase(f"opcode {number}", _rebuild(case, program, {pc: data}),
                                 Verdict(ErrorCode.ILLEGAL, Unit.FETCH, pc)))
    for opcode in Opcode:
        good = make(opcode, region=Region.SCRATCH) if opcode == Opcode.STORE else make(opcode)
        program, pc = _end(case, good) if opcode == Opcode.FINISH else _insert(case, draw, good)
        fields = isa.FIELDS[opcode]
        for bit in (fields[-1].lsb + fields[-1].width, isa.INSTRUCTION_BITS - 1):
            word = int.from_bytes(encode(good), "little") | 1 << bit
            found.append(IllegalCase(f"{opcode.name} with reserved bit {bit}",
                                     _rebuild(case, program, {pc: word.to_bytes(isa.INSTRUCTION_BYTES, "little")}),
                                     Verdict(ErrorCode.ILLEGAL, Unit.FETCH, pc)))
    without = list(case.program[:-1])
    found.append(IllegalCase("no FINISH", _rebuild(case, without),
                             Verdict(ErrorCode.ILLEGAL, Unit.FETCH, len(without) - 1)))
    found.append(IllegalCase("an empty stream", _rebuild(case, []), Verdict(ErrorCode.ILLEGAL)))
    whole = _rebuild(case, list(case.program))
    window = Verdict(ErrorCode.WINDOW)
    for name, bytes_left in (("a stream whose last byte is missing", len(whole.regions[0]) - 1),
                             ("a stream whose header is cut", case.stream_offset + isa.INSTRUCTION_BYTES - 1),
                             ("a stream behind CONSTANT", case.stream_offset)):
        cut = replace(whole, regions=(whole.regions[0][:bytes_left], *whole.regions[1:]))
        found.append(IllegalCase(name, cut, window))
    head = bytearray(encode_stream(case.program, hw.hash)[: isa.INSTRUCTION_BYTES])
    for name, at in (("magic", 0), ("ABI major", 6), ("configuration hash", 8)):
        wrong = bytearray(head)
        wrong[at] ^= 0x40
        found.append(IllegalCase(f"header of another {name}", _rebuild(case, list(case.program), header=bytes(wrong)),
                                 Verdict(ErrorCode.HEADER)))
    return found


def token_faults(hw: HwConfig, seed: int) -> list[IllegalCase]:
    """Tokens that never come, tokens that are never taken, channels that overflow."""
    draw = Draw(hw, seed)
    case = generate(hw, seed, length=8)
    nop: dict[Unit, Callable[..., Instruction]] = {
        Unit.LOAD: lambda **t: make(Opcode.LOAD, region=Region.SCRATCH, **t),
        Unit.GEMM: lambda **t: make(Opcode.GEMM, **t),
        Unit.ALU: lambda **t: make(Opcode.ALU, op=AluOp.MOV, to_acc=1, **t),
        Unit.STORE: lambda **t: make(Opcode.STORE, region=Region.SCRATCH, **t),
    }
    found = []
    end = len(case.program) - 1
    for producer, consumer in isa.CHANNELS:
        body = list(case.program[:-1])
        starved = [*body, nop[consumer](pop=1 << producer), FINISH]
        found.append(IllegalCase(f"{consumer.name} waits for {producer.name} for ever", _rebuild(case, starved),
                                 Verdict(ErrorCode.TOKEN, consumer, end)))
        extra = [*body, nop[producer](push=1 << consumer), FINISH]
        found.append(IllegalCase(f"a token from {producer.name} to {consumer.name} is left", _rebuild(case, extra),
                                 Verdict(ErrorCode.TOKEN, Unit.FETCH, end + 1)))
    producer, consumer = isa.CHANNELS[draw.below(len(isa.CHANNELS))]
    flood = [nop[producer](push=1 << consumer)] * (isa.TOKEN_CAPACITY + 1)
    program = [*case.program[:-1], *flood, FINISH]
    found.append(IllegalCase(f"the channel {producer.name} to {consumer.name} overflows", _rebuild(case, program),
                             Verdict(ErrorCode.TOKEN, producer, end + isa.TOKEN_CAPACITY)))
    return found


def environment_faults(hw: HwConfig, seed: int) -> list[IllegalCase]:
    """What happens around a legal program: too few cycles for its instructions, memory that answers with errors."""
    case = generate(hw, seed, length=8)
    return [IllegalCase("watchdog", case, Verdict(ErrorCode.WATCHDOG), watchdog=len(case.program) - 1),
            IllegalCase("bus error", case, Verdict(ErrorCode.BUS), bus_error=True)]


def illegal_cases(hw: HwConfig, seed: int) -> list[IllegalCase]:
    """Every class of error; unit and pc of WATCHDOG and BUS depend on time and are not compared."""
    return [*single_faults(hw, seed), *encoding_faults(hw, seed + 1), *token_faults(hw, seed + 2),
            *environment_faults(hw, seed + 3)]
