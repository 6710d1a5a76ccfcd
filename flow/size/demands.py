"""What the steps of a layer ask of the units: cycles and instructions of LOAD, GEMM, ALU and STORE, [engines, layers].

A step is one accumulator tile of one group of output blocks. The steps of a layer run macro tile by macro tile (inputs
that lie in INPUT at once), in each group by group, in each tile by tile. Tiles are nearly equal; here they are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from flow.isa import description as isa
from flow.schedule.compiler import MOST_IN_TURN
from flow.schedule.steps import ConstantImage
from flow.schedule.timing_units import ALU_AGAIN, SHORTEST_STREAM
from flow.size.engines import Array, Engines, Indices, Mask
from flow.size.tiling import Residency, Shapes, Tiling, streams
from flow.size.transfers import Moves, Transfer
from flow.size.work import Work

#: LOAD writes an entry of a table a cycle
TABLE_CYCLES = float(isa.TABLE_ENTRIES)

#: layers before one whose weights and parameters may still be in use
LAYERS_BACK = 3

#: pieces of a step's weights or inputs that are loaded ahead at most
MOST_PIECES = 4.0


@dataclass(frozen=True)
class Demands:
    """macros, groups, tiles: loops of steps. image: bytes of its constants. held_share: of WEIGHT, what a group takes.
    weights_after, parameters_after: layers that must have ended before its first ones have room; -1: none.

    tables, constants: LOADs at a layer's start, before and after the fill of its output's border, which takes
    ``border`` cycles and ``fills`` instructions. inputs: once a macro tile. held: once a group (parameters, weights),
    in ``held_pieces``. streamed: in each step, while GEMM works on what came before; piece: share of the largest part;
    loops: times that GEMM must have done with one before the step's last is there. operand: in each step. gemm, alu:
    cycles of a step; slack: by which the last weight tile's successor takes longer to load than its stream. store: of
    a step. macro_room, group_room, operand_room, out_room: how many of them the buffers hold."""

    macros: Array
    groups: Array
    tiles: Array
    image: Array
    held_share: Array
    weights_after: Indices
    parameters_after: Indices
    tables: Transfer
    border: Array
    fills: Array
    constants: Transfer
    inputs: Transfer
    held: Transfer
    held_pieces: Array
    streamed: Transfer
    piece: Array
    loops: Array
    operand: Transfer
    gemm: Array
    slack: Array
    gemm_instructions: Array
    alu: Array
    alu_instructions: Array
    store: Transfer
    macro_room: Array
    group_room: Array
    operand_room: Array
    out_room: Array


def selections(e: Engines, layers: Sequence[Work]) -> Array:
    """Weight tiles that make all output blocks of a join, [engines, layers]: one for every stretch of channels of one
    part, one input vector and one output block. 0 of the others, and where that is not known."""
    found = np.zeros((len(e.rows), len(layers)))
    for n, work in enumerate(layers):
        start = 0
        for channels in work.parts:
            blocks = np.ceil((start + channels) / e.cols) - np.floor(start / e.cols)
            inside = np.where(start % e.cols > 0, np.ceil(channels / e.rows) - 1, 0.0)
            found[:, n] += (blocks + inside)[:, 0]
            start += channels
    return found


@dataclass(frozen=True)
class _Step:
    """What a step is: pixels of tile_h x tile_w, ``group`` of the output's ``blocks``. words: of one block's weights;
    loads, joins: of a step's weights; of one LOAD of inputs rows x columns, ``padded`` positions with padding, and
    ``depth`` input vectors. parts: LOADs of a tile's channel blocks. full_w, full_h: it is as large as the map."""

    conv: Mask
    blocks: Array
    in_blocks: Array
    group: Array
    pixels: Array
    tile_h: Array
    tile_w: Array
    words: Array
    loads: Array
    joins: Array
    rows: Array
    columns: Array
    padded: Array
    depth: Array
    parts: Array
    full_w: Mask
    full_h: Mask
    all_parameters: Mask

    @staticmethod
    def of(e: Engines, shape: Shapes, t: Tiling, selected: Array) -> "_Step":
        blocks, in_blocks = np.ceil(shape.out_c / e.cols), np.ceil(shape.in_c / e.cols)
        conv = shape.gemm & ~shape.join
        group = blocks / t.groups
        pixels = shape.out_h * shape.out_w / t.tiles * _loads_of_output(shape, t)
        tile_w = shape.out_w / np.ceil(shape.out_w / t.tile_w)
        tile_h = pixels / tile_w
        words = np.where(conv & ~shape.diagonal, t.vectors, 1.0) * shape.taps * e.tile_words
        load_h = np.where(conv, shape.out_h / (t.macros / np.ceil(shape.out_w / t.tile_w)), tile_h)
        high = (load_h - 1) * shape.stride_h + shape.reach_h - t.chunk_h
        wide = (tile_w - 1) * shape.stride_w + shape.reach_w
        rows = np.where(shape.mean, shape.in_h / t.tiles, np.minimum(high, shape.in_h))
        return _Step(
            conv=conv,
            blocks=blocks,
            in_blocks=in_blocks,
            group=group,
            pixels=pixels,
            tile_h=tile_h,
            tile_w=tile_w,
            words=words,
            loads=t.pieces * group,
            joins=np.maximum(selected / blocks, 1.0),
            rows=rows,
            columns=np.minimum(wide, shape.in_w),
            padded=np.where(shape.mean, rows, high) * wide,
            depth=np.ceil(t.vectors / t.chunks),
            parts=np.minimum(e.blocks, in_blocks),
            full_w=tile_w >= shape.out_w,
            full_h=tile_h >= shape.out_h,
            all_parameters=conv & (blocks <= np.floor(e.par_depth / 2)),
        )


def _loads_of_output(shape: Shapes, t: Tiling) -> Array:
    """The one output of a mean has several loads."""
    return np.where(shape.mean, t.tiles, 1.0)


def demands(e: Engines, shape: Shapes, t: Tiling, stays: Residency, selected: Array, latency: float) -> Demands:
    """Of every layer on every engine. selected: weight tiles of a join. latency: of the memory, in cycles."""
    moves = Moves(e, latency)
    s = _Step.of(e, shape, t, selected)
    tables = np.where(s.conv, 2 * shape.skip, np.where(shape.binary, 2.0, shape.offsets)) + shape.table
    constants = moves.words(s.blocks * e.par_words).where(s.all_parameters)
    constants = constants.plus(moves.words(s.words * s.blocks).where(t.resident))
    held = moves.words(s.words).times(s.group).where(t.held & ~t.resident)
    parameters = moves.words(s.group * e.par_words)
    held = parameters.where(s.conv & ~s.all_parameters | (shape.offsets > 0)).plus(held)
    inputs, streamed = _inputs(e, moves, shape, t, stays, s)
    tile = moves.map(s.tile_h, s.tile_w, s.group, s.pixels, s.full_w, s.full_h)
    store = moves.map(s.tile_h, s.tile_w, s.group, s.pixels, s.full_w, s.full_h, False)
    gemm, gemms, slack = _gemm(e, shape, t, s)
    alu, alus = _alu(e, shape, t, stays, s)

    alone = ~shape.gemm  # each group loads its own inputs
    macros, groups = np.where(alone, t.macros * t.groups, t.macros), np.where(alone, 1.0, t.groups)
    tiles = t.tiles / t.macros
    adds = s.conv & (shape.skip > 0) & ~stays.operand
    input_size = s.padded * np.where(s.conv, s.depth, s.group / e.blocks * np.where(shape.binary, 2.0, 1.0))
    group_size = np.where(t.held & ~t.resident, s.words * s.group, 0.0)
    operand_size = s.pixels * s.group / e.blocks
    chunked = s.conv & (t.chunks > 1)
    pieces = np.maximum(np.where(shape.join, s.joins, np.where(chunked, t.chunks, s.loads)), 1.0)
    room = _room(e.wgt_depth, s.words / t.pieces)
    average = np.where(t.chunk_h > 0, 1.0, t.vectors / t.chunks) * s.padded
    ring = stays.free - np.where(adds, 2 * operand_size, 0.0)
    chunk_room = 1 + np.floor(np.maximum(ring - t.chunk_size, 0.0) / average)
    room = np.where(chunked, np.minimum(chunk_room, room), room)
    with_parameters = s.conv | (shape.offsets > 0)
    first_parameters = np.where(s.all_parameters, s.blocks, np.where(with_parameters, s.group, 0.0))
    found = Demands(
        macros=macros,
        groups=groups,
        tiles=tiles,
        image=_image(e, shape, s.words * s.blocks, s.blocks),
        held_share=group_size / e.wgt_depth,
        weights_after=_after(e.wgt_depth, np.where(t.resident, s.words * s.blocks, group_size)),
        parameters_after=_after(e.par_depth, first_parameters),
        tables=Transfer(TABLE_CYCLES * tables, tables, tables, 0 * tables, tables),
        border=stays.fill,
        fills=stays.fills,
        constants=constants,
        inputs=inputs,
        held=held,
        held_pieces=np.where(t.held & ~t.resident, s.loads, 1.0),
        streamed=streamed,
        piece=np.where(chunked, t.chunk, 1 / pieces),
        loops=pieces / np.minimum(room, MOST_PIECES),
        operand=tile.where(adds),
        gemm=gemm,
        slack=slack,
        gemm_instructions=gemms,
        alu=alu,
        alu_instructions=alus,
        store=store.where(~stays.output).times(1 / _loads_of_output(shape, t)),
        macro_room=_room(stays.free, input_size),
        group_room=_room(e.wgt_depth, group_size),
        operand_room=_room(stays.free - input_size, operand_size + np.where(tiles * t.groups == 1, input_size, 0.0)),
        out_room=_room(e.out_depth, s.pixels * s.group),
    )
    return _beside(found, t, stays, t.tiles * t.groups)


def _inputs(
    e: Engines, moves: Moves, shape: Shapes, t: Tiling, stays: Residency, s: _Step
) -> tuple[Transfer, Transfer]:
    """LOADs of a macro tile, and those of each step while GEMM works: weights that are not held, parts of a sum."""
    moved = ~stays.source
    whole_w, whole_h = s.columns >= shape.in_w, s.rows >= shape.in_h
    planes = s.depth * s.in_blocks / (t.vectors * s.parts)
    vectors = moves.map(s.rows, s.columns, planes, s.padded, whole_w, whole_h & (e.blocks == 1)).times(s.parts)
    blocks = moves.map(s.rows, s.columns, s.group, s.padded, whole_w, whole_h)
    blocks = blocks.times(np.where(shape.binary, 2.0, 1.0))
    inputs = blocks.where(moved & ~shape.gemm).plus(vectors.where(moved & s.conv & (t.chunks == 1)))
    weights = moves.words(s.words / t.pieces).times(s.loads)
    streamed = weights.plus(vectors.times(t.chunks).where(moved & (t.chunks > 1))).where(s.conv & ~t.held)
    one = moves.map(s.tile_h, s.tile_w, np.ones_like(s.parts), s.pixels, s.full_w, np.zeros_like(moved))
    chosen = moves.words(e.tile_words).plus(one.times(s.parts)).times(s.joins)
    return inputs, streamed.plus(chosen.where(shape.join))


def _gemm(e: Engines, shape: Shapes, t: Tiling, s: _Step) -> tuple[Array, Array, Array]:
    """Cycles and instructions of a step, and by how much a weight tile's loading outlasts its stream."""
    stream = streams(shape, t, np.maximum(e.tile_words, float(SHORTEST_STREAM))) / t.tiles
    products = np.where(s.conv, s.words / e.tile_words * s.group, s.joins)
    instructions = np.where(s.conv, s.loads, np.where(shape.join, s.joins, 0.0))
    cycles = np.where(shape.gemm, products * stream + instructions, 0.0)
    return cycles, instructions, np.where(shape.gemm, np.maximum(stream - s.pixels, 0.0), 0.0)


def _alu(e: Engines, shape: Shapes, t: Tiling, stays: Residency, s: _Step) -> tuple[Array, Array]:
    """Cycles and instructions of a step: a pass waits until the one before it can be read."""
    apart = s.conv & (stays.output | stays.operand & (shape.skip > 0))  # block by block
    passes = np.where(shape.gemm | shape.binary | shape.pool, shape.passes, 1.0)
    runs = np.where(apart, s.group, 1.0)
    length = s.pixels * s.group / runs
    cycles = runs * ((passes - 1) * np.maximum(length + 1, ALU_AGAIN) + length + 1)
    mean, means = _mean(e, shape, stays, s.group)
    cycles = np.where(shape.mean, mean / t.tiles, cycles)
    return cycles, np.where(shape.mean, np.maximum(means / t.tiles, 1.0), runs * passes)


def _image(e: Engines, shape: Shapes, words: Array, blocks: Array) -> Array:
    """Bytes of a layer's constants: weights, parameters, tables, each aligned."""
    weights = np.where(shape.gemm, words * e.axi_bytes, 0.0)
    parameters = np.where((shape.gemm & ~shape.join) | (shape.offsets > 0), blocks * e.cols * isa.PARAMETER_BYTES, 0.0)
    entries = 4.0 * isa.TABLE_ENTRIES * np.where(shape.gemm, 2 * shape.skip, 2.0 * shape.binary + shape.offsets)
    pieces = (weights, parameters, entries + isa.TABLE_ENTRIES * shape.table)
    aligned = [np.ceil(size / ConstantImage.ALIGNMENT) * ConstantImage.ALIGNMENT for size in pieces]
    return np.asarray(np.sum(aligned, axis=0), dtype=np.float64)


def _after(depth: Array, size: Array) -> Indices:
    """Of each layer the last one before it that must have ended for its words to have room in a buffer of which layers
    take ``size`` words, one after the other; -1: none."""
    found = np.full(size.shape, -1, dtype=np.int64)
    count = size.shape[1]
    for back in range(min(LAYERS_BACK, count - 1), 0, -1):
        used = np.sum([size[:, at : count - back + at] for at in range(back + 1)], axis=0)
        late = (used > depth) & (size[:, back:] > 0)
        found[:, back:] = np.where(late, np.arange(count - back), found[:, back:])
    return found


def _room(size: Array, each: Array) -> Array:
    return np.maximum(np.floor(size / np.maximum(each, 1.0)), 1.0)


def _mean(e: Engines, shape: Shapes, stays: Residency, group: Array) -> tuple[Array, Array]:
    """Cycles and instructions of the sums over the map: a sum waits until the one before it can be read."""
    parts = np.where(stays.source, np.minimum(e.blocks, group), 1.0)
    sums = np.ceil(group / parts)
    again = np.maximum(sums, ALU_AGAIN)
    first_row, others = (shape.in_w - 1) * again, (shape.in_h - 1) * shape.in_w * again
    cycles = parts * (np.maximum(sums + 1, ALU_AGAIN) + first_row + others) + group + ALU_AGAIN
    return cycles, 3 * parts + 1


def _beside(d: Demands, t: Tiling, stays: Residency, steps: Array) -> Demands:
    """A pooling beside the convolution before it: most of its parts run between the convolution's."""
    pooling = np.zeros_like(stays.beside)
    pooling[:, 1:] = stays.beside[:, :-1]
    if not pooling.any():
        return d
    before = np.zeros_like(steps)
    before[:, 1:] = (t.macros * t.groups)[:, :-1]
    share = np.zeros_like(steps)
    share[:, 1:] = ((t.macros - 1) / t.macros)[:, :-1]
    between = np.where(pooling, np.minimum(MOST_IN_TURN * before, np.floor(steps * share)), 0.0)
    rest = np.maximum(steps - between, 1.0)

    def moved(part: Array) -> Array:
        found = np.zeros_like(steps)
        found[:, :-1] = (part * between)[:, 1:]
        return found / steps

    store = d.store
    return Demands(**{
        **{f.name: getattr(d, f.name) for f in fields(d)},
        "alu": d.alu + moved(d.alu),
        "alu_instructions": d.alu_instructions + moved(d.alu_instructions),
        "store": store.plus(Transfer(*(moved(getattr(store, f.name)) for f in fields(store)))),
        "macros": np.where(pooling, rest, d.macros),
    })
