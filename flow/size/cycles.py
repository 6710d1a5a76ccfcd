"""Analytic cycle model: bounds of every layer on an engine, for one engine or thousands at once.

Every layer is bound by the array (GEMM), the ALU or the memory; its estimate is the largest of the three plus what
cannot overlap, most where a layer is one tile. All arithmetic is on arrays [engines, layers], so
that a search costs a few passes. One ALU vector is pix x cols lanes, one GEMM vector pix x rows, one per cycle each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.size.placement import pairs, place
from flow.size.work import Kind, Work

Array = npt.NDArray[np.float64]

BOUNDS = ("array", "ALU", "memory")

#: GEMM, ALU and STORE of one accumulator tile and output block.
INSTRUCTIONS_PER_TILE = 3

#: Positions below which a tile is not cut to make its inputs fit; the sum is.
SMALL_TILE = 64


@dataclass(frozen=True)
class Assumptions:
    """What the model takes for granted (cycles).

    memory_share: share of a channel's width that transfers reach.
    shortest_stream: cycles before the same accumulators can be used again.
    launch: cycles from the doorbell to the first instruction, and from the last response to done.
    layer_latency: cycles from a layer's last work to the next one's first, memory latencies included.
    exposed: share that nothing hides of a single tile's load and of its results' way out.
    instruction_gap: cycles lost from one GEMM or ALU instruction to the next.
    resident: maps that fit into INPUT while they live never leave the chip.
    """

    memory_share: float = 0.8
    shortest_stream: int = 4
    launch: int = 350
    layer_latency: int = 200
    exposed: float = 1.0
    instruction_gap: int = 12
    resident: bool = True


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
    out_depth: Array
    par_depth: Array
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
            out_depth=field("out_depth"),
            par_depth=field("par_depth"),
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
    stream = _streams(shape, t, least)
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


def _streams(shape: Shapes, tiles: Tiling, least: Array) -> Array:
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
