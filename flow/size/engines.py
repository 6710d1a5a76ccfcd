"""Many engines at once, as columns of arrays, and what the cycle model takes for granted of all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from flow.hardware.config import HwConfig

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Assumptions:
    """What the model takes for granted.

    memory_share: share of a channel's width that transfers reach.
    latency: cycles from a request to the memory to its first data, and from a write's last data to its response.
    """

    memory_share: float = 0.8
    latency: float = 100.0


DEFAULT = Assumptions()


@dataclass(frozen=True)
class Engines:
    """Many engines as columns [engines, 1]. ``bytes_per_cycle``: memory bandwidth of one core, both ways together."""

    pix: Array
    rows: Array
    cols: Array
    axi_bytes: Array
    weight_bits: Array
    inp_vectors: Array
    acc_depth: Array
    wgt_depth: Array
    out_depth: Array
    par_depth: Array
    par_words: Array
    queue_depth: Array
    bytes_per_cycle: Array

    @staticmethod
    def of(engines: Sequence[HwConfig], bytes_per_cycle: Sequence[float]) -> "Engines":
        def column(values: Iterable[float]) -> Array:
            return np.array(list(values), dtype=np.float64)[:, None]

        own = {f.name: column(float(getattr(hw, f.name)) for hw in engines)
               for f in fields(Engines) if f.name != "bytes_per_cycle"}
        return Engines(**own, bytes_per_cycle=column(bytes_per_cycle))

    def twice(self) -> "Engines":
        """All of them, and all once more."""
        return Engines(**{f.name: np.vstack([getattr(self, f.name)] * 2) for f in fields(self)})

    @property
    def blocks(self) -> Array:
        """Channel blocks of an input vector."""
        return self.rows / self.cols

    @property
    def group_bytes(self) -> Array:
        """Bytes of one position of a channel block over all lanes."""
        return self.pix * self.cols

    @property
    def tile_words(self) -> Array:
        return np.ceil(self.rows * self.cols * self.weight_bits / (8 * self.axi_bytes))


def bytes_per_cycle(
    hw: HwConfig, channel_gigabytes_per_second: float | None = None, assume: Assumptions = DEFAULT
) -> float:
    """Memory bandwidth of one core in bytes per cycle: its share of the channel, at most the width of its master."""
    wide = float(hw.axi_bytes)
    if channel_gigabytes_per_second is not None:
        sharing = -(-hw.cores // hw.channels)
        wide = min(wide, channel_gigabytes_per_second * 1e3 / hw.clock_mhz / sharing)
    return wide * assume.memory_share
