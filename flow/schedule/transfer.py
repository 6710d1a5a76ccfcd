"""LOADs of a tile of a tensor into the input buffer, STOREs of a tile out of the output buffer."""

from __future__ import annotations

from flow.hardware.config import HwConfig
from flow.isa.description import Buffer, Opcode
from flow.isa.encoding import Instruction, make
from flow.schedule.geometry import Span, Tile
from flow.schedule.program import Layout


def _block_bytes(layout: Layout) -> int:
    return layout.height * layout.width * layout.pix * layout.cols


def _load(hw: HwConfig, layout: Layout, first_block: int, z: dict[str, int], rows: Span, columns: Span, base: int,
          strides: tuple[int, int], pad_value: int) -> Instruction:
    """One LOAD of planes described by z (z_size, z_stride, z_pitch)."""
    inside = rows.inside > 0 and columns.inside > 0
    row_bytes = layout.width * hw.group_bytes
    offset = (layout.offset + first_block * _block_bytes(layout) + (rows.start + rows.before) * row_bytes
              + (columns.start + columns.before) * hw.group_bytes) if inside else layout.offset
    # if nothing is inside, the whole tile is padding: all positions count as "before"
    before_x, inside_x, after_x = (columns.before, columns.inside, columns.after) if inside else (columns.size, 0, 0)
    before_y, inside_y, after_y = (rows.before, rows.inside, rows.after) if inside else (rows.size, 0, 0)
    return make(Opcode.LOAD, buffer=Buffer.INPUT, region=layout.region, pad_value=pad_value, offset=offset, base=base,
                x_size=inside_x, y_size=inside_y, pad_left=before_x, pad_right=after_x, pad_top=before_y,
                pad_bottom=after_y, x_stride=strides[1], y_stride=strides[0], y_pitch=row_bytes, **z)


def load_vectors(hw: HwConfig, layout: Layout, vectors: range, rows: Span, columns: Span, base: int,
                 pad_value: int) -> list[Instruction]:
    """Load input vectors ``vectors`` of a tile to vector address ``base``, as [vector][row][column]."""
    plane = rows.size * columns.size
    loads = []
    for part in range(hw.blocks):
        first = vectors.start * hw.blocks + part
        count = min(len(vectors), -(-(layout.blocks - first) // hw.blocks))
        if count <= 0:
            continue
        z = {"z_size": count, "z_stride": plane * hw.blocks, "z_pitch": hw.blocks * _block_bytes(layout)}
        loads.append(_load(hw, layout, first, z, rows, columns, base * hw.blocks + part,
                           (columns.size * hw.blocks, hw.blocks), pad_value))
    return loads


def load_blocks(hw: HwConfig, layout: Layout, blocks: range, rows: Span, columns: Span, base: int,
                pad_value: int) -> Instruction:
    """Load channel blocks of a tile to block address ``base``, as [block][row][column]."""
    z = {"z_size": len(blocks), "z_stride": rows.size * columns.size, "z_pitch": _block_bytes(layout)}
    return _load(hw, layout, blocks.start, z, rows, columns, base, (columns.size, 1), pad_value)


def store_blocks(hw: HwConfig, layout: Layout, blocks: range, tile: Tile, base: int) -> Instruction:
    """Store [block][row][column] of a tile from output group ``base``."""
    row_bytes = layout.width * hw.group_bytes
    offset = (layout.offset + blocks.start * _block_bytes(layout) + tile.y * row_bytes + tile.x * hw.group_bytes)
    x_size, y_size = tile.width, tile.height
    if tile.width == layout.width and tile.pixels < 1 << 16:
        x_size, y_size = tile.pixels, 1
    return make(Opcode.STORE, region=layout.region, offset=offset, base=base, x_size=x_size, y_size=y_size,
                z_size=len(blocks), y_stride=tile.width, z_stride=tile.pixels, y_pitch=row_bytes,
                z_pitch=_block_bytes(layout))
