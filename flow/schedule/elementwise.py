"""Layers that run in the ALU alone: pooling, mean, sums and products of tensors, tables, copies; and concatenation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from flow.errors import CapacityError, Problem
from flow.graph.ir import Tensor
from flow.isa.description import AluOp, Buffer, Opcode, Requant, Rounding, Source0, Source1, Table
from flow.isa.encoding import Instruction, make
from flow.schedule.average import reciprocal
from flow.schedule.geometry import Span, Tile, source_span, split, tiles
from flow.schedule.layers import BinaryLayer, JoinLayer, MapLayer, MeanLayer, OffsetLayer, PoolLayer
from flow.schedule.steps import Machine, Part, tensor_requantise
from flow.schedule.tiling import pixel_limit, spatial_tile
from flow.schedule.transfer import load_blocks, load_vectors, store_blocks

#: tiles of a pooling beside a convolution are this much smaller than the accumulators allow
SHORT = 4

FULL = {"clamp": 1, "clamp_min": -128, "clamp_max": 127}


def _whole(tile: Tile) -> tuple[Span, Span]:
    return Span(tile.y, tile.y + tile.height, 0, 0), Span(tile.x, tile.x + tile.width, 0, 0)


def _output(base: int, tile: Tile) -> dict[str, int]:
    return {"to_out": 1, "out_base": base, "k_out": tile.pixels, "i_out": tile.width, "j_out": 1}


def _accumulators(bank: int, tile: Tile) -> dict[str, int]:
    return {"acc_bank": bank, "k_acc": tile.pixels, "i_acc": tile.width, "j_acc": 1}


def _table(machine: Machine, code: list[Instruction], values: np.ndarray | None) -> dict[str, int]:
    """Load table O if there is one; ALU fields that use it."""
    if values is None:
        return {}
    slot, load = machine.load_table(Table.O, values)
    code.append(load)
    return {"table_o": 1, "slot_o": slot}


def _block_tiles(name: str, output: Tensor, machine: Machine,
                 needed: Callable[[int, int], int]) -> tuple[int, int, int]:
    """(tile height, tile width, blocks) such that ``needed(height, width)`` input blocks per channel block
    fit half the input buffer."""
    hw = machine.hw
    limit = pixel_limit(hw)
    room = machine.inp.size // 2 * hw.blocks
    height, width = spatial_tile(output.height, output.width, limit)
    while needed(height, width) > room and height * width > 1:
        height, width = (-(-height // 2), width) if height > 1 else (1, -(-width // 2))
    if needed(height, width) > room:
        found = f"one output pixel needs {needed(1, 1)} input blocks at once, half the input buffer holds {room}"
        raise CapacityError(Problem(f"layer {name}", found, "an engine with a deeper input buffer (inp_depth)"))
    blocks = -(-output.channels // hw.cols)
    return height, width, max(1, min(blocks, limit // (height * width), room // needed(height, width)))


def pool(layer: PoolLayer, machine: Machine) -> Iterator[Part]:
    """One ALU pass per tap; averages end with one pass per rectangle of equal count."""
    hw, window, source, output = machine.hw, layer.window, layer.source, layer.output
    loads: list[Instruction] = []
    table = _table(machine, loads, layer.table)
    resident = machine.residency.tensors.get(source.name)
    kernel, stride, dilation = window.kernel, window.stride, window.dilation

    def needed(height: int, width: int) -> int:
        return (((height - 1) * stride[0] + (kernel[0] - 1) * dilation[0] + 1)
                * ((width - 1) * stride[1] + (kernel[1] - 1) * dilation[1] + 1))

    if resident is None:
        height, width, group = _block_tiles(layer.name, output, machine, needed)
    else:  # the blocks of a vector lie between each other: one at a time; short, so that the array need not wait
        height, width = spatial_tile(output.height, output.width, max(1, pixel_limit(hw) // SHORT))
        group = 1

    def part(tile: Tile, first: int, count: int) -> list[Instruction]:
        rows, columns = tile.rows(window, source), tile.columns(window, source)
        code: list[Instruction] = []
        if resident is None:
            base = machine.inp.take(-(-count * rows.size * columns.size // hw.blocks)) * hw.blocks
            code.append(load_blocks(hw, machine.layouts[source.name], range(first, first + count), rows, columns, base,
                                    0 if layer.average else -128))
            view = _BlockView(base, rows.size * columns.size, columns.size, 1)
        else:
            base, row, column = resident.block(first, rows.start, columns.start, hw.blocks)
            view = _BlockView(base, 0, row, column)
        # beside a convolution: the bank whose results were just requantised, while the array fills the other
        bank = machine.bank if resident is not None else machine.next_bank()
        out = machine.out.take(count * tile.pixels)
        code += _taps(layer, tile, view, bank, out, count, table)
        code.append(store_blocks(hw, machine.layouts[output.name], range(first, first + count), tile, out))
        return code

    yield Part(lambda: loads, 0)
    for tile in tiles(output.height, output.width, height, width):
        for first, count in split(-(-output.channels // hw.cols), group):
            yield Part(partial(part, tile, first, count), min(tile.rows(window, source).stop, source.height))


@dataclass(frozen=True)
class _BlockView:
    """Where a tile's source lies in the input buffer: block address, steps per channel block, row, column."""

    base: int
    plane: int
    row: int
    column: int


def _taps(layer: PoolLayer, tile: Tile, source: _BlockView, bank: int, out: int, count: int,
          table: dict[str, int]) -> list[Instruction]:
    window = layer.window
    taps = [(h, w) for h in range(window.kernel[0]) for w in range(window.kernel[1])]
    clamp = {"clamp": 1, "clamp_min": layer.minimum, "clamp_max": layer.maximum}
    sizes = {"k_size": count, "i_size": tile.height, "j_size": tile.width}
    code: list[Instruction] = []
    for n, (h, w) in enumerate(taps):
        src = {"src_base": source.base + h * window.dilation[0] * source.row + w * window.dilation[1] * source.column,
               "k_src": source.plane, "i_src": window.stride[0] * source.row, "j_src": window.stride[1] * source.column}
        last = n == len(taps) - 1 and not layer.average
        fields = {**sizes, **src, **_accumulators(bank, tile)}
        fields |= {**_output(out, tile), **clamp, **table} if last else {"to_acc": 1}
        if n == 0:
            code.append(make(Opcode.ALU, op=AluOp.MOV, src0=Source0.INP, **fields))
        else:
            op = AluOp.ADD if layer.average else AluOp.MAX
            code.append(make(Opcode.ALU, op=op, src0=Source0.ACC, src1=Source1.INP, **fields))
    if layer.average:
        code += _averages(layer, tile, bank, out, count, {**clamp, **table})
    return code


def _counts(first: int, count: int, stride: int, dilation: int, kernel: int, before: int, limit: int) -> list[int]:
    """Taps inside the map for each of ``count`` outputs along one axis."""
    return [sum(0 <= n * stride - before + t * dilation < limit for t in range(kernel))
            for n in range(first, first + count)]


def _runs(values: list[int]) -> list[tuple[int, int, int]]:
    """(start, length, value) of stretches of equal values."""
    runs: list[tuple[int, int, int]] = []
    for position, value in enumerate(values):
        if runs and runs[-1][2] == value:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1, value)
        else:
            runs.append((position, 1, value))
    return runs


def _averages(layer: PoolLayer, tile: Tile, bank: int, out: int, count: int,
              result: dict[str, int]) -> list[Instruction]:
    window, source = layer.window, layer.source
    vertical = _counts(tile.y, tile.height, window.stride[0], window.dilation[0], window.kernel[0], window.padding.top,
                       source.height)
    horizontal = _counts(tile.x, tile.width, window.stride[1], window.dilation[1], window.kernel[1],
                         window.padding.left, source.width)
    code = []
    for y, rows, in_rows in _runs(vertical):
        for x, columns, in_columns in _runs(horizontal):
            divisor = in_rows * in_columns
            start = y * tile.width + x
            fields = {**_accumulators(bank, tile), **_output(out + start, tile), "acc_base": start, "k_size": count,
                      "i_size": rows, "j_size": columns, **result}
            by = dict(layer.by_count).get(divisor)
            if by is not None:
                fields |= tensor_requantise(by) | {"clamp_min": max(by.minimum, layer.minimum),
                                                   "clamp_max": min(by.maximum, layer.maximum)}
                code.append(make(Opcode.ALU, op=AluOp.ADD, src0=Source0.ACC, src1=Source1.IMM,
                                 immediate=-divisor * source.zero_point, **fields))
                continue
            if divisor > 1:
                multiplier, left, right = reciprocal(divisor, layer.name)
                fields |= {"requant": Requant.TENSOR, "rounding": Rounding.HALF_AWAY, "multiplier": multiplier,
                           "left_shift": left, "right_shift": right}
            code.append(make(Opcode.ALU, op=AluOp.MOV, src0=Source0.ACC, **fields))
    return code


def mean(layer: MeanLayer, machine: Machine) -> list[Instruction]:
    """Sum over the map in the accumulators, channel blocks innermost so that no vector waits for the one before it."""
    hw, source, output = machine.hw, layer.source, layer.output
    code: list[Instruction] = []
    table = _table(machine, code, layer.table)
    resident = machine.residency.tensors.get(source.name)
    blocks = -(-output.channels // hw.cols)
    group = min(blocks, pixel_limit(hw))
    parts = [Tile(0, 0, source.height, source.width)]
    if resident is None:
        room = machine.inp.size // 2 * hw.blocks
        group = max(1, min(group, room // min(room, source.width)))
        width = min(source.width, room // group)
        parts = tiles(source.height, source.width, max(1, min(source.height, room // (group * width))), width)
    for first, count in split(blocks, group):
        bank = machine.next_bank()
        for tile in parts:
            if resident is None:
                base = machine.inp.take(-(-count * tile.pixels // hw.blocks)) * hw.blocks
                rows, columns = _whole(tile)
                code.append(load_blocks(hw, machine.layouts[source.name], range(first, first + count), rows, columns,
                                        base, 0))
                code += _sums(layer, tile, _BlockView(base, tile.pixels, tile.width, 1), bank, range(count))
                continue
            for part in range(min(hw.blocks, count)):  # every hw.blocks-th block lies at one step
                base, row, column = resident.block(first + part, 0, 0, hw.blocks)
                view = _BlockView(base, resident.plane * hw.blocks, row, column)
                code += _sums(layer, tile, view, bank, range(part, count, hw.blocks))
        out = machine.out.take(count)
        code.append(make(Opcode.ALU, op=AluOp.MOV, src0=Source0.ACC, acc_bank=bank, k_size=1, i_size=1, j_size=count,
                         j_acc=1, to_out=1, out_base=out, j_out=1, **tensor_requantise(layer.requantise), **table))
        code.append(store_blocks(hw, machine.layouts[output.name], range(first, first + count), Tile(0, 0, 1, 1), out))
    return code


def _sums(layer: MeanLayer, tile: Tile, source: _BlockView, bank: int, sums: range) -> list[Instruction]:
    """Add a tile's pixels to the accumulators ``sums``; the map's first pixel starts them at the offset."""
    inner = {"acc_bank": bank, "acc_base": sums.start, "j_size": len(sums), "j_acc": sums.step, "j_src": source.plane,
             "k_src": source.row, "i_src": source.column, "to_acc": 1}
    code = []
    start = tile.y == tile.x == 0
    if start:
        code.append(make(Opcode.ALU, op=AluOp.ADD, src0=Source0.INP, src1=Source1.IMM, immediate=layer.offset,
                         src_base=source.base, k_size=1, i_size=1, **inner))
    if tile.width > start:
        code.append(make(Opcode.ALU, op=AluOp.ADD, src0=Source0.ACC, src1=Source1.INP,
                         src_base=source.base + start * source.column, k_size=1, i_size=tile.width - start, **inner))
    if tile.height > 1:
        code.append(make(Opcode.ALU, op=AluOp.ADD, src0=Source0.ACC, src1=Source1.INP,
                         src_base=source.base + source.row, k_size=tile.height - 1, i_size=tile.width, **inner))
    return code


def binary(layer: BinaryLayer, machine: Machine) -> list[Instruction]:
    """table_a of the first operand into the accumulators, then joined with table_b of the second."""
    hw, output = machine.hw, layer.output
    code: list[Instruction] = []
    table = _table(machine, code, layer.table)
    slot_a, load_a = machine.load_table(Table.A, layer.table_a)
    slot_b, load_b = machine.load_table(Table.B, layer.table_b)
    code += [load_a, load_b]
    broadcast = layer.second.shape != output.shape
    height, width, group = _block_tiles(layer.name, output, machine, lambda h, w: 2 * h * w + 2)
    for tile in tiles(output.height, output.width, height, width):
        for first, count in split(-(-output.channels // hw.cols), group):
            blocks = range(first, first + count)
            rows, columns = _whole(tile)
            one = machine.inp.take(-(-count * tile.pixels // hw.blocks)) * hw.blocks
            code.append(load_blocks(hw, machine.layouts[layer.first.name], blocks, rows, columns, one, 0))
            if broadcast:
                rows, columns = _whole(Tile(0, 0, 1, 1))
            two = machine.inp.take(-(-count * rows.size * columns.size // hw.blocks)) * hw.blocks
            code.append(load_blocks(hw, machine.layouts[layer.second.name], blocks, rows, columns, two, 0))
            bank = machine.next_bank()
            out = machine.out.take(count * tile.pixels)
            sizes = {"k_size": count, "i_size": tile.height, "j_size": tile.width, **_accumulators(bank, tile)}
            dense = {"k_src": tile.pixels, "i_src": tile.width, "j_src": 1}
            code.append(make(Opcode.ALU, op=AluOp.MOV, src0=Source0.INP, table_a=1, slot_a=slot_a, src_base=one,
                             to_acc=1, **sizes, **dense))
            code.append(make(Opcode.ALU, op=layer.op, src0=Source0.ACC,
                             src1=Source1.INP, table_b=1, slot_b=slot_b, src_base=two, **sizes,
                             **({"k_src": 1} if broadcast else dense), **_output(out, tile),
                             **tensor_requantise(layer.requantise), **table))
            code.append(store_blocks(hw, machine.layouts[output.name], blocks, tile, out))
    return code


def offset(layer: OffsetLayer, machine: Machine) -> list[Instruction]:
    """A constant of each channel is added: the constants are the biases of parameter vectors."""
    hw, source, output = machine.hw, layer.source, layer.output
    code: list[Instruction] = []
    table = _table(machine, code, layer.table)
    slot, load = machine.load_table(Table.A, layer.inner)
    code.append(load)
    parameters = machine.constants.put(machine.parameter_bytes(layer.values, layer.requantise))
    height, width, group = _block_tiles(layer.name, output, machine, lambda h, w: h * w)
    group = min(group, max(1, hw.par_depth // 2))
    for tile in tiles(output.height, output.width, height, width):
        rows, columns = _whole(tile)
        for first, count in split(-(-output.channels // hw.cols), group):
            blocks = range(first, first + count)
            par = machine.par.take(count)
            code += machine.load_words(Buffer.PARAMETER, parameters + first * hw.par_words * hw.axi_bytes,
                                       par * hw.par_words, count * hw.par_words)
            base = machine.inp.take(-(-count * tile.pixels // hw.blocks)) * hw.blocks
            code.append(load_blocks(hw, machine.layouts[source.name], blocks, rows, columns, base, 0))
            out = machine.out.take(count * tile.pixels)
            code.append(make(Opcode.ALU, op=AluOp.ADD, src0=Source0.INP, src1=Source1.BIAS, table_a=1, slot_a=slot,
                             src_base=base, par_base=par, par_stride=1, k_size=count, i_size=tile.height,
                             j_size=tile.width, k_src=tile.pixels, i_src=tile.width, j_src=1, **_output(out, tile),
                             **tensor_requantise(layer.requantise), **table))
            code.append(store_blocks(hw, machine.layouts[output.name], blocks, tile, out))
    return code


def copy(layer: MapLayer, machine: Machine) -> list[Instruction]:
    """One ALU pass from the input to the output buffer; the padding is made by the load."""
    hw, window, source, output = machine.hw, layer.window, layer.source, layer.output
    code: list[Instruction] = []
    table = _table(machine, code, layer.table)
    height, width, group = _block_tiles(layer.name, output, machine, lambda h, w: h * w)
    for tile in tiles(output.height, output.width, height, width):
        rows = source_span(tile.y, tile.height, 1, 1, 1, window.padding.top, source.height)
        columns = source_span(tile.x, tile.width, 1, 1, 1, window.padding.left, source.width)
        for first, count in split(-(-output.channels // hw.cols), group):
            blocks = range(first, first + count)
            base = machine.inp.take(-(-count * tile.pixels // hw.blocks)) * hw.blocks
            code.append(load_blocks(hw, machine.layouts[source.name], blocks, rows, columns, base, layer.pad_value))
            out = machine.out.take(count * tile.pixels)
            code.append(make(Opcode.ALU, op=AluOp.MOV, src0=Source0.INP, src_base=base, k_size=count,
                             i_size=tile.height, j_size=tile.width, k_src=tile.pixels, i_src=tile.width, j_src=1,
                             **FULL, **_output(out, tile), **table))
            code.append(store_blocks(hw, machine.layouts[output.name], blocks, tile, out))
    return code


def join(layer: JoinLayer, machine: Machine) -> list[Instruction]:
    """Concatenation at any channel offset: each output block is a sum of selections from the sources' vectors."""
    hw, output = machine.hw, layer.output
    code: list[Instruction] = []
    starts = np.cumsum([0, *(part.channels for part in layer.parts)])
    height, width = spatial_tile(output.height, output.width, min(pixel_limit(hw), machine.inp.size // 4))
    origin = [(part, channel) for part, tensor in enumerate(layer.parts) for channel in range(tensor.channels)]
    selections: dict[tuple[int, int, int], int] = {}
    for tile in tiles(output.height, output.width, height, width):
        rows, columns = _whole(tile)
        for block in range(-(-output.channels // hw.cols)):
            wanted = origin[block * hw.cols : (block + 1) * hw.cols]
            bank = machine.next_bank()
            vectors = sorted({(part, channel // hw.rows) for part, channel in wanted})
            for n, (part, vector) in enumerate(vectors):
                key = (block, part, vector)
                if key not in selections:
                    tile_weights = np.zeros((1, hw.cols, hw.rows), np.int8)
                    for c, (p, channel) in enumerate(wanted):
                        if (p, channel // hw.rows) == (part, vector):
                            tile_weights[0, c, channel % hw.rows] = 1
                    selections[key] = machine.constants.put(machine.pack(tile_weights, layer.name))
                words = machine.wgt.take(hw.tile_words)
                code += machine.load_words(Buffer.WEIGHT, selections[key], words, hw.tile_words)
                base = machine.inp.take(tile.pixels)
                code += load_vectors(hw, machine.layouts[layer.parts[part].name], range(vector, vector + 1), rows,
                                     columns, base, 0)
                code.append(make(Opcode.GEMM, init=int(n == 0), acc_bank=bank, inp_base=base, wgt_base=words, v_size=1,
                                 h_size=1, w_size=1, i_size=1, j_size=tile.pixels, j_stride=1, j_acc=1))
            out = machine.out.take(tile.pixels)
            code.append(make(Opcode.ALU, op=AluOp.MOV, src0=Source0.ACC, acc_bank=bank, k_size=1, i_size=1,
                             j_size=tile.pixels, j_acc=1, to_out=1, out_base=out, j_out=1, **FULL))
            code.append(store_blocks(hw, machine.layouts[output.name], range(block, block + 1), tile, out))
    assert len(origin) == starts[-1] == output.channels
    return code
