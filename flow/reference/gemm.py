"""GEMM: see its manual page."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flow.isa.encoding import Instruction
from flow.reference.state import State


def weight_tiles(state: State, base: int, tiles: int) -> npt.NDArray[np.int8]:
    """Weights (tiles, cols, rows) as signed integers."""
    hw = state.hw
    words = state.wgt[base : base + tiles * hw.tile_words].reshape(tiles, -1)
    bits = hw.weight_bits
    if bits == 8:
        values = words.view(np.int8)
    else:
        parts = [(words >> shift) & ((1 << bits) - 1) for shift in range(0, 8, bits)]
        codes = np.stack(parts, axis=-1).reshape(tiles, -1).astype(np.int8)
        values = np.where(codes >> (bits - 1), codes - (1 << bits), codes)
    return values[:, : hw.cols * hw.rows].reshape(tiles, hw.cols, hw.rows).astype(np.int8)


def gemm(i: Instruction, state: State) -> None:
    hw = state.hw
    taps = i.v_size * i.h_size * i.w_size
    if not taps * i.i_size * i.j_size:
        return
    v, h, w = np.meshgrid(np.arange(i.v_size), np.arange(i.h_size), np.arange(i.w_size), indexing="ij")
    tap = (i.inp_base + v * i.v_stride + h * i.h_stride + w * i.w_stride).ravel()
    row, column = np.meshgrid(np.arange(i.i_size), np.arange(i.j_size), indexing="ij")
    pixel = (row * i.i_stride + column * i.j_stride).ravel()
    address = (i.acc_base + row * i.i_acc + column * i.j_acc).ravel()
    tiles = weight_tiles(state, i.wgt_base, taps)
    acc = state.acc[i.acc_bank]
    if len(np.unique(address)) == len(address):
        _distinct(i, state, tap, pixel, address, tiles)
        return
    for t in range(taps):  # some accumulators are visited more than once by a tile: one vector at a time, in order
        for n, a in zip(pixel + tap[t], address, strict=True):
            product = state.inp[n].astype(np.int64) @ tiles[t].T.astype(np.int64)
            old = 0 if i.init and t == 0 else acc[a].astype(np.int64)
            acc[a] = (old + product).astype(np.uint64).astype(np.uint32).view(np.int32).reshape(hw.pix, hw.cols)


def _distinct(
    i: Instruction,
    state: State,
    tap: npt.NDArray[np.int64],
    pixel: npt.NDArray[np.int64],
    address: npt.NDArray[np.int64],
    tiles: npt.NDArray[np.int8],
) -> None:
    """Each tile visits each accumulator once, so the order of the additions does not matter (they are modulo 2**32)."""
    acc = state.acc[i.acc_bank]
    total = np.zeros((len(pixel), state.hw.pix, state.hw.cols), np.int64)
    step = max(1, (1 << 22) // max(1, len(pixel) * state.hw.pix * state.hw.rows))
    for t in range(0, len(tap), step):
        inputs = state.inp[tap[t : t + step, None] + pixel]  # (taps, pixels, pix, rows)
        flat = inputs.transpose(1, 2, 0, 3).reshape(len(pixel) * state.hw.pix, -1).astype(np.float32)
        weights = tiles[t : t + step].transpose(0, 2, 1).reshape(-1, state.hw.cols).astype(np.float32)
        exact = flat.shape[1] <= 1 << 10  # |sum| <= 2**10 * 2**14 is exact in float32
        product = flat @ weights if exact else flat.astype(np.float64) @ weights.astype(np.float64)
        total += product.reshape(total.shape).astype(np.int64)
    if not i.init:
        total += acc[address]
    acc[address] = total.astype(np.uint64).astype(np.uint32).view(np.int32)
