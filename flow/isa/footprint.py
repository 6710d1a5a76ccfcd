"""Which words of which memory an instruction reads and writes, from its fields alone.

Intervals are bounds: everything touched lies inside, something inside may be untouched.
"""

from __future__ import annotations

from dataclasses import dataclass

from flow.hardware.config import HwConfig
from flow.isa.description import Buffer, Opcode, Source0
from flow.isa.encoding import Instruction
from flow.isa.legality import alu_uses_inp, alu_uses_parameters, extent, memory_runs

INP, WGT, PAR, TAB, ACC0, ACC1, OUT, MEMORY = range(8)


@dataclass(frozen=True, slots=True)
class Access:
    """[low, high) of one memory. Memory MEMORY + r is Region r in bytes; INP is in blocks."""

    memory: int
    low: int
    high: int
    write: bool


def _planes(memory: int, base: int, write: bool, scale: int, outer: tuple[int, int],
            *inner: tuple[int, int]) -> list[Access]:
    """One interval per step of the outer loop, or a single one if they (nearly) touch."""
    size, stride = outer
    length = extent(0, *inner) + 1
    if size == 1 or stride * 3 <= length * 4 or size > 256:
        return [Access(memory, base * scale, (base + (size - 1) * stride + length) * scale, write)]
    return [Access(memory, (base + n * stride) * scale, (base + n * stride + length) * scale, write)
            for n in range(size)]


def _memory(i: Instruction, hw: HwConfig, write: bool) -> list[Access]:
    """Device memory of a LOAD or STORE, one interval per plane."""
    runs = memory_runs(i, hw)
    if runs is None:
        return []
    region, first, end = runs
    if i.opcode == Opcode.LOAD and i.buffer != Buffer.INPUT:
        return [Access(MEMORY + region, first, end, write)]
    row = i.x_size * hw.group_bytes
    return _planes(MEMORY + region, i.offset, write, 1, (i.z_size, i.z_pitch), (i.y_size, i.y_pitch), (row, 1))


def _load(i: Instruction, hw: HwConfig) -> list[Access]:
    found = _memory(i, hw, False)
    if i.buffer == Buffer.INPUT:
        xs = i.pad_left + i.x_size + i.pad_right
        ys = i.pad_top + i.y_size + i.pad_bottom
        if xs and ys and i.z_size:
            found += _planes(INP, i.base, True, 1, (i.z_size, i.z_stride), (xs, i.x_stride), (ys, i.y_stride))
    elif i.buffer == Buffer.TABLE:
        found.append(Access(TAB, i.base, i.base + 1, True))
    elif i.x_size:
        found.append(Access(WGT if i.buffer == Buffer.WEIGHT else PAR, i.base, i.base + i.x_size, True))
    return found


def _gemm(i: Instruction, hw: HwConfig) -> list[Access]:
    tiles = i.v_size * i.h_size * i.w_size
    if not tiles * i.i_size * i.j_size:
        return []
    pixels = ((i.i_size, i.i_stride), (i.j_size, i.j_stride))
    high = extent(i.acc_base, (i.i_size, i.i_acc), (i.j_size, i.j_acc)) + 1
    planes = _planes(INP, i.inp_base, False, hw.blocks, (i.v_size, i.v_stride), (i.h_size, i.h_stride),
                     (i.w_size, i.w_stride), *pixels)
    return [Access(WGT, i.wgt_base, i.wgt_base + tiles * hw.tile_words, False),
            Access(ACC0 + i.acc_bank, i.acc_base, high, True), *planes]


def _alu(i: Instruction, hw: HwConfig) -> list[Access]:
    sizes = (i.k_size, i.i_size, i.j_size)
    if 0 in sizes:
        return []

    def loops(suffix: str) -> list[tuple[int, int]]:
        return [(size, getattr(i, f"{loop}_{suffix}")) for size, loop in zip(sizes, "kij", strict=True)]

    found: list[Access] = []
    if i.src0 == Source0.ACC or i.to_acc:
        found.append(Access(ACC0 + i.acc_bank, i.acc_base, extent(i.acc_base, *loops("acc")) + 1, bool(i.to_acc)))
    if alu_uses_inp(i):
        outer, *inner = loops("src")
        found += _planes(INP, i.src_base, False, 1, outer, *inner)
    if i.to_inp:
        outer, *inner = loops("dst")
        found += _planes(INP, i.dst_base, True, 1, outer, *inner)
    if i.to_out:
        found.append(Access(OUT, i.out_base, extent(i.out_base, *loops("out")) + 1, True))
    if alu_uses_parameters(i):
        words = hw.par_words
        found.append(Access(PAR, i.par_base * words, (i.par_base + (i.k_size - 1) * i.par_stride + 1) * words, False))
    for used, table, slot in ((i.table_a, 0, i.slot_a), (i.table_b, 2, i.slot_b), (i.table_o, 4, i.slot_o)):
        if used:
            found.append(Access(TAB, table + slot, table + slot + 1, False))
    return found


def _store(i: Instruction, hw: HwConfig) -> list[Access]:
    memory = _memory(i, hw, True)
    if not memory:
        return []
    high = extent(i.base, (i.x_size, 1), (i.y_size, i.y_stride), (i.z_size, i.z_stride)) + 1
    return [Access(OUT, i.base, high, False), *memory]


def accesses(instruction: Instruction, hw: HwConfig) -> list[Access]:
    """All accesses of one legal instruction."""
    match instruction.opcode:
        case Opcode.LOAD:
            return _load(instruction, hw)
        case Opcode.GEMM:
            return _gemm(instruction, hw)
        case Opcode.ALU:
            return _alu(instruction, hw)
        case Opcode.STORE:
            return _store(instruction, hw)
    return []
