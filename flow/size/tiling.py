"""Which maps stay on the chip and how layers are cut into tiles: the scheduler's choices, for many engines at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow.schedule.placement import pairs, place
from flow.size.engines import DEFAULT, Array, Assumptions, Engines
from flow.size.work import Kind, Work

#: Positions below which a tile is not cut to make its inputs fit; the sum is.
SMALL_TILE = 64


@dataclass(frozen=True)
class Residency:
    """What stays in INPUT, [engines, layers]: a layer's source, residual operand, output; the vectors left free; and
    whether it runs together with the next layer."""

    source: npt.NDArray[np.bool_]
    operand: npt.NDArray[np.bool_]
    output: npt.NDArray[np.bool_]
    free: Array
    beside: npt.NDArray[np.bool_]

    def take(self, index: npt.NDArray[np.int64]) -> "Residency":
        """The same for a selection of layers."""
        source, operand, output = (part[:, index] for part in (self.source, self.operand, self.output))
        return Residency(source, operand, output, self.free[:, index], self.beside[:, index])


def nothing_stays(engines: Engines, count: int) -> Residency:
    """``count`` layers with every map in device memory."""
    nothing = np.zeros((len(engines.rows), count), dtype=bool)
    return Residency(nothing, nothing, nothing, np.broadcast_to(engines.inp_vectors, nothing.shape), nothing)


def residency(engines: Engines, layers: Sequence[Work], assume: Assumptions = DEFAULT) -> Residency:
    """The scheduler's choice."""
    if not assume.resident:
        return nothing_stays(engines, len(layers))
    steps = tuple(work.step for work in layers)
    together = pairs(steps)
    kinds, of = np.unique(
        np.hstack([engines.rows, engines.rows // engines.cols, engines.inp_vectors]).astype(np.int64),
        axis=0,
        return_inverse=True,
    )
    placed = [place(steps, *kind) for kind in kinds.tolist()]
    # the last column stands for "no layer"
    kept = np.array([[n in found.places for n in range(len(layers) + 1)] for found in placed], dtype=bool)
    free = np.array([[size for _, size in found.free] for found in placed], dtype=np.float64)
    beside = kept[:, :-1] & np.array([n in together for n in range(len(layers))], dtype=bool)
    source = kept[:, [work.sources[0] for work in layers]]
    operand = kept[:, [work.sources[1] if len(work.sources) > 1 else -1 for work in layers]]
    at = of.reshape(-1)
    return Residency(source[at], operand[at], kept[at, :-1], free[at], beside[at])


@dataclass(frozen=True)
class Shapes:
    """Layers as rows [1, layers]."""

    in_h: Array
    in_w: Array
    in_c: Array
    out_h: Array
    out_w: Array
    out_c: Array
    taps: Array
    reach_h: Array
    reach_w: Array
    stride_h: Array
    stride_w: Array
    passes: Array
    skip: Array
    gemm: npt.NDArray[np.bool_]
    diagonal: npt.NDArray[np.bool_]

    @staticmethod
    def of(layers: Sequence[Work]) -> "Shapes":
        def row(name: str) -> Array:
            return np.array([getattr(work, name) for work in layers], dtype=np.float64)[None, :]

        def among(*kinds: Kind) -> npt.NDArray[np.bool_]:
            return np.array([work.kind in kinds for work in layers], dtype=bool)[None, :]

        return Shapes(
            in_h=row("in_h"),
            in_w=row("in_w"),
            in_c=row("in_c"),
            out_h=row("out_h"),
            out_w=row("out_w"),
            out_c=row("out_c"),
            taps=row("taps_h") * row("taps_w"),
            reach_h=row("reach_h"),
            reach_w=row("reach_w"),
            stride_h=row("stride_h"),
            stride_w=row("stride_w"),
            passes=row("passes"),
            skip=row("skip"),
            gemm=among(Kind.CONV, Kind.DENSE, Kind.DEPTHWISE, Kind.JOIN),
            diagonal=among(Kind.DEPTHWISE, Kind.JOIN),
        )


@dataclass(frozen=True)
class Tiling:
    """Tiles of every layer on every engine, [engines, layers].

    tile_h, tile_w: outputs of an accumulator tile; tiles: how many; load_h: output rows whose inputs lie in INPUT at
    once; chunks: parts of the sum, where one tile's inputs do not fit; input_reads, weight_reads: how often each input
    and each weight is loaded, halos apart.
    """

    vectors: Array
    tile_h: Array
    tile_w: Array
    tiles: Array
    load_h: Array
    chunks: Array
    input_reads: Array
    weight_reads: Array


def tiling(engines: Engines, shape: Shapes, stays: Residency) -> Tiling:
    """The scheduler's choice of tiles: nearly equal ones of at most a bank of ACC and half of OUT, their inputs in half
    of INPUT; inputs of several of them at once where the weights would be read again."""
    e = engines
    vectors = np.ceil(shape.in_c / e.rows)
    held = np.where(shape.gemm & ~shape.diagonal, vectors, 1.0)
    blocks, half = np.ceil(shape.out_c / e.cols), np.floor(e.wgt_depth / 2)
    block_words = held * shape.taps * e.tile_words
    limit = np.minimum(e.acc_depth, np.floor(e.out_depth / 2))

    def inputs(height: Array, width: Array, depth: Array) -> Array:
        rows = (height - 1) * shape.stride_h + shape.reach_h
        return depth * rows * ((width - 1) * shape.stride_w + shape.reach_w)

    tile_w = _even(shape.out_w, np.minimum(shape.out_w, limit))
    tile_h = _even(shape.out_h, np.clip(np.floor(limit / tile_w), 1, shape.out_h))

    def grouped() -> Array:
        """Output blocks of one ALU pass."""
        pixels = tile_h * tile_w
        most = np.minimum(
            np.floor(SMALL_TILE / pixels), np.minimum(np.floor(limit / pixels), np.floor(e.par_depth / 2))
        )
        return np.maximum(1.0, np.minimum(blocks, most))

    operand = np.where(shape.gemm, shape.skip, 0.0) * np.ceil(grouped() * tile_h * tile_w * e.cols / e.rows)
    room = np.maximum(np.floor((stays.free - 2 * operand) / 2), 1.0)
    small = np.minimum(SMALL_TILE, tile_h * tile_w)
    for depth, least in ((held, small), (np.ones_like(held), np.ones_like(small))):
        while True:
            cut = (inputs(tile_h, tile_w, depth) > room) & (tile_h * tile_w > least) & ~stays.source
            if not cut.any():
                break
            tall = tile_h > 1
            tile_w = np.where(cut & ~tall, np.ceil(tile_w / 2), tile_w)
            tile_h = np.where(cut & tall, np.ceil(tile_h / 2), tile_h)
    per_vector = inputs(tile_h, tile_w, np.ones_like(held))
    chunks = np.where(
        (inputs(tile_h, tile_w, held) > room) & ~stays.source,
        np.ceil(held / np.maximum(np.floor(room / per_vector), 1)),
        1.0,
    )
    tiles_h, tiles_w = np.ceil(shape.out_h / tile_h), np.ceil(shape.out_w / tile_w)
    resident = (chunks == 1) & (block_words * blocks <= half)
    held_weights = (chunks == 1) & (block_words <= half)
    columns = (tile_w - 1) * shape.stride_w + shape.reach_w
    rows_fit = np.floor((np.floor(room / (held * columns)) - shape.reach_h) / shape.stride_h) + 1
    grown = np.where(rows_fit >= shape.out_h, shape.out_h, np.maximum(np.floor(rows_fit / tile_h), 1) * tile_h)
    grows = ~resident & (chunks == 1) & (tiles_w == 1) & shape.gemm
    load_h = np.where(grows, _even(shape.out_h, grown), tile_h)
    loads = np.ceil(shape.out_h / load_h) * tiles_w
    tiles = tiles_h * tiles_w
    group = np.maximum(1.0, np.minimum(grouped(), np.floor(half / block_words)))
    input_reads = np.where((chunks > 1) & shape.gemm, np.ceil(blocks / group), 1.0)
    weight_reads = np.where(resident, 1.0, np.where(held_weights, np.where(stays.source, 1.0, loads), tiles))
    return Tiling(vectors, tile_h, tile_w, tiles, load_h, chunks, input_reads, weight_reads)


def streams(shape: Shapes, tiles: Tiling, least: Array) -> Array:
    """Cycles in which one weight tile meets every pixel of the map; a tile shorter than ``least`` counts as that."""
    total = np.zeros_like(tiles.tiles)
    for height, rows in _sizes(shape.out_h, tiles.tile_h):
        for width, columns in _sizes(shape.out_w, tiles.tile_w):
            total = total + rows * columns * np.maximum(height * width, least)
    return total


def _sizes(total: Array, largest: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """The two sizes of nearly equal parts, and how many there are of each."""
    count = np.ceil(total / largest)
    short = np.floor(total / count)
    long = total - short * count
    return (short, count - long), (short + 1, long)


def _even(total: Array, largest: Array) -> Array:
    """The largest of the fewest nearly equal parts of at most ``largest``."""
    return np.ceil(total / np.ceil(total / largest))
