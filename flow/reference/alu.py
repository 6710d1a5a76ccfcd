"""ALU: see its manual page."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flow.isa.description import PARAMETER_BYTES, AluOp, Requant, Rounding, Source0, Source1
from flow.isa.encoding import Instruction
from flow.isa.legality import alu_uses_acc, alu_uses_inp, alu_uses_parameters
from flow.reference.requantise import Int64, requantise, wrap32
from flow.reference.state import State

Index = npt.NDArray[np.int64]


def _addresses(i: Instruction, base: int, suffix: str) -> Index:
    k, row, column = np.meshgrid(np.arange(i.k_size), np.arange(i.i_size), np.arange(i.j_size), indexing="ij")
    steps = [getattr(i, f"{loop}_{suffix}") for loop in "kij"]
    address: Index = base + k * steps[0] + row * steps[1] + column * steps[2]
    return address.ravel()


def _parameters(i: Instruction, state: State) -> dict[str, Int64]:
    """Columns of the parameter vectors, each (k_size, 1, cols)."""
    hw = state.hw
    vectors = state.par.reshape(hw.par_depth, -1)[i.par_base + i.par_stride * np.arange(i.k_size)]
    entries = vectors.reshape(i.k_size, 1, hw.cols, PARAMETER_BYTES)

    def column(first: int, kind: str) -> Int64:
        size = np.dtype(kind).itemsize
        return np.ascontiguousarray(entries[..., first : first + size]).view(kind)[..., 0].astype(np.int64)

    return {"bias": column(0, "<i4"), "multiplier": column(4, "<u4") & 0x7FFFFFFF, "left": column(8, "u1") & 31,
            "right": column(9, "u1") & 31, "weight": column(10, "<i2")}


def _int16(x: Int64) -> Int64:
    return ((x + 0x8000) & 0xFFFF) - 0x8000


def _index(x: Int64) -> Int64:
    """Table index of the low byte taken as int8."""
    return ((x + 128) & 0xFF)


def alu(i: Instruction, state: State) -> None:
    if 0 in (i.k_size, i.i_size, i.j_size):
        return
    count = i.k_size * i.i_size * i.j_size
    acc = _addresses(i, i.acc_base, "acc") if alu_uses_acc(i) else np.zeros(count, np.int64)
    src = _addresses(i, i.src_base, "src") if alu_uses_inp(i) else np.zeros(count, np.int64)
    out = _addresses(i, i.out_base, "out") if i.to_out else np.zeros(count, np.int64)
    dst = _addresses(i, i.dst_base, "dst") if i.to_inp else np.zeros(count, np.int64)
    parameters = _parameters(i, state) if alu_uses_parameters(i) else {}
    per_k = i.i_size * i.j_size
    for part in _independent(i, acc, src, dst):
        _vectors(i, state, acc[part], src[part], out[part], dst[part],
                 {name: value[np.arange(count)[part] // per_k] for name, value in parameters.items()})


def _independent(i: Instruction, acc: Index, src: Index, dst: Index) -> list[slice]:
    """Cut the pass where a vector reads or writes again what an earlier one wrote: each piece can run at once."""
    acc_feedback = i.to_acc and len(np.unique(acc)) < len(acc)
    inp_feedback = i.to_inp and (len(np.unique(dst)) < len(dst)
                                 or (alu_uses_inp(i) and np.intersect1d(src, dst).size > 0))
    if not (acc_feedback or inp_feedback):
        return [slice(0, len(acc))]
    pieces, start = [], 0
    written_acc: set[int] = set()
    written_inp: set[int] = set()
    reads_inp = alu_uses_inp(i)
    for n in range(len(acc)):
        hit = (acc_feedback and acc[n] in written_acc) or (
            inp_feedback and ((reads_inp and src[n] in written_inp) or dst[n] in written_inp))
        if hit:
            pieces.append(slice(start, n))
            start = n
            written_acc.clear()
            written_inp.clear()
        written_acc.add(int(acc[n]))
        written_inp.add(int(dst[n]))
    pieces.append(slice(start, len(acc)))
    return pieces


def _vectors(i: Instruction, state: State, acc: Index, src: Index, out: Index, dst: Index,
             p: dict[str, Int64]) -> None:
    hw = state.hw
    zero = np.zeros((len(acc), hw.pix, hw.cols), np.int64)
    inp = zero
    if alu_uses_inp(i):
        inp = state.inp_blocks[src // hw.blocks, :, src % hw.blocks].astype(np.int64)
    a = state.acc[i.acc_bank, acc].astype(np.int64) if i.src0 == Source0.ACC else inp
    match Source1(i.src1):
        case Source1.NONE:
            b = zero
        case Source1.INP:
            b = inp
        case Source1.BIAS:
            b = zero + p["bias"]
        case Source1.IMM:
            b = zero + i.immediate
    if i.table_a:
        a = state.table_a[i.slot_a].astype(np.int64)[_index(a)]
    if i.table_b:
        b = state.table_b[i.slot_b].astype(np.int64)[_index(b)]
    match AluOp(i.op):
        case AluOp.MOV:
            r = a
        case AluOp.ADD:
            r = wrap32(a + b)
        case AluOp.MAX:
            r = np.maximum(a, b)
        case AluOp.MIN:
            r = np.minimum(a, b)
        case AluOp.MUL:
            r = _int16(a) * _int16(b)
        case AluOp.MAC:
            r = wrap32(a + _int16(b) * p["weight"])
    if i.requant != Requant.NONE:
        channel = i.requant == Requant.CHANNEL
        multiplier: Int64 | int = p["multiplier"] if channel else i.multiplier
        left: Int64 | int = p["left"] if channel else i.left_shift
        right: Int64 | int = p["right"] if channel else i.right_shift
        r = wrap32(requantise(r, multiplier, left, right, Rounding(i.rounding)) + i.zero_point)
    if i.clamp:
        r = np.clip(r, i.clamp_min, i.clamp_max)
    if i.table_o:
        r = state.table_o[i.slot_o].astype(np.int64)[_index(r)]
    if i.to_acc:
        state.acc[i.acc_bank, acc] = r
    if i.to_out:
        state.out[out] = r
    if i.to_inp:
        state.inp_blocks[dst // hw.blocks, :, dst % hw.blocks] = r
