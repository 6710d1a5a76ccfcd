"""Analytic cycle model: a network's cycles on one engine or on thousands at once, without its program.

Tiles of every layer (``tiling``) tell what its steps ask of LOAD, GEMM, ALU and STORE (``demands``); when each layer is
complete follows from the units at work on the steps (``pipeline``). All arithmetic is on arrays [engines, layers], so
that a search costs a few passes. Beside it stands every layer's bound, which tells what to improve: cycles of the array
(GEMM), of the ALU and of the memory alone. One ALU vector is pix x cols lanes, one GEMM vector pix x rows, one per
cycle each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flow.hardware.config import HwConfig
from flow.schedule.timing import END
from flow.schedule.timing_units import SHORTEST_STREAM
from flow.size.demands import demands, selections
from flow.size.engines import DEFAULT, Array, Assumptions, Engines, bytes_per_cycle
from flow.size.pipeline import ends
from flow.size.tiling import Residency, Shapes, Tiling, nothing_stays, residency, streams, tiling
from flow.size.work import Work

BOUNDS = ("array", "ALU", "memory")


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


def folded(work: Work) -> tuple[tuple[str, Work], ...]:
    """The ways a layer may read its input: as it is and, from a network input, with the host folding kernel columns or
    the whole kernel into the channels."""
    ways = [("none", work)]
    if work.folds:
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
    if not work.folds:
        return np.full(rows.shape, way == "none")
    none = np.minimum(columns, kernel) >= plain
    blocks = np.ceil(work.out_c / cols)
    moved = np.ceil(work.in_c * work.taps_h * work.taps_w / cols) * engines.pix[:, 0] * cols
    memory = moved / (engines.axi_bytes[:, 0] * 0.8)
    whole = ~none & (np.maximum(kernel * blocks, memory) <= 0.8 * columns * blocks)
    return {"none": none, "kernel": whole, "columns": ~none & ~whole}[way]


def _bounds(e: Engines, shape: Shapes, t: Tiling, stays: Residency, selected: Array) -> Bounds:
    out = shape.out_h * shape.out_w
    group = e.pix * e.cols
    in_blocks, out_blocks = np.ceil(shape.in_c / e.cols), np.ceil(shape.out_c / e.cols)

    # GEMM: a weight tile is held for one stream, which is at least as long as the reload of the next tile. A
    # block-diagonal layer (depthwise, concatenation) has one tile per output block and tap.
    least = np.maximum(e.tile_words, float(SHORTEST_STREAM))
    weight_tiles = np.where(shape.gemm, np.where(shape.diagonal, 1.0, t.vectors) * shape.taps * out_blocks, 0.0)
    weight_tiles = np.where(selected > 0, selected, weight_tiles)
    array = np.where(shape.gemm, weight_tiles * streams(shape, t, least), 0.0)
    alu = shape.passes * out * out_blocks

    # Memory: inputs with the halos of the loads, weights once or once a load, skip operand, outputs.
    rows_read = _read_once(shape.out_h, t.load_h, shape.stride_h, shape.reach_h, shape.in_h)
    columns_read = _read_once(shape.out_w, t.tile_w, shape.stride_w, shape.reach_w, shape.in_w)
    read = np.where(shape.gemm, in_blocks, np.maximum(in_blocks, out_blocks)) * group * rows_read * columns_read
    read = read * t.input_reads
    written = out_blocks * group * out
    weights = weight_tiles * e.tile_words * e.axi_bytes * t.weight_reads
    parameters = np.where(shape.gemm, out_blocks * e.par_words * e.axi_bytes, 0.0)
    skipped = shape.skip * written  # before it is known whether it moves
    read, written = np.where(stays.source, 0.0, read), np.where(stays.output, 0.0, written)
    skipped = np.where(stays.operand, 0.0, skipped)
    memory = (read + weights + parameters + skipped + written) / e.bytes_per_cycle
    return Bounds(array, alu, memory)


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
class _Walked:
    """Engines twice, with maps kept on the chip and with maps moved: shapes, tiles and the cycles at which layers end,
    [2 x engines, layers]. better: of each engine the faster of the two; cycles from doorbell to done, [engines].

    taken: of each engine and layer the way of folding, as an index into ``names``."""

    both: Engines
    shape: Shapes
    tiles: Tiling
    stays: Residency
    selected: Array
    ends: Array
    better: npt.NDArray[np.int64]
    cycles: Array
    taken: npt.NDArray[np.int64]
    names: tuple[str, ...]


def _walk(engines: Engines, layers: Sequence[Work], assume: Assumptions) -> _Walked:
    """The better of maps kept on the chip and maps moved."""
    flat: list[Work] = []
    names: list[str] = []
    taken: list[npt.NDArray[np.int64]] = []
    for work in layers:
        index = np.zeros(len(engines.rows), dtype=np.int64)
        for name, way in folded(work):
            index = np.where(_allowed(engines, work, name), len(flat), index)
            flat.append(way)
            names.append(name)
        taken.append(index)
    chosen = np.stack(taken, axis=1)
    both = engines.twice()
    shape = Shapes.of(flat).take(np.vstack([chosen, chosen]))
    stays = residency(engines, layers).behind(nothing_stays(engines, len(layers)))
    t = tiling(both, shape, stays)
    selected = selections(both, layers)
    asked = demands(both, shape, t, stays, selected, assume.latency)
    found = ends(both, layers, shape, asked, stays, assume.latency)
    last = found.max(axis=1)
    count = len(chosen)
    at = np.arange(count) + np.where(last[count:] < last[:count], count, 0)
    return _Walked(both, shape, t, stays, selected, found, at, last[at] + END, chosen, tuple(names))


def totals(engines: Engines, layers: Sequence[Work], assume: Assumptions = DEFAULT) -> Array:
    """Cycles of one batch on each engine, [engines]."""
    return _walk(engines, layers, assume).cycles


def estimate(
    hw: HwConfig,
    layers: Sequence[Work],
    memory_bytes_per_cycle: float | None = None,
    assume: Assumptions = DEFAULT,
) -> Estimate:
    """The layers of one network on one engine; bandwidth by default ``memory_share`` of the master's width."""
    if not layers:
        return Estimate((), 0, 0, 0.0, 0.0, 0.0, BOUNDS[0])
    bandwidth = bytes_per_cycle(hw, None, assume) if memory_bytes_per_cycle is None else memory_bytes_per_cycle
    found = _walk(Engines.of([hw], [bandwidth]), layers, assume)
    best = found.better[0]
    last = np.maximum.accumulate(np.round(found.ends[best])).tolist()
    bounds = _bounds(found.both, found.shape, found.tiles, found.stays, found.selected)
    records: list[LayerEstimate] = []
    for n, (work, way) in enumerate(zip(layers, found.taken[0].tolist(), strict=True)):
        array, alu, memory = (round(float(part[best, n])) for part in (bounds.array, bounds.alu, bounds.memory))
        limiter = BOUNDS[(array, alu, memory).index(max(array, alu, memory))]
        total = round(last[n] - (last[n - 1] if n else 0.0))
        records.append(
            LayerEstimate(work.name, work.kind.value, array, alu, memory, total, limiter, work.macs, found.names[way])
        )
    total = sum(record.cycles for record in records) + END
    macs = sum(work.macs for work in layers)
    share = {bound: sum(r.cycles for r in records if r.limiter == bound) for bound in BOUNDS}
    return Estimate(
        tuple(records),
        total,
        macs,
        hw.frames_per_second(total),
        1e3 * hw.seconds(total),
        macs / (hw.rows * hw.cols * total),
        max(BOUNDS, key=lambda bound: share[bound]),
    )
