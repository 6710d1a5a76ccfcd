"""Instructions of a convolution: weights held in the array, pixels streamed, one ALU pass per output group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from flow.errors import CapacityError, Problem
from flow.isa.description import AluOp, Buffer, Opcode, Requant, Source0, Source1, Table
from flow.isa.encoding import Instruction, make
from flow.schedule.geometry import Span, Tile, source_span, split
from flow.schedule.layers import ConvLayer
from flow.schedule.residency import Resident
from flow.schedule.steps import ROUNDING, Machine, Part, Ring, tensor_requantise
from flow.schedule.tiling import Chunk, ConvPlan, plan_convolution
from flow.schedule.transfer import load_blocks, load_vectors, store_blocks


@dataclass(frozen=True)
class Piece:
    """Weight tiles of one output block that one GEMM uses: ranges of input vectors, kernel rows and columns, and where
    they lie in CONSTANT."""

    vectors: range
    kernel_rows: range
    kernel_columns: range
    offset: int
    words: int


def _ranges(whole: range, step: int) -> Iterator[range]:
    """The fewest nearly equal parts of at most ``step``: a ring takes the next one while this one is read."""
    if whole:
        for start, size in split(len(whole), step):
            yield range(whole.start + start, whole.start + start + size)


class Convolution:
    """Emits one layer."""

    def __init__(self, layer: ConvLayer, machine: Machine) -> None:
        self.layer, self.machine, self.hw = layer, machine, machine.hw
        resident = machine.residency.tensors
        self.on_chip = resident.get(layer.source.name)
        self.kept = resident.get(layer.output.name)
        self.skip = resident.get(layer.residual.tensor.name) if layer.residual else None
        self.plan: ConvPlan = plan_convolution(layer, self.hw, machine.inp.size, self.on_chip is not None)
        self.blocks = -(-layer.output.channels // self.hw.cols)
        self.piece_tiles = max(1, self.hw.wgt_depth // 2 // self.hw.tile_words)
        self.code: list[Instruction] = []
        self.pieces = self._weights()
        self.block_words = [sum(p.words for chunk in pieces for p in chunk) for pieces in self.pieces]
        half = self.hw.wgt_depth // 2
        self.resident = self.plan.resident and sum(self.block_words) <= half
        self.group = max(1, min(self.plan.group, half // max(1, max(self.block_words))))
        self.held = max(self.block_words) <= half and len(self.plan.chunks) == 1
        self.parameters = machine.constants.put(machine.parameter_bytes(layer.bias, layer.requantise))
        self.slot_a = self.slot_b = self.slot_o = 0
        self.inputs, self.operands = self._rings()

    def _rings(self) -> tuple[Ring, Ring]:
        """Where inputs and second operands are loaded: one ring, unless going round it within a macro tile would
        overwrite what that tile still reads; then a piece of it each."""
        layer, ring, plan = self.layer, self.machine.inp, self.plan
        if layer.residual is None or self.skip is not None or self.on_chip is not None:
            return ring, ring
        groups = list(_ranges(range(self.blocks), self.group))
        tiles = plan.tiles(plan.macros[0])
        loads = [-(-len(group) * tile.pixels // self.hw.blocks) for tile in tiles for group in groups]
        chunks = [len(chunk.vectors) * rows.size * columns.size for chunk in plan.chunks
                  for rows, columns in [self._spans(plan.macros[0], chunk)]]
        rounds = 1 if len(chunks) == 1 else len(loads)
        if sum(loads) + rounds * sum(chunks) + max(loads + chunks) <= ring.size:
            return ring, ring
        operands = min(2 * max(loads), ring.size - max(chunks))
        if operands < max(loads):
            raise CapacityError(Problem(
                f"layer {layer.name}", f"an input tile of {max(chunks)} and a second operand of {max(loads)} vectors "
                f"do not fit {ring.size} together", "an engine with a deeper input buffer (inp_depth)"))
        return Ring(ring.size - operands, ring.start), Ring(operands, ring.start + ring.size - operands)

    # weights ----------------------------------------------------------------------------------------------------

    def _weights(self) -> list[list[list[Piece]]]:
        """Pieces by output block and chunk; the weights are put into CONSTANT as one blob in this order."""
        hw, weights = self.hw, self.layer.weights
        width = weights.kernel[1]
        blob: list[bytes] = []
        words = 0
        result: list[list[list[Piece]]] = []
        for block in range(self.blocks):
            low, high = weights.vectors(block, hw.rows, hw.cols)
            per_chunk: list[list[Piece]] = []
            for chunk in self.plan.chunks:
                vectors = range(max(low, chunk.vectors.start), min(high, chunk.vectors.stop))
                pieces: list[Piece] = []
                for part in self._cuts(vectors, chunk, width):
                    v, h, w = part
                    tiles = weights.tiles(block, v, h, hw.rows, hw.cols)
                    if len(w) < width:
                        tiles = tiles.reshape(len(v) * len(h), width, hw.cols, hw.rows)[:, w.start : w.stop]
                        tiles = tiles.reshape(-1, hw.cols, hw.rows)
                    data = self.machine.pack(np.ascontiguousarray(tiles), self.layer.name)
                    count = len(data) // hw.axi_bytes
                    pieces.append(Piece(v, h, w, words * hw.axi_bytes, count))
                    blob.append(data)
                    words += count
                per_chunk.append(pieces)
            result.append(per_chunk)
        self.blob = self.machine.constants.put(b"".join(blob))
        return result

    def _cuts(self, vectors: range, chunk: Chunk, width: int) -> Iterator[tuple[range, range, range]]:
        """Parts of a chunk whose tiles fit half the weight buffer."""
        height = len(chunk.kernel_rows)
        columns = range(width)
        if height * width <= self.piece_tiles:
            for v in _ranges(vectors, self.piece_tiles // (height * width)):
                yield v, chunk.kernel_rows, columns
            return
        for vector in vectors:
            for h in _ranges(chunk.kernel_rows, max(1, self.piece_tiles // width)):
                for w in _ranges(columns, min(width, self.piece_tiles)):
                    yield range(vector, vector + 1), h, w

    def load_piece(self, piece: Piece) -> int:
        base = self.machine.wgt.take(piece.words)
        self.code += self.machine.load_words(Buffer.WEIGHT, self.blob + piece.offset, base, piece.words)
        return base

    # the layer --------------------------------------------------------------------------------------------------

    def parts(self) -> Iterator[Part]:
        """All instructions in an order that is right when executed one after the other, in parts; how many rows of the
        output are complete after each."""
        machine, layer, hw = self.machine, self.layer, self.hw
        if layer.residual:
            self.slot_a = self._table(Table.A, layer.residual.table_a)
            self.slot_b = self._table(Table.B, layer.residual.table_b)
        if layer.requantise.wrap:
            self.slot_a = self._table(Table.A, (np.arange(-128, 128) & 255) - 128)
        if layer.table is not None:
            self.slot_o = self._table(Table.O, layer.table)
        all_parameters = self.blocks <= hw.par_depth // 2
        self._fill_border()
        par_base = self._load_parameters(range(self.blocks)) if all_parameters else 0
        bases: dict[tuple[int, int, int], int] = {}
        if self.resident:
            base = machine.wgt.take(sum(self.block_words))
            self.code += machine.load_words(Buffer.WEIGHT, self.blob, base, sum(self.block_words))
            for block, chunks in enumerate(self.pieces):
                for c, pieces in enumerate(chunks):
                    for n, piece in enumerate(pieces):
                        bases[block, c, n] = base + piece.offset // hw.axi_bytes
        for macro in self.plan.macros:
            view = None
            if self.on_chip:
                view = _resident_view(self.on_chip)
            elif len(self.plan.chunks) == 1:
                view = self._load_input(macro, self.plan.chunks[0])
            for group in _ranges(range(self.blocks), self.group):
                par = par_base + group.start if all_parameters else self._load_parameters(group)
                if self.held and not self.resident:
                    for block in group:
                        for n, piece in enumerate(self.pieces[block][0]):
                            bases[block, 0, n] = self.load_piece(piece)
                for tile in self.plan.tiles(macro):
                    self._tile(macro, tile, group, view, bases if self.held else None, par)
                last = group.stop == self.blocks and macro.x + macro.width == layer.output.width
                yield Part(self._take_code, macro.y + macro.height if last else macro.y)

    def _take_code(self) -> list[Instruction]:
        code, self.code = self.code, []
        return code

    def _table(self, table: Table, values: np.ndarray) -> int:
        slot, load = self.machine.load_table(table, values)
        self.code.append(load)
        return slot

    def _load_parameters(self, blocks: range) -> int:
        hw = self.hw
        base = self.machine.par.take(len(blocks))
        offset = self.parameters + blocks.start * hw.par_words * hw.axi_bytes
        self.code += self.machine.load_words(Buffer.PARAMETER, offset, base * hw.par_words, len(blocks) * hw.par_words)
        return base

    def _spans(self, tile: Tile, chunk: Chunk) -> tuple[Span, Span]:
        """Source rows (of the chunk's kernel rows) and columns a tile reads."""
        window, source = self.layer.window, self.layer.source
        before = window.padding.top - chunk.kernel_rows.start * window.dilation[0]
        rows = source_span(tile.y, tile.height, window.stride[0], window.dilation[0], len(chunk.kernel_rows), before,
                           source.height)
        return rows, tile.columns(window, source)

    def _load_input(self, tile: Tile, chunk: Chunk) -> View:
        rows, columns = self._spans(tile, chunk)
        base = self.inputs.take(len(chunk.vectors) * rows.size * columns.size)
        layout = self.machine.layouts[self.layer.source.name]
        self.code += load_vectors(self.hw, layout, chunk.vectors, rows, columns, base, self.layer.pad_value)
        return View(base, chunk.vectors.start, rows.start, columns.start, rows.size * columns.size, columns.size)

    def _fill_border(self) -> None:
        """Padding around an output that stays on the chip: fills that touch no memory."""
        kept = self.kept
        if kept is None:
            return
        hw, border = self.hw, kept.border
        height = kept.tensor.height + border.top + border.bottom
        pieces = ((0, 0, border.top, kept.pitch), (border.top + kept.tensor.height, 0, border.bottom, kept.pitch),
                  (0, 0, height, border.left), (0, border.left + kept.tensor.width, height, border.right))
        for y, x, rows, columns in pieces:
            if rows and columns:
                self.code.append(make(
                    Opcode.LOAD, buffer=Buffer.INPUT, pad_value=kept.pad_value,
                    base=(kept.base + y * kept.pitch + x) * hw.blocks, z_size=kept.vectors, pad_top=rows,
                    pad_left=columns * hw.blocks, x_stride=1, y_stride=kept.pitch * hw.blocks,
                    z_stride=kept.plane * hw.blocks))

    def _tile(self, macro: Tile, tile: Tile, group: range, view: View | None,
              bases: dict[tuple[int, int, int], int] | None, par: int) -> None:
        bank = self.machine.next_bank()
        started: set[int] = set()
        skip = self._load_residual(tile, group)
        for c, chunk in enumerate(self.plan.chunks):
            here = view if view is not None else self._load_input(macro, chunk)
            for index, block in enumerate(group):
                for n, piece in enumerate(self.pieces[block][c]):
                    words = bases[block, c, n] if bases is not None else self.load_piece(piece)
                    self._gemm(tile, piece, here, words, bank, index * tile.pixels, block not in started)
                    started.add(block)
        self._epilogue(tile, group, bank, par, skip)

    def _gemm(self, tile: Tile, piece: Piece, view: View, words: int, bank: int, acc_base: int, init: bool) -> None:
        window = self.layer.window
        y = tile.y * window.stride[0] - window.padding.top + piece.kernel_rows.start * window.dilation[0]
        x = tile.x * window.stride[1] - window.padding.left + piece.kernel_columns.start * window.dilation[1]
        self.code.append(make(
            Opcode.GEMM, init=int(init), acc_bank=bank, inp_base=view.address(piece.vectors.start, y, x),
            acc_base=acc_base, wgt_base=words, v_size=len(piece.vectors), h_size=len(piece.kernel_rows),
            w_size=len(piece.kernel_columns), i_size=tile.height, j_size=tile.width, v_stride=view.plane,
            h_stride=window.dilation[0] * view.pitch, w_stride=window.dilation[1],
            i_stride=window.stride[0] * view.pitch, j_stride=window.stride[1], i_acc=tile.width, j_acc=1))

    def _load_residual(self, tile: Tile, group: range) -> int:
        """Block address of the second operand's tile, loaded as [block][row][column]."""
        residual = self.layer.residual
        if residual is None or self.skip is not None:
            return 0
        base = self.operands.take(-(-len(group) * tile.pixels // self.hw.blocks)) * self.hw.blocks
        rows, columns = Span(tile.y, tile.y + tile.height, 0, 0), Span(tile.x, tile.x + tile.width, 0, 0)
        layout = self.machine.layouts[residual.tensor.name]
        self.code.append(load_blocks(self.hw, layout, group, rows, columns, base, 0))
        return base

    def _epilogue(self, tile: Tile, group: range, bank: int, par: int, skip: int) -> None:
        """Requantise a group of output blocks: at once, or one by one where the blocks do not follow each other."""
        layer, pixels = self.layer, tile.pixels
        out = self.machine.out.take(len(group) * pixels) if self.kept is None else 0
        apart = self.kept is not None or self.skip is not None
        for part in (_ranges(group, 1) if apart else (group,)):
            index = part.start - group.start
            place = {"acc_bank": bank, "acc_base": index * pixels, "k_size": len(part), "i_size": tile.height,
                     "j_size": tile.width, "k_acc": pixels, "i_acc": tile.width, "j_acc": 1}
            output = self._destination(tile, part.start, out + index * pixels)
            if layer.table is not None:
                output |= {"table_o": 1, "slot_o": self.slot_o}
            requantise = layer.requantise
            if layer.bias_shift:  # multiplied by 2**-1, shifted one further
                self.code.append(make(Opcode.ALU, op=AluOp.MOV, src0=Source0.ACC, requant=Requant.TENSOR,
                                      multiplier=1 << 30, left_shift=layer.bias_shift + 1, to_acc=1, **place))
            clamp = {"clamp": 1, "clamp_min": requantise.minimum, "clamp_max": requantise.maximum}
            self.code.append(make(
                Opcode.ALU, op=AluOp.ADD, src0=Source0.ACC, src1=Source1.BIAS, requant=Requant.CHANNEL,
                rounding=ROUNDING[requantise.rounding.value], zero_point=requantise.zero_point, par_base=par + index,
                par_stride=1, **place, **({} if requantise.wrap else clamp),
                **({"to_acc": 1} if layer.residual or requantise.wrap else output)))
            if requantise.wrap:  # table A takes the low byte
                self.code.append(make(Opcode.ALU, op=AluOp.MOV, src0=Source0.ACC, table_a=1, slot_a=self.slot_a,
                                      **clamp, **place, **output))
            if layer.residual:
                self.code.append(make(
                    Opcode.ALU, op=AluOp.ADD, src0=Source0.ACC, src1=Source1.INP, table_a=1, slot_a=self.slot_a,
                    table_b=1, slot_b=self.slot_b, **self._operand(tile, part.start, skip + index * pixels), **place,
                    **output, **tensor_requantise(layer.residual.requantise)))
        if self.kept is None:
            layout = self.machine.layouts[layer.output.name]
            self.code.append(store_blocks(self.hw, layout, group, tile, out))

    def _destination(self, tile: Tile, block: int, out: int) -> dict[str, int]:
        """ALU fields of the result's place: the output buffer, or the input buffer if the tensor stays there."""
        if self.kept is None:
            return {"to_out": 1, "out_base": out, "k_out": tile.pixels, "i_out": tile.width, "j_out": 1}
        base, row, column = self.kept.block(block, tile.y, tile.x, self.hw.blocks)
        return {"to_inp": 1, "dst_base": base, "i_dst": row, "j_dst": column}

    def _operand(self, tile: Tile, block: int, skip: int) -> dict[str, int]:
        """ALU fields of the second operand's place."""
        if self.skip is None:
            return {"src_base": skip, "k_src": tile.pixels, "i_src": tile.width, "j_src": 1}
        base, row, column = self.skip.block(block, tile.y, tile.x, self.hw.blocks)
        return {"src_base": base, "i_src": row, "j_src": column}


@dataclass(frozen=True)
class View:
    """A map in the input buffer: the address of (first_vector, first_row, first_column) and the steps."""

    base: int
    first_vector: int
    first_row: int
    first_column: int
    plane: int
    pitch: int

    def address(self, vector: int, row: int, column: int) -> int:
        """Input vector at source coordinates (negative ones are padding)."""
        return (self.base + (vector - self.first_vector) * self.plane + (row - self.first_row) * self.pitch
                + column - self.first_column)


def _resident_view(resident: Resident) -> View:
    return View(resident.base, 0, -resident.border.top, -resident.border.left, resident.plane, resident.pitch)


def convolution(layer: ConvLayer, machine: Machine) -> Iterator[Part]:
    """Instructions of a convolution, without tokens, right in program order."""
    return Convolution(layer, machine).parts()
