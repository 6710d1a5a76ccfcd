"""What the manual calls ILLEGAL, and which addresses an instruction reaches; shared by assembler and reference."""

from __future__ import annotations

from collections.abc import Sequence

from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.isa.description import AluOp, Buffer, Opcode, Region, Requant, Source0, Source1, Table, Unit
from flow.isa.encoding import Instruction


def extent(base: int, *loops: tuple[int, int]) -> int:
    """Highest address of nested loops given as (size, stride); base itself must be reached (all sizes > 0)."""
    return base + sum((size - 1) * stride for size, stride in loops)


def _token_problem(instruction: Instruction) -> str | None:
    unit = isa.UNIT_OF[instruction.opcode]
    for other in Unit:
        if other == Unit.FETCH:
            continue
        if instruction.pop >> other & 1 and (other, unit) not in isa.CHANNELS:
            return f"pops from {other.name}, no such channel"
        if instruction.push >> other & 1 and (unit, other) not in isa.CHANNELS:
            return f"pushes to {other.name}, no such channel"
    return None


def _load_problem(i: Instruction, hw: HwConfig) -> str | None:
    if i.buffer == Buffer.INPUT:
        for name in ("offset", "y_pitch", "z_pitch"):
            if getattr(i, name) % hw.granule_bytes:
                return f"{name} is no multiple of granule_bytes"
        return None
    if i.offset % hw.axi_bytes:
        return "offset is no multiple of axi_bytes"
    if i.y_size != 1 or i.z_size != 1:
        return "y_size and z_size must be 1"
    for name in ("pad_value", "pad_left", "pad_right", "pad_top", "pad_bottom", "x_stride", "y_stride", "z_stride",
                 "y_pitch", "z_pitch"):
        if getattr(i, name):
            return f"{name} must be 0"
    if i.buffer == Buffer.TABLE:
        if i.base >= Table.O + isa.TABLE_SLOTS:
            return "no such table"
        if i.x_size != table_words(i.base, hw):
            return "x_size is not the table's size"
    return None


def table_words(base: int, hw: HwConfig) -> int:
    """Words of axi_bytes in the table ``base`` names."""
    return isa.TABLE_ENTRIES * (1 if base >= Table.O else 4) // hw.axi_bytes


def _alu_problem(i: Instruction) -> str | None:
    if i.op > max(AluOp):
        return "no such operation"
    if i.requant > max(Requant):
        return "no such requantisation"
    if i.src0 == Source0.INP and i.src1 == Source1.INP:
        return "both sources are INP"
    if (i.op == AluOp.MOV) != (i.src1 == Source1.NONE):
        return "src1 does not fit the operation"
    if i.op == AluOp.MAC and i.src1 != Source1.INP:
        return "MAC needs src1 INP"
    if i.table_b and i.src1 != Source1.INP:
        return "table_b without src1 INP"
    if not (i.to_acc or i.to_out or i.to_inp):
        return "no destination"
    if (i.to_out or i.to_inp or i.table_o) and not i.clamp:
        return "int8 result without clamp"
    if i.clamp and i.clamp_min > i.clamp_max:
        return "clamp_min above clamp_max"
    return None


def _store_problem(i: Instruction, hw: HwConfig) -> str | None:
    if i.region == Region.CONSTANT:
        return "region CONSTANT is read-only"
    for name in ("offset", "y_pitch", "z_pitch"):
        if getattr(i, name) % hw.granule_bytes:
            return f"{name} is no multiple of granule_bytes"
    return None


def illegal(instruction: Instruction, hw: HwConfig) -> str | None:
    """Why the instruction is ILLEGAL on this engine, or None."""
    problem = _token_problem(instruction)
    if problem:
        return problem
    match instruction.opcode:
        case Opcode.LOAD:
            return _load_problem(instruction, hw)
        case Opcode.ALU:
            return _alu_problem(instruction)
        case Opcode.STORE:
            return _store_problem(instruction, hw)
    return None


def _load_range(i: Instruction, hw: HwConfig) -> str | None:
    if i.buffer == Buffer.INPUT:
        xs = i.pad_left + i.x_size + i.pad_right
        ys = i.pad_top + i.y_size + i.pad_bottom
        if xs and ys and i.z_size:
            top = extent(i.base, (xs, i.x_stride), (ys, i.y_stride), (i.z_size, i.z_stride))
            if top >= hw.inp_blocks:
                return f"input block {top}"
        return None
    if i.buffer == Buffer.TABLE or not i.x_size:
        return None
    limit = hw.wgt_depth if i.buffer == Buffer.WEIGHT else hw.par_depth * hw.par_words
    return f"word {i.base + i.x_size - 1}" if i.base + i.x_size > limit else None


def _gemm_range(i: Instruction, hw: HwConfig) -> str | None:
    tiles = i.v_size * i.h_size * i.w_size
    if not tiles * i.i_size * i.j_size:
        return None
    pixels = ((i.i_size, i.i_stride), (i.j_size, i.j_stride))
    top = extent(i.inp_base, (i.v_size, i.v_stride), (i.h_size, i.h_stride), (i.w_size, i.w_stride), *pixels)
    if top >= hw.inp_vectors:
        return f"input vector {top}"
    if i.wgt_base + tiles * hw.tile_words > hw.wgt_depth:
        return f"weight word {i.wgt_base + tiles * hw.tile_words - 1}"
    top = extent(i.acc_base, (i.i_size, i.i_acc), (i.j_size, i.j_acc))
    return f"accumulator {top}" if top >= hw.acc_depth else None


def alu_uses_acc(i: Instruction) -> bool:
    return bool(i.src0 == Source0.ACC or i.to_acc)


def alu_uses_inp(i: Instruction) -> bool:
    return bool(i.src0 == Source0.INP or i.src1 == Source1.INP)


def alu_uses_parameters(i: Instruction) -> bool:
    return bool(i.src1 == Source1.BIAS or i.requant == Requant.CHANNEL or i.op == AluOp.MAC)


def _alu_range(i: Instruction, hw: HwConfig) -> str | None:
    sizes = (i.k_size, i.i_size, i.j_size)
    if 0 in sizes:
        return None

    def top(base: int, suffix: str) -> int:
        return extent(base, *((size, getattr(i, f"{loop}_{suffix}")) for size, loop in zip(sizes, "kij", strict=True)))

    if alu_uses_acc(i) and top(i.acc_base, "acc") >= hw.acc_depth:
        return "accumulator"
    if alu_uses_inp(i) and top(i.src_base, "src") >= hw.inp_blocks:
        return "input block read"
    if i.to_out and top(i.out_base, "out") >= hw.out_depth:
        return "output group"
    if i.to_inp and top(i.dst_base, "dst") >= hw.inp_blocks:
        return "input block written"
    if alu_uses_parameters(i) and i.par_base + (i.k_size - 1) * i.par_stride >= hw.par_depth:
        return "parameter vector"
    return None


def out_of_range(instruction: Instruction, hw: HwConfig) -> str | None:
    """The on-chip address that is outside its buffer, or None."""
    match instruction.opcode:
        case Opcode.LOAD:
            return _load_range(instruction, hw)
        case Opcode.GEMM:
            return _gemm_range(instruction, hw)
        case Opcode.ALU:
            return _alu_range(instruction, hw)
        case Opcode.STORE:
            if instruction.x_size and instruction.y_size and instruction.z_size:
                top = extent(instruction.base, (instruction.x_size, 1), (instruction.y_size, instruction.y_stride),
                             (instruction.z_size, instruction.z_stride))
                return f"output group {top}" if top >= hw.out_depth else None
    return None


def memory_runs(instruction: Instruction, hw: HwConfig) -> tuple[int, int, int] | None:
    """(region, first byte, byte after the last) an instruction touches in device memory, or None."""
    i = instruction
    if i.opcode == Opcode.LOAD and i.buffer != Buffer.INPUT:
        return (i.region, i.offset, i.offset + i.x_size * hw.axi_bytes) if i.x_size else None
    if i.opcode not in (Opcode.LOAD, Opcode.STORE) or 0 in (i.x_size, i.y_size, i.z_size):
        return None
    last = extent(i.offset, (i.y_size, i.y_pitch), (i.z_size, i.z_pitch))
    return (i.region, i.offset, last + i.x_size * hw.group_bytes)


def outside_window(instruction: Instruction, hw: HwConfig, region_sizes: Sequence[int]) -> str | None:
    """Why the instruction leaves its region, or None."""
    runs = memory_runs(instruction, hw)
    if runs is None:
        return None
    region, first, end = runs
    return f"bytes {first} to {end - 1} of {Region(region).name}" if end > region_sizes[region] else None
