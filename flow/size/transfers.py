"""What LOADs and STOREs of many engines ask of the memory."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from flow.schedule.bus import BEATS_UNDER_WAY, BOUNDARY, BURSTS_UNDER_WAY, LONGEST, ROUND_TRIP, MemoryModel
from flow.size.engines import Array, Engines, Mask

#: share of the handshakes that the memory holds back
STALLED = MemoryModel().stall_permille / 1000


@dataclass(frozen=True)
class Transfer:
    """Cycles of the data of LOADs or of a STORE; instructions; runs: cycles until the next one's addresses may begin;
    joined: rows taken before the first address; bus: cycles of the whole channel."""

    cycles: Array
    instructions: Array
    runs: Array
    joined: Array
    bus: Array

    def times(self, count: Array | float) -> "Transfer":
        """``count`` of them, one after the other."""
        cycles, instructions, runs = self.cycles * count, self.instructions * count, self.runs * count
        return Transfer(cycles, instructions, runs, self.joined, self.bus * count)

    def where(self, mask: Mask) -> "Transfer":
        """Nothing where not ``mask``."""
        return Transfer(*(np.where(mask, getattr(self, f.name), 0.0) for f in fields(self)))

    def plus(self, other: "Transfer") -> "Transfer":
        """This and then the other."""
        return Transfer(
            self.cycles + other.cycles,
            self.instructions + other.instructions,
            self.runs + other.runs,
            np.maximum(self.joined, other.joined),
            self.bus + other.bus,
        )


class Moves:
    """LOADs and STOREs of many engines. rate, room: beats a cycle of one direction, and of both together."""

    def __init__(self, e: Engines, latency: float) -> None:
        self.e, self.latency = e, latency
        width = e.axi_bytes
        self.rate = np.minimum(width / (1 + STALLED), e.bytes_per_cycle) / width
        self.room = np.minimum(2 * width / (1 + STALLED), e.bytes_per_cycle) / width
        self.burst = np.minimum(float(BOUNDARY), LONGEST * width)
        self.grain = np.gcd((e.pix * e.cols).astype(np.int64), width.astype(np.int64)).astype(np.float64)

    def words(self, count: Array) -> Transfer:
        """A linear buffer's ``count`` words."""
        some = np.where(count > 0, 1.0, 0.0)
        return Transfer(count / self.rate, some, some, 0.0 * some, count / self.room)

    def map(self, rows: Array, columns: Array, planes: Array, positions: Array, whole_w: Mask,
            whole_h: Mask, loading: bool = True) -> Transfer:
        """``rows`` x ``columns`` of ``planes`` blocks. positions: of a plane, with padding. whole_w, whole_h: rows, or
        planes, are as large as the map's, so that adjacent ones are joined. loading: a LOAD, else a STORE."""
        row = columns * self.e.group_bytes
        joined_rows = np.where(whole_w | (rows == 1), 1.0, rows)
        stretches = np.where(whole_w & whole_h, 1.0, planes * joined_rows)
        length = rows * columns * planes * self.e.group_bytes / stretches
        aligned = self.grain == self.e.axi_bytes
        beats = np.where(
            (stretches <= 1) | aligned,
            np.ceil(length / self.e.axi_bytes - 1e-9),
            (length + self.e.axi_bytes - self.grain) / self.e.axi_bytes,
        ) * stretches
        bursts = np.maximum(stretches, stretches * np.where(
            stretches <= 1, np.ceil(length / self.burst), 1 + (length - self.grain) / self.burst))
        runs = rows * planes
        joined = np.maximum(np.minimum(np.ceil(runs / stretches), np.ceil(self.burst / row)) - 1, 0.0)
        requests = np.maximum(bursts - 1, runs + stretches - 2 - joined)
        paced = np.maximum(positions * planes, requests)
        if loading:
            rounds = np.maximum(bursts / BURSTS_UNDER_WAY, beats / BEATS_UNDER_WAY)
            paced = np.maximum(paced, rounds * (self.latency + ROUND_TRIP))
        some = np.ones_like(beats)
        return Transfer(np.maximum(beats / self.rate, paced), some, np.maximum(runs, requests), joined,
                        beats / self.room)
