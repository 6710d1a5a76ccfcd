"""Analytic cycle model: bounds of every layer on an engine, for one engine or thousands at once.

Every layer is bound by the array (GEMM), the ALU or the memory; its estimate is the largest of the three plus what
cannot overlap, most where a layer is one tile. All arithmetic is on arrays [engines, layers], so
that a search costs a few passes. One ALU vector is pix x cols lanes, one GEMM vector pix x rows, one per cycle each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.size.engines import DEFAULT, Array, Assumptions, Engines, bytes_per_cycle
from flow.size.tiling import Residency, Shapes, nothing_stays, residency, streams, tiling
from flow.size.work import Kind, Work

BOUNDS = ("array", "ALU", "memory")

#: GEMM, ALU and STORE of one accumulator tile and output block.
INSTRUCTIONS_PER_TILE = 3

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
    """A launch (batch of pix images on one core). ``fps`` is of all cores together, at the engine's clock.

    scheduled: all but ``layers`` is of the program that was scheduled, timed event by event; else it is analytic.
    """

    layers: tuple[LayerEstimate, ...]
    cycles: int
    macs: int
    fps: float
    milliseconds: float
    utilisation: float
    limiter: str
    scheduled: bool = False


@dataclass(frozen=True)
class Bounds:
    """Cycles [engines, layers] for one batch."""

    array: Array
    alu: Array
    memory: Array
    ramp: Array

    def take(self, index: npt.NDArray[np.int64]) -> "Bounds":
        """Of each engine the layers ``index`` [engines, ...]."""
        parts = (self.array, self.alu, self.memory, self.ramp)
        return Bounds(*(np.take_along_axis(part, index, axis=1) for part in parts))

    def cycles(self, beside: npt.NDArray[np.bool_]) -> Array:
        """Estimates. What runs together with the next layer takes the work of both, the next one what then remains."""
        work = np.stack([self.array, self.alu, self.memory])
        after = np.zeros_like(beside)
        after[:, 1:] = beside[:, :-1]
        both = np.where(beside[:, :-1], work[:, :, 1:], 0.0)
        work[:, :, :-1] += both
        return np.where(after, 0.0, work.max(axis=0)) + self.ramp


def folded(work: Work) -> tuple[tuple[str, Work], ...]:
    """The ways a layer may read its input: as it is and, from a network input, with the host folding kernel columns or
    the whole kernel into the channels."""
    ways = [("none", work)]
    if work.kind is Kind.CONV and work.folds:
        height = (work.out_h - 1) * work.stride_h + work.reach_h
        columns = replace(
            work,
            in_h=min(work.in_h, height),
            in_w=work.out_w,
            in_c=work.in_c * work.taps_w,
            taps_w=1,
            stride_w=1,
            reach_w=1,
        )
        kernel = replace(columns, in_h=work.out_h, in_c=columns.in_c * work.taps_h, taps_h=1, stride_h=1, reach_h=1)
        ways += [("columns", columns), ("kernel", kernel)]
    return tuple(ways)


def _allowed(engines: Engines, work: Work, way: str) -> npt.NDArray[np.bool_]:
    """Whether the scheduler folds ``work`` this way, [engines]: what makes fewest weight tiles, the whole kernel, which
    multiplies the input, only where it saves a fifth of the time, the memory at four fifths of its width."""
    rows, cols = engines.rows[:, 0], engines.cols[:, 0]
    plain = np.ceil(work.in_c / rows) * work.taps_h * work.taps_w
    columns = np.ceil(work.in_c * work.taps_w / rows) * work.taps_h
    kernel = np.ceil(work.in_c * work.taps_h * work.taps_w / rows)
    if not work.folds or work.kind is not Kind.CONV:
        return np.full(rows.shape, way == "none")
    none = np.minimum(columns, kernel) >= plain
    blocks = np.ceil(work.out_c / cols)
    moved = np.ceil(work.in_c * work.taps_h * work.taps_w / cols) * engines.pix[:, 0] * cols
    memory = moved / (engines.axi_bytes[:, 0] * 0.8)
    whole = ~none & (np.maximum(kernel * blocks, memory) <= 0.8 * columns * blocks)
    return {"none": none, "kernel": whole, "columns": ~none & ~whole}[way]


def bounds(
    engines: Engines, layers: Sequence[Work], assume: Assumptions = DEFAULT, stays: Residency | None = None
) -> Bounds:
    """Bounds of ``layers`` exactly as given (no folding), [engines, layers]. ``stays``: by default nothing does."""
    e, shape = engines, Shapes.of(layers)
    if stays is None:
        stays = nothing_stays(e, len(layers))
    t = tiling(e, shape, stays)
    gemm, out = shape.gemm, shape.out_h * shape.out_w
    group = e.pix * e.cols
    in_blocks, out_blocks = np.ceil(shape.in_c / e.cols), np.ceil(shape.out_c / e.cols)

    # GEMM: a weight tile is held for one stream, which is at least as long as the reload of the next tile. A
    # block-diagonal layer (depthwise, concatenation) has one tile per output block and tap.
    least = np.maximum(e.tile_words, assume.shortest_stream)
    stream = streams(shape, t, least)
    weight_tiles = np.where(gemm, np.where(shape.diagonal, 1.0, t.vectors) * shape.taps * out_blocks, 0.0)
    gaps = assume.instruction_gap * t.tiles * out_blocks * t.chunks
    array = np.where(gemm, weight_tiles * stream + gaps, 0.0)
    alu = shape.passes * (out * out_blocks + np.where(gemm, gaps, 0.0)) + np.where(gemm, 0.0, gaps)

    # Memory: inputs with the halos of the loads, weights once or once a load, skip operand, outputs.
    rows_read = _read_once(shape.out_h, t.load_h, shape.stride_h, shape.reach_h, shape.in_h)
    columns_read = _read_once(shape.out_w, t.tile_w, shape.stride_w, shape.reach_w, shape.in_w)
    read = np.where(gemm, in_blocks, np.maximum(in_blocks, out_blocks)) * group * rows_read * columns_read
    read = read * t.input_reads
    written = out_blocks * group * out
    weights = weight_tiles * e.tile_words * e.axi_bytes * t.weight_reads
    parameters = np.where(gemm, out_blocks * e.par_words * e.axi_bytes, 0.0)
    skipped = shape.skip * written  # before it is known whether it moves
    read, written = np.where(stays.source, 0.0, read), np.where(stays.output, 0.0, written)
    skipped = np.where(stays.operand, 0.0, skipped)
    fetched = INSTRUCTIONS_PER_TILE * isa.INSTRUCTION_BYTES * t.tiles * out_blocks * t.chunks
    memory = (read + weights + parameters + skipped + written + fetched) / e.bytes_per_cycle

    # What nothing overlaps: of a layer with one tile its load, its ALU pass and its store; with more tiles, whose
    # neighbours in the layers before and behind need not wait for each other, as much less.
    pixels = t.tile_h * t.tile_w
    columns, rows = (t.tile_w - 1) * shape.stride_w + shape.reach_w, (t.tile_h - 1) * shape.stride_h + shape.reach_h
    first = np.where(stays.source, 0.0, in_blocks * columns * rows * group / e.bytes_per_cycle)
    last = pixels * (np.where(gemm, shape.passes, 1.0) + np.where(stays.output, 0.0, group / e.bytes_per_cycle))
    ramp = assume.layer_latency + assume.exposed * (first + last) / t.tiles
    return Bounds(array, alu, memory, np.broadcast_to(ramp, alu.shape))


def _read_once(out: Array, tile: Array, step: Array, reach: Array, limit: Array) -> Array:
    """Positions of one axis that loads of ``tile`` outputs each read from a map of ``limit``."""
    tiles = np.ceil(out / tile)
    overlapping = (out - tiles) * step + tiles * reach
    return np.where(
        tiles > 1,
        np.minimum(overlapping, limit + (tiles - 1) * np.maximum(reach - step, 0)),
        np.minimum(limit, (out - 1) * step + reach),
    )


@dataclass(frozen=True)
class _Ways:
    """Every way of folding every layer: the layers so read, and for each engine and layer the index taken."""

    works: tuple[Work, ...]
    names: tuple[str, ...]
    taken: npt.NDArray[np.int64]
    stays: Residency
    beside: npt.NDArray[np.bool_]


def _ways(engines: Engines, layers: Sequence[Work], assume: Assumptions) -> _Ways:
    flat: list[Work] = []
    names: list[str] = []
    owner: list[int] = []
    taken: list[npt.NDArray[np.int64]] = []
    for number, work in enumerate(layers):
        index = np.zeros(len(engines.rows), dtype=np.int64)
        for name, way in folded(work):
            index = np.where(_allowed(engines, work, name), len(flat), index)
            flat.append(way)
            names.append(name)
            owner.append(number)
        taken.append(index)
    stays = residency(engines, layers, assume)
    return _Ways(tuple(flat), tuple(names), np.stack(taken, axis=1), stays.take(np.array(owner)), stays.beside)


def totals(engines: Engines, layers: Sequence[Work], assume: Assumptions = DEFAULT) -> Array:
    """Cycles of one batch on each engine, [engines]: the better of maps kept on the chip and maps moved."""
    return np.minimum(*(_total(engines, layers, one) for one in _choices(assume)))


def _choices(assume: Assumptions) -> tuple[Assumptions, Assumptions]:
    return assume, replace(assume, resident=False)


def _total(engines: Engines, layers: Sequence[Work], assume: Assumptions) -> Array:
    ways = _ways(engines, layers, assume)
    found = bounds(engines, ways.works, assume, ways.stays).take(ways.taken)
    return np.asarray(found.cycles(ways.beside).sum(axis=1) + assume.launch, dtype=np.float64)


def estimate(
    hw: HwConfig,
    layers: Sequence[Work],
    memory_bytes_per_cycle: float | None = None,
    assume: Assumptions = DEFAULT,
) -> Estimate:
    """The layers of one network on one engine; bandwidth by default ``memory_share`` of the master's width."""
    bandwidth = bytes_per_cycle(hw, None, assume) if memory_bytes_per_cycle is None else memory_bytes_per_cycle
    engines = Engines.of([hw], [bandwidth])
    assume = min(_choices(assume), key=lambda one: float(_total(engines, layers, one)[0]))
    ways = _ways(engines, layers, assume)
    found = bounds(engines, ways.works, assume, ways.stays).take(ways.taken)
    cycles = found.cycles(ways.beside)
    records: list[LayerEstimate] = []
    for n, (work, way) in enumerate(zip(layers, ways.taken[0].tolist(), strict=True)):
        array, alu, memory = (round(float(part[0, n])) for part in (found.array, found.alu, found.memory))
        limiter = BOUNDS[(array, alu, memory).index(max(array, alu, memory))]
        total = round(float(cycles[0, n]))
        records.append(
            LayerEstimate(work.name, work.kind.value, array, alu, memory, total, limiter, work.macs, ways.names[way])
        )
    total = sum(record.cycles for record in records) + assume.launch
    macs = sum(work.macs for work in layers)
    seconds = total / (hw.clock_mhz * 1e6)
    share = {bound: sum(r.cycles for r in records if r.limiter == bound) for bound in BOUNDS}
    if not records:
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
