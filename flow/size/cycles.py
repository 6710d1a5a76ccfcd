"""Analytic cycle model: bounds of every layer on an engine, for one engine or thousands at once.

Every layer is bound by the array (GEMM), the ALU or the memory; its estimate is the largest of the three plus what
cannot overlap: the first tile's load and the last tile's way out. All arithmetic is on arrays [engines, layers], so
that a search costs a few passes. One ALU vector is pix x cols lanes, one GEMM vector pix x rows, one per cycle each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flow.hardware.config import HwConfig
from flow.size.work import Kind, Work

Array = npt.NDArray[np.float64]

BOUNDS = ("array", "ALU", "memory")

#: Parts of ACC that a tile may be limited to: shorter tiles have shorter ends, longer ones fewer reloads.
TILE_PARTS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Assumptions:
    """What the model takes for granted (cycles).

    memory_share: share of a channel's width that transfers reach.
    shortest_stream: cycles before the same accumulators can be used again.
    layer_latency: cycles from a layer's last work to the next one's first, memory latencies included.
    exposed: share of the first tile's load and the last tile's way out that nothing hides, counted for at most
    exposed_positions positions.
    instruction_gap: cycles lost from one GEMM or ALU instruction to the next.
    resident: maps that fit into a quarter of INPUT never leave the chip.
    """

    memory_share: float = 0.8
    shortest_stream: int = 8
    layer_latency: int = 400
    exposed: float = 1.0
    exposed_positions: int = 256
    instruction_gap: int = 12
    resident: bool = False


DEFAULT = Assumptions()


@dataclass(frozen=True)
class LayerEstimate:
    """One layer of a batch of pix images: cycles per bound, their estimate, and which of ``BOUNDS`` limits."""

    name: str
    kind: str
    array: int
    alu: int
    memory: int
    cycles: int
    limiter: str
    macs: int
    fold: str


@dataclass(frozen=True)
class Estimate:
    """A launch (batch of pix images on one core). ``fps`` is of all cores together, at the engine's clock."""

    layers: tuple[LayerEstimate, ...]
    cycles: int
    macs: int
    fps: float
    milliseconds: float
    utilisation: float
    limiter: str


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
    par_words: Array
    bytes_per_cycle: Array

    @staticmethod
    def of(engines: Sequence[HwConfig], bytes_per_cycle: Sequence[float]) -> "Engines":
        def column(values: Iterable[float]) -> Array:
            return np.array(list(values), dtype=np.float64)[:, None]

        def field(name: str) -> Array:
            return column(float(getattr(hw, name)) for hw in engines)

        return Engines(
            pix=field("pix"),
            rows=field("rows"),
            cols=field("cols"),
            axi_bytes=field("axi_bytes"),
            weight_bits=field("weight_bits"),
            inp_vectors=field("inp_vectors"),
            acc_depth=field("acc_depth"),
            wgt_depth=field("wgt_depth"),
            par_words=field("par_words"),
            bytes_per_cycle=column(bytes_per_cycle),
        )

    @property
    def tile_words(self) -> Array:
        return np.ceil(self.rows * self.cols * self.weight_bits / (8 * self.axi_bytes))


@dataclass(frozen=True)
class Bounds:
    """Cycles [engines, layers] for one batch."""

    array: Array
    alu: Array
    memory: Array
    ramp: Array

    @property
    def cycles(self) -> Array:
        return np.maximum(np.maximum(self.array, self.alu), self.memory) + self.ramp

    def better(self, other: "Bounds") -> "Bounds":
        """Of each layer the one that takes fewer cycles."""
        less = other.cycles < self.cycles
        return Bounds(
            np.where(less, other.array, self.array),
            np.where(less, other.alu, self.alu),
            np.where(less, other.memory, self.memory),
            np.where(less, other.ramp, self.ramp),
        )


def bytes_per_cycle(
    hw: HwConfig, channel_gigabytes_per_second: float | None = None, assume: Assumptions = DEFAULT
) -> float:
    """Memory bandwidth of one core in bytes per cycle: its share of the channel, at most the width of its master."""
    wide = float(hw.axi_bytes)
    if channel_gigabytes_per_second is not None:
        sharing = -(-hw.cores // hw.channels)
        wide = min(wide, channel_gigabytes_per_second * 1e3 / hw.clock_mhz / sharing)
    return wide * assume.memory_share


def folded(work: Work) -> tuple[tuple[str, Work], ...]:
    """The ways a layer may read its input: as it is and, from a network input, with the host folding kernel columns or
    the whole kernel into the channels."""
    ways = [("none", work)]
    if work.kind is Kind.CONV and work.folds:
        if work.taps_w > 1:
            height = (work.out_h - 1) * work.stride_h + work.reach_h
            ways.append(
                (
                    "columns",
                    replace(
                        work,
                        in_h=height,
                        in_w=work.out_w,
                        in_c=work.in_c * work.taps_w,
                        taps_w=1,
                        stride_w=1,
                        reach_w=1,
                    ),
                )
            )
        if work.taps_h * work.taps_w > 1:
            ways.append(
                (
                    "kernel",
                    replace(
                        work,
                        in_h=work.out_h,
                        in_w=work.out_w,
                        in_c=work.in_c * work.taps_h * work.taps_w,
                        taps_h=1,
                        taps_w=1,
                        stride_h=1,
                        stride_w=1,
                        reach_h=1,
                        reach_w=1,
                    ),
                )
            )
    return tuple(ways)


def bounds(engines: Engines, layers: Sequence[Work], assume: Assumptions = DEFAULT) -> Bounds:
    """Bounds of ``layers`` exactly as given (no folding) with the best tile, [engines, layers]."""
    best = _bounds(engines, layers, assume)
    for part in TILE_PARTS[1:]:
        best = best.better(
            _bounds(replace(engines, acc_depth=np.maximum(np.floor(engines.acc_depth / part), 1)), layers, assume)
        )
    return best


def _bounds(engines: Engines, layers: Sequence[Work], assume: Assumptions) -> Bounds:
    def row(name: str) -> Array:
        return np.array([getattr(work, name) for work in layers], dtype=np.float64)[None, :]

    e = engines
    in_h, in_w, in_c, out_h, out_w, out_c = (row(n) for n in ("in_h", "in_w", "in_c", "out_h", "out_w", "out_c"))
    taps = row("taps_h") * row("taps_w")
    stride_h, stride_w, reach_h, reach_w = (row(n) for n in ("stride_h", "stride_w", "reach_h", "reach_w"))
    passes, skip = row("passes"), row("skip")
    gemm = np.array([work.kind in (Kind.CONV, Kind.DENSE) for work in layers], dtype=bool)[None, :]
    vectors = np.ceil(in_c / e.rows)
    in_blocks, out_blocks = np.ceil(in_c / e.cols), np.ceil(out_c / e.cols)
    group = e.pix * e.cols
    step_h, step_w = np.minimum(stride_h, reach_h), np.minimum(stride_w, reach_w)

    # A pixel tile: whole rows where one row fits the accumulators and, with its halo, half of INPUT; else part of a
    # row. A layer the array has no part in brings its input block by block.
    half = np.floor(e.inp_vectors / 2)
    held = np.where(gemm, vectors, 1.0 / (e.rows / e.cols))
    span = (out_w - 1) * step_w + reach_w
    rows_fit = np.floor((np.floor(half / (span * held)) - reach_h) / step_h) + 1
    columns_fit = np.floor((np.floor(half / (reach_h * held)) - reach_w) / step_w) + 1
    split = (columns_fit < 1) & gemm  # not one pixel of all channels: input channels in turns
    tile_w = np.clip(np.minimum(e.acc_depth, np.where(rows_fit >= 1, out_w, columns_fit)), 1, out_w)
    tile_h = np.where(tile_w < out_w, 1, np.clip(np.minimum(np.floor(e.acc_depth / out_w), rows_fit), 1, out_h))
    full_h, full_w = np.floor(out_h / tile_h), np.floor(out_w / tile_w)
    rest_h, rest_w = out_h - full_h * tile_h, out_w - full_w * tile_w
    tiles_h, tiles_w = full_h + (rest_h > 0), full_w + (rest_w > 0)

    # GEMM: every weight tile is held for one stream; a stream is at least as long as the reload of the next tile.
    least = np.maximum(e.tile_words, assume.shortest_stream)
    stream = (
        full_h * full_w * np.maximum(tile_h * tile_w, least)
        + full_h * (rest_w > 0) * np.maximum(tile_h * rest_w, least)
        + (rest_h > 0) * full_w * np.maximum(rest_h * tile_w, least)
        + ((rest_h > 0) & (rest_w > 0)) * np.maximum(rest_h * rest_w, least)
    )
    gaps = assume.instruction_gap * tiles_h * tiles_w * out_blocks
    array = np.where(gemm, vectors * taps * out_blocks * stream + gaps, 0.0)
    alu = passes * out_h * out_w * out_blocks + gaps * np.where(gemm, passes, 1.0)

    # Memory: inputs with their halos, weights, skip operand, outputs.
    rows_read = np.where(tiles_h > 1, (out_h - tiles_h) * step_h + tiles_h * reach_h, np.minimum(in_h, out_h * reach_h))
    columns_read = np.where(tiles_w > 1, (out_w - tiles_w) * step_w + tiles_w * reach_w, in_w)
    rows_read, columns_read = np.minimum(rows_read, in_h * tiles_h), np.minimum(columns_read, in_w * tiles_w)
    read = np.where(gemm, in_blocks, np.maximum(in_blocks, out_blocks)) * group * rows_read * columns_read
    written = out_blocks * group * out_h * out_w
    weight_words = np.where(gemm, vectors * taps * out_blocks * e.tile_words, 0.0)
    weights = weight_words * e.axi_bytes
    pixel_tiles = tiles_h * tiles_w
    whole_input = in_h * in_w * vectors <= half
    once = (weight_words <= e.wgt_depth) | (pixel_tiles == 1)
    by_pixels = read + weights * np.where(once, 1, pixel_tiles)
    by_channels = read * np.where(whole_input, 1, out_blocks) + weights
    traffic = np.where(
        gemm,
        np.where(
            split, read * out_blocks + weights * np.where(once, 1, pixel_tiles), np.minimum(by_pixels, by_channels)
        ),
        read,
    )
    parameters = out_blocks * e.par_words * e.axi_bytes
    if assume.resident:
        room = e.inp_vectors / 4
        stays_in = in_h * in_w * vectors <= room
        stays_out = out_h * out_w * np.ceil(out_c / e.rows) <= room
        traffic = np.where(stays_in, np.where(gemm, weights, 0.0), traffic)
        written = np.where(stays_out, 0.0, written)
        skipped = np.where(stays_out, 0.0, skip * out_blocks * group * out_h * out_w)
    else:
        skipped = skip * out_blocks * group * out_h * out_w
    memory = (traffic + parameters + skipped + written) / e.bytes_per_cycle

    # What nothing overlaps: the first tile's load, the last output block's ALU pass and store.
    part = np.minimum(1.0, assume.exposed_positions / (tile_h * tile_w))
    first = (
        np.where(gemm, vectors * e.rows * e.pix, group)
        * part
        * np.minimum((tile_h - 1) * step_h + reach_h, in_h)
        * np.minimum((tile_w - 1) * step_w + reach_w, in_w)
    )
    last = part * tile_h * tile_w * (np.where(gemm, passes, 1.0) + group / e.bytes_per_cycle)
    ramp = assume.layer_latency + assume.exposed * (np.minimum(first, read) / e.bytes_per_cycle + last)
    return Bounds(array, alu, memory, np.broadcast_to(ramp, alu.shape))


def _variants(layers: Sequence[Work]) -> tuple[list[Work], list[int], list[str]]:
    flat: list[Work] = []
    owner: list[int] = []
    names: list[str] = []
    for index, work in enumerate(layers):
        for name, way in folded(work):
            flat.append(way)
            owner.append(index)
            names.append(name)
    return flat, owner, names


def totals(engines: Engines, layers: Sequence[Work], assume: Assumptions = DEFAULT) -> Array:
    """Cycles of one batch on each engine, [engines]. Layers are folded in whatever way is best for each engine."""
    flat, owner, _ = _variants(layers)
    cycles = bounds(engines, flat, assume).cycles
    starts = np.searchsorted(np.array(owner), np.arange(len(layers)))
    best: Array = np.minimum.reduceat(cycles, starts, axis=1)
    return np.asarray(best.sum(axis=1), dtype=np.float64)


def estimate(
    hw: HwConfig, layers: Sequence[Work], memory_bytes_per_cycle: float | None = None, assume: Assumptions = DEFAULT
) -> Estimate:
    """The layers of one network on one engine; bandwidth by default ``memory_share`` of the master's width."""
    bandwidth = bytes_per_cycle(hw, None, assume) if memory_bytes_per_cycle is None else memory_bytes_per_cycle
    flat, owner, names = _variants(layers)
    found = bounds(Engines.of([hw], [bandwidth]), flat, assume)
    cycles = found.cycles[0]
    records: list[LayerEstimate] = []
    for index, work in enumerate(layers):
        best = min((at for at, o in enumerate(owner) if o == index), key=lambda at: (cycles[at], at))
        array, alu, memory = (round(float(part[0, best])) for part in (found.array, found.alu, found.memory))
        parts = (array, alu, memory)
        limiter = BOUNDS[parts.index(max(parts))]
        records.append(
            LayerEstimate(
                work.name,
                work.kind.value,
                array,
                alu,
                memory,
                round(float(cycles[best])),
                limiter,
                work.macs,
                names[best],
            )
        )
    total = sum(record.cycles for record in records)
    macs = sum(work.macs for work in layers)
    seconds = total / (hw.clock_mhz * 1e6)
    share = {bound: sum(r.cycles for r in records if r.limiter == bound) for bound in BOUNDS}
    if not total:
        return Estimate((), 0, 0, 0.0, 0.0, 0.0, BOUNDS[0])
    return Estimate(
        tuple(records),
        total,
        macs,
        hw.cores * hw.pix / seconds,
        seconds * 1e3,
        macs / (hw.rows * hw.cols * total),
        max(BOUNDS, key=lambda bound: share[bound]),
    )
