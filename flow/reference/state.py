"""Buffers of one core as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.hardware.config import HwConfig
from flow.isa import description as isa


@dataclass
class State:
    """inp (vectors, pix, rows) int8; wgt (depth, axi_bytes) and par (words, axi_bytes) uint8;
    acc (2, depth, pix, cols) int32; out (depth, pix, cols) int8;
    table_a, table_b (slots, 256) int32; table_o (slots, 256) int8."""

    hw: HwConfig
    inp: npt.NDArray[np.int8]
    wgt: npt.NDArray[np.uint8]
    par: npt.NDArray[np.uint8]
    acc: npt.NDArray[np.int32]
    out: npt.NDArray[np.int8]
    table_a: npt.NDArray[np.int32]
    table_b: npt.NDArray[np.int32]
    table_o: npt.NDArray[np.int8]

    @property
    def inp_blocks(self) -> npt.NDArray[np.int8]:
        """View (vectors, pix, blocks, cols); block b is [b // blocks, :, b % blocks]."""
        return self.inp.reshape(self.hw.inp_vectors, self.hw.pix, self.hw.blocks, self.hw.cols)


def fresh(hw: HwConfig, seed: int) -> State:
    """Buffers full of seeded noise: what a launch finds is undefined."""
    random = np.random.default_rng(seed)

    def noise(shape: tuple[int, ...], kind: type) -> Any:
        info = np.iinfo(kind)
        return random.integers(info.min, info.max, size=shape, dtype=kind, endpoint=True)

    return State(
        hw=hw,
        inp=noise((hw.inp_vectors, hw.pix, hw.rows), np.int8),
        wgt=noise((hw.wgt_depth, hw.axi_bytes), np.uint8),
        par=noise((hw.par_depth * hw.par_words, hw.axi_bytes), np.uint8),
        acc=noise((2, hw.acc_depth, hw.pix, hw.cols), np.int32),
        out=noise((hw.out_depth, hw.pix, hw.cols), np.int8),
        table_a=noise((isa.TABLE_SLOTS, isa.TABLE_ENTRIES), np.int32),
        table_b=noise((isa.TABLE_SLOTS, isa.TABLE_ENTRIES), np.int32),
        table_o=noise((isa.TABLE_SLOTS, isa.TABLE_ENTRIES), np.int8),
    )
