"""Values moved by selection matrices: whatever the pattern, an output block is a sum of products with zeros and ones.

Neighbouring positions that take the same channels from positions a constant step apart share one GEMM.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from flow.hardware.config import HwConfig
from flow.isa.description import AluOp, Buffer, Opcode, Source0
from flow.isa.encoding import Instruction, make
from flow.schedule.geometry import Span, Tile, tiles
from flow.schedule.layers import GatherLayer
from flow.schedule.steps import Machine
from flow.schedule.tiling import pixel_limit, spatial_tile
from flow.schedule.transfer import load_vectors, store_blocks

#: part number of the fill value
FILL = -1


@dataclass(frozen=True, order=True)
class _Stream:
    """What one selection takes: (output lane, input row) pairs of a vector of a part, from position (y, x) on."""

    part: int
    vector: int
    selection: tuple[tuple[int, int], ...]
    y: int
    x: int

    @property
    def kind(self) -> tuple[int, int, tuple[tuple[int, int], ...]]:
        return self.part, self.vector, self.selection


@dataclass(frozen=True)
class _Patch:
    """Positions [y, y + rows) x [x, x + columns) of a tile; their sources advance by ``down`` and ``right``."""

    y: int
    x: int
    rows: int
    columns: int
    down: int
    right: int
    streams: tuple[_Stream, ...]

    @property
    def height(self) -> int:
        """Source rows spanned."""
        return (self.rows - 1) * self.down + 1

    @property
    def width(self) -> int:
        """Source columns spanned."""
        return (self.columns - 1) * self.right + 1


def gather(layer: GatherLayer, machine: Machine) -> list[Instruction]:
    """One GEMM per patch and selection, one ALU pass and one STORE per tile and block."""
    hw, output = machine.hw, layer.output
    code: list[Instruction] = []
    kept: dict[tuple[tuple[int, int], ...], int] = {}
    height, width = spatial_tile(output.height, output.width, pixel_limit(hw))
    for tile in tiles(output.height, output.width, height, width):
        for block in range(-(-output.channels // hw.cols)):
            bank = machine.next_bank()
            for patch in _patches(layer, tile, block, hw, max(1, machine.inp.size // 4)):
                for n, stream in enumerate(patch.streams):
                    words = machine.wgt.take(hw.tile_words)
                    if stream.selection not in kept:
                        kept[stream.selection] = machine.constants.put(_matrix(stream.selection, layer.name, machine))
                    code += machine.load_words(Buffer.WEIGHT, kept[stream.selection], words, hw.tile_words)
                    base, loads, moving = _source(layer, patch, stream, machine)
                    code += loads
                    code.append(make(
                        Opcode.GEMM, init=int(n == 0), acc_bank=bank, inp_base=base, wgt_base=words, v_size=1, h_size=1,
                        w_size=1, i_size=patch.rows, j_size=patch.columns, acc_base=patch.y * tile.width + patch.x,
                        i_acc=tile.width, j_acc=1, i_stride=moving * patch.down * patch.width,
                        j_stride=moving * patch.right))
            out = machine.out.take(tile.pixels)
            code.append(make(Opcode.ALU, op=AluOp.MOV, src0=Source0.ACC, acc_bank=bank, k_size=1, i_size=1,
                             j_size=tile.pixels, j_acc=1, to_out=1, out_base=out, j_out=1, clamp=1, clamp_min=-128,
                             clamp_max=127))
            code.append(store_blocks(hw, machine.layouts[output.name], range(block, block + 1), tile, out))
    return code


def _matrix(selection: tuple[tuple[int, int], ...], name: str, machine: Machine) -> bytes:
    weights = np.zeros((1, machine.hw.cols, machine.hw.rows), np.int8)
    for lane, row in selection:
        weights[0, lane, row] = 1
    return machine.pack(weights, name)


def _source(layer: GatherLayer, patch: _Patch, stream: _Stream, machine: Machine) -> tuple[int, list[Instruction], int]:
    """(first input vector, LOADs, whether it moves with the patch)."""
    hw = machine.hw
    if stream.part == FILL:
        base = machine.inp.take(1)
        return base, [make(Opcode.LOAD, buffer=Buffer.INPUT, pad_value=layer.value, base=base * hw.blocks, z_size=1,
                           pad_top=1, pad_left=hw.blocks, x_stride=1)], 0
    base = machine.inp.take(patch.height * patch.width)
    rows = Span(stream.y, stream.y + patch.height, 0, 0)
    columns = Span(stream.x, stream.x + patch.width, 0, 0)
    layout = machine.layouts[layer.parts[stream.part].name]
    return base, load_vectors(hw, layout, range(stream.vector, stream.vector + 1), rows, columns, base, 0), 1


def _patches(layer: GatherLayer, tile: Tile, block: int, hw: HwConfig, room: int) -> list[_Patch]:
    """The tile's positions of one output block, rows of equal patterns joined. room: input vectors of one patch."""
    done: list[_Patch] = []
    above: list[_Patch] = []
    for y in range(tile.height):
        row = list(_runs(layer, tile, y, block, hw, room))
        joined = _join(above, row, room)
        if joined is None:
            done += above
            above = row
        else:
            above = joined
    return done + above


def _runs(layer: GatherLayer, tile: Tile, y: int, block: int, hw: HwConfig, room: int) -> Iterator[_Patch]:
    run: _Patch | None = None
    for x in range(tile.width):
        streams = _streams(layer, tile.y + y, tile.x + x, block, hw)
        if run is not None:
            step = _step([(a.x, b.x) for a, b in zip(run.streams, streams, strict=False) if a.part != FILL])
            step = (step or 0) // run.columns if step is not None and step % run.columns == 0 else None
            longer = replace(run, columns=run.columns + 1, right=step if step is not None else 0)
            if (step is not None and _same(run, streams) and (run.columns == 1 or step == run.right)
                    and all(a.y == b.y for a, b in zip(run.streams, streams, strict=True)) and longer.width <= room):
                run = longer
                continue
            yield run
        run = _Patch(y, x, 1, 1, 0, 0, streams)
    if run is not None:
        yield run


def _join(above: list[_Patch], row: list[_Patch], room: int) -> list[_Patch] | None:
    """The patches one row longer, if the row continues all of them."""
    if not above or len(above) != len(row):
        return None
    found = []
    for patch, run in zip(above, row, strict=True):
        shape = (patch.x, patch.columns, patch.right) == (run.x, run.columns, run.right)
        if not shape or not _same(patch, run.streams) or any(
                a.x != b.x for a, b in zip(patch.streams, run.streams, strict=True)):
            return None
        step = _step([(a.y, b.y) for a, b in zip(patch.streams, run.streams, strict=True) if a.part != FILL])
        if step is None or step % patch.rows or (patch.rows > 1 and step // patch.rows != patch.down):
            return None
        longer = replace(patch, rows=patch.rows + 1, down=step // patch.rows)
        if longer.height * longer.width > room:
            return None
        found.append(longer)
    return found


def _same(patch: _Patch, streams: tuple[_Stream, ...]) -> bool:
    return [stream.kind for stream in patch.streams] == [stream.kind for stream in streams]


def _step(pairs: list[tuple[int, int]]) -> int | None:
    """The one step >= 0 that all positions make, 0 if there are none; None if they do not."""
    steps = {after - before for before, after in pairs} or {0}
    step = min(steps)
    return step if len(steps) == 1 and step >= 0 else None


def _streams(layer: GatherLayer, y: int, x: int, block: int, hw: HwConfig) -> tuple[_Stream, ...]:
    """Where the channels of one output position come from."""
    indices = layer.indices[y, x, block * hw.cols : (block + 1) * hw.cols]
    found: dict[tuple[int, int, int, int], list[tuple[int, int]]] = {}
    starts = np.cumsum([0, *(part.size for part in layer.parts)])
    for lane, index in enumerate(indices.tolist()):
        if index < 0:
            found.setdefault((FILL, 0, 0, 0), []).append((lane, 0))
            continue
        number = int(np.searchsorted(starts, index, side="right")) - 1
        part = layer.parts[number]
        pixel, channel = divmod(index - int(starts[number]), part.channels)
        key = (number, channel // hw.rows, *divmod(pixel, part.width))
        found.setdefault(key, []).append((lane, channel % hw.rows))
    streams = (_Stream(part, vector, tuple(pairs), sy, sx) for (part, vector, sy, sx), pairs in found.items())
    return tuple(sorted(streams))
