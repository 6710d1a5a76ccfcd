"""Which maps stay on the chip and how layers are cut into tiles: the scheduler's choices, for many engines at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from flow.schedule.elementwise import SHORT
from flow.schedule.placement import Placement, Step, pairs, place, readers
from flow.schedule.tiling import SMALL_TILE
from flow.size.engines import Array, Engines, Mask
from flow.size.work import Kind, Work


@dataclass(frozen=True)
class Residency:
    """What stays in INPUT, [engines, layers]: a layer's source, residual operand, output; the vectors left free; and
    whether it runs together with the next layer. fill: cycles of filling its output's border; fills: instructions;
    after: the last layer before that used the place of a border, -1 if none did."""

    source: Mask
    operand: Mask
    output: Mask
    free: Array
    beside: Mask
    fill: Array
    fills: Array
    after: npt.NDArray[np.int64]

    def behind(self, other: "Residency") -> "Residency":
        """These engines and then the ``other`` ones."""
        return Residency(**{f.name: np.vstack([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)})


def nothing_stays(engines: Engines, count: int) -> Residency:
    """``count`` layers with every map in device memory."""
    nothing = np.zeros((len(engines.rows), count), dtype=bool)
    none = np.zeros(nothing.shape)
    free, after = none + engines.inp_vectors, np.full(nothing.shape, -1, dtype=np.int64)
    return Residency(nothing, nothing, nothing, free, nothing, none, none, after)


def residency(engines: Engines, layers: Sequence[Work]) -> Residency:
    """The maps that the scheduler would keep."""
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
    fills = np.array([_fills(steps, found, *kind[:2]) for found, kind in zip(placed, kinds.tolist(), strict=True)])
    at = of.reshape(-1)
    fill, count, after = np.moveaxis(fills[at].reshape(len(at), len(layers), 3), 2, 0)
    return Residency(source[at], operand[at], kept[at, :-1], free[at], beside[at], fill, count, after.astype(np.int64))


def _fills(steps: Sequence[Step], found: Placement, rows: int, blocks: int) -> list[tuple[int, int, int]]:
    """Of each layer the cycles and instructions that fill its output's border, and the last layer before it that used
    the place."""
    last = {n: max(after, default=n) for n, after in enumerate(readers(steps))}
    users = [(place.base, place.base + place.size, n, last[n]) for n, place in found.places.items()]
    users += [(base, base + size, n, n) for n, (base, size) in enumerate(found.free)
              if any(source not in found.places for source in steps[n].sources)]
    result = []
    for n, step in enumerate(steps):
        place = found.places.get(n)
        if place is None:
            result.append((0, 0, -1))
            continue
        around, vectors = place.border, -(-step.channels // rows)
        pitch, height = step.width + around.left + around.right, step.height + around.top + around.bottom
        pieces = [size for size in (around.top * pitch, around.bottom * pitch, height * around.left,
                                    height * around.right) if size]
        if not pieces:
            result.append((0, 0, -1))
            continue
        before = [min(end, n - 1) for low, high, first, end in users
                  if first < n and low < place.base + place.size and place.base < high]
        result.append((sum(pieces) * vectors * blocks, len(pieces), max(before, default=-1)))
    return result


@dataclass(frozen=True)
class Shapes:
    """Layers as rows [1, layers]."""

    in_h: Array
    in_w: Array
    in_c: Array
    out_h: Array
    out_w: Array
    out_c: Array
    taps_h: Array
    taps_w: Array
    reach_h: Array
    reach_w: Array
    stride_h: Array
    stride_w: Array
    top: Array
    left: Array
    passes: Array
    skip: Array
    table: Array
    offsets: Array
    gemm: Mask
    diagonal: Mask
    join: Mask
    pool: Mask
    mean: Mask
    binary: Mask

    @staticmethod
    def of(layers: Sequence[Work]) -> "Shapes":
        def row(read: Callable[[Work], float]) -> Array:
            return np.array([read(work) for work in layers], dtype=np.float64)[None, :]

        def field(name: str) -> Array:
            return row(attrgetter(name))

        def among(*kinds: Kind) -> Mask:
            return np.array([work.kind in kinds for work in layers], dtype=bool)[None, :]

        names = ("in_h", "in_w", "in_c", "out_h", "out_w", "out_c", "taps_h", "taps_w", "reach_h", "reach_w",
                 "stride_h", "stride_w", "passes", "skip", "table",
                 "offsets")
        return Shapes(
            **{name: field(name) for name in names},
            top=field("border.top"),
            left=field("border.left"),
            gemm=among(Kind.CONV, Kind.DENSE, Kind.DEPTHWISE, Kind.JOIN),
            diagonal=among(Kind.DEPTHWISE, Kind.JOIN),
            join=among(Kind.JOIN),
            pool=among(Kind.POOL),
            mean=among(Kind.MEAN),
            binary=among(Kind.BINARY),
        )

    def take(self, index: npt.NDArray[np.int64]) -> "Shapes":
        """Of each engine the layers ``index`` [engines, ...]."""
        return Shapes(**{f.name: getattr(self, f.name)[0][index] for f in fields(self)})

    @property
    def taps(self) -> Array:
        return self.taps_h * self.taps_w


@dataclass(frozen=True)
class Tiling:
    """Tiles of every layer on every engine, [engines, layers].

    tile_h, tile_w: outputs of an accumulator tile; tiles: how many; load_h: output rows whose inputs lie in INPUT at
    once; macros: loads of inputs; group: output blocks of one ALU pass; groups: how many; chunks: parts of the sum,
    where one tile's inputs do not fit; chunk, chunk_size: share and input vectors of the largest; chunk_h: source rows
    that one leaves out; pieces: loads of one output block's weights; resident: all weights of the layer lie
    in WEIGHT at once; held: those of a group do; input_reads, weight_reads: how often each input and each weight is
    loaded, halos apart.
    """

    vectors: Array
    tile_h: Array
    tile_w: Array
    tiles: Array
    load_h: Array
    macros: Array
    group: Array
    groups: Array
    chunks: Array
    chunk: Array
    chunk_h: Array
    chunk_size: Array
    pieces: Array
    resident: Mask
    held: Mask
    input_reads: Array
    weight_reads: Array


def tiling(engines: Engines, shape: Shapes, stays: Residency) -> Tiling:
    """The scheduler's choice of tiles: nearly equal ones of at most a bank of ACC and half of OUT, their inputs in half
    of INPUT; inputs of several of them at once where the weights would be read again."""
    e = engines
    vectors = np.ceil(shape.in_c / e.rows)
    conv = shape.gemm & ~shape.join
    held = np.where(shape.gemm & ~shape.diagonal, vectors, 1.0)
    deep = np.where(conv, vectors, 1.0)  # a block-diagonal layer loads all vectors, too
    blocks, half = np.ceil(shape.out_c / e.cols), np.floor(e.wgt_depth / 2)
    block_words = held * shape.taps * e.tile_words
    most = np.minimum(e.acc_depth, np.floor(e.out_depth / 2))
    limit = np.where(shape.pool & stays.source, np.maximum(1, np.floor(most / SHORT)), most)
    limit = np.where(shape.join, np.maximum(1, np.minimum(most, np.floor(stays.free / 4))), limit)

    dilation = (shape.reach_h - 1) / np.maximum(shape.taps_h - 1, 1)

    def inputs(height: Array, width: Array, depth: Array, taps_h: Array = shape.taps_h) -> Array:
        """Input vectors of a tile; blocks if the ALU reads them."""
        rows = (height - 1) * shape.stride_h + (taps_h - 1) * dilation + 1
        reading = depth * rows * ((width - 1) * shape.stride_w + shape.reach_w)
        return np.where(shape.binary, 2 * height * width + 2, reading)

    tile_w = _even(shape.out_w, np.minimum(shape.out_w, limit))
    tile_h = _even(shape.out_h, np.clip(np.floor(limit / tile_w), 1, shape.out_h))

    def grouped() -> Array:
        """Output blocks of one ALU pass."""
        pixels = tile_h * tile_w
        several = np.minimum(np.floor(SMALL_TILE / pixels), np.floor(e.par_depth / 2))
        several = np.where(conv, several, np.floor(room / inputs(tile_h, tile_w, np.ones_like(held))))
        several = np.where(shape.mean, mean_group, several)
        several = np.where(shape.offsets > 0, np.minimum(several, np.maximum(np.floor(e.par_depth / 2), 1)), several)
        single = shape.join | (shape.pool & stays.source)
        return np.where(single, 1.0, np.clip(np.minimum(several, np.floor(limit / pixels)), 1.0, blocks))

    room = np.where(conv, stays.free, np.floor(stays.free / 2) * e.blocks)
    mean_group = np.where(stays.source, limit, np.floor(room / np.clip(room, 1, shape.in_w)))
    mean_group = np.clip(np.minimum(mean_group, limit), 1, blocks)
    operand = np.where(conv & ~stays.operand, shape.skip, 0.0) * np.ceil(grouped() * tile_h * tile_w / e.blocks)
    room = np.where(conv, np.maximum(np.floor((stays.free - 2 * operand) / 2), 1.0), room)
    small = np.where(conv, np.minimum(SMALL_TILE, tile_h * tile_w), 1.0)
    fits = stays.source | shape.join | shape.mean
    one = np.ones_like(held)
    for depth, taps_h, least in ((deep, shape.taps_h, small), (one, np.where(conv, 1.0, shape.taps_h), one)):
        while True:
            cut = (inputs(tile_h, tile_w, depth, taps_h) > room) & (tile_h * tile_w > least) & ~fits
            if not cut.any():
                break
            tall = tile_h > 1
            tile_w = np.where(cut & ~tall, np.ceil(tile_w / 2), tile_w)
            tile_h = np.where(cut & tall, np.ceil(tile_h / 2), tile_h)
    per_vector = inputs(tile_h, tile_w, one)
    chunked = (inputs(tile_h, tile_w, deep) > room) & ~stays.source & conv
    fit_rows = np.floor(room / ((tile_w - 1) * shape.stride_w + shape.reach_w)) - (tile_h - 1) * shape.stride_h - 1
    taps_h = np.clip(np.floor(fit_rows / np.maximum(dilation, 1)) + 1, 1, shape.taps_h)
    row_parts = np.ceil(shape.taps_h / taps_h)
    by_rows = deep * row_parts
    by_vectors = np.ceil(deep / np.maximum(np.floor(room / per_vector), 1))
    chunks = np.where(chunked, np.where(per_vector <= room, by_vectors, by_rows), 1.0)
    largest = np.where(per_vector <= room, np.floor(room / per_vector), taps_h / shape.taps_h) / deep
    chunk = np.where(chunked, np.minimum(largest, 1.0), 1.0)
    kernel_rows = shape.taps_h / row_parts
    chunk_h = np.where(chunked & (per_vector > room), (shape.taps_h - kernel_rows) * dilation, 0.0)
    depth = np.where(per_vector <= room, np.floor(room / per_vector), 1.0)
    chunk_size = inputs(tile_h, tile_w, depth, np.where(per_vector <= room, shape.taps_h, taps_h))
    tiles_h, tiles_w = np.ceil(shape.out_h / tile_h), np.ceil(shape.out_w / tile_w)
    resident = (chunks == 1) & (block_words * blocks <= half) & conv
    held_weights = (chunks == 1) & (block_words <= half) & conv
    columns = (tile_w - 1) * shape.stride_w + shape.reach_w
    rows_fit = np.floor((np.floor(room / (deep * columns)) - shape.reach_h) / shape.stride_h) + 1
    grown = np.where(rows_fit >= shape.out_h, shape.out_h, np.maximum(np.floor(rows_fit / tile_h), 1) * tile_h)
    grows = ~resident & (chunks == 1) & (tiles_w == 1) & conv
    load_h = np.where(grows, _even(shape.out_h, grown), tile_h)
    loads = np.ceil(shape.out_h / load_h) * tiles_w
    tiles = tiles_h * tiles_w
    summed_w = np.clip(np.floor(room / mean_group), 1, shape.in_w)
    summed_h = np.clip(np.floor(room / (mean_group * summed_w)), 1, shape.in_h)
    summed = np.ceil(shape.in_h / summed_h) * np.ceil(shape.in_w / summed_w)
    tiles = np.where(shape.mean & ~stays.source, summed, tiles)
    group = grouped()
    group = np.where(conv, np.maximum(1.0, np.minimum(group, np.floor(half / block_words))), group)
    groups = np.ceil(blocks / group)
    macros = np.where(conv, np.where(stays.source, 1.0, loads), tiles)
    tiles_of = np.where(macros == tiles, 1.0, np.ceil(load_h / tile_h))
    tiles = np.where(conv & ~stays.source, macros * tiles_of, tiles)
    piece_tiles = np.maximum(1.0, np.floor(half / e.tile_words))
    depth = np.ceil(held / chunks)  # chunks by kernel rows have one vector
    apart = np.where(shape.diagonal, np.where(chunked & (per_vector > room), row_parts, 1.0), chunks)
    whole = np.ceil(depth / np.maximum(np.floor(piece_tiles / shape.taps), 1.0))
    cut_up = depth * np.ceil(shape.taps_h / np.maximum(np.floor(piece_tiles / shape.taps_w), 1.0))
    cut_up = cut_up * np.ceil(shape.taps_w / np.minimum(shape.taps_w, piece_tiles))
    pieces = np.where(shape.taps <= piece_tiles, whole, cut_up) * apart
    input_reads = np.where((chunks > 1) & shape.gemm, groups, 1.0)
    weight_reads = np.where(resident, 1.0, np.where(held_weights, np.where(stays.source, 1.0, loads), tiles))
    return Tiling(
        vectors, tile_h, tile_w, tiles, load_h, macros, group, groups, chunks, chunk, chunk_h, chunk_size, pieces,
        resident, held_weights, input_reads, weight_reads,
    )  # fmt: skip


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
