"""Choice of tiles: what fits the buffers twice, so that the next tile loads while this one computes."""

from __future__ import annotations

from dataclasses import dataclass

from flow.errors import CapacityError, Problem
from flow.graph.ir import Tensor
from flow.hardware.config import HwConfig
from flow.schedule.geometry import Tile, split, tiles
from flow.schedule.layers import ConvLayer

#: pixels below which several output blocks share one ALU pass and one STORE
SMALL_TILE = 64


@dataclass(frozen=True)
class Chunk:
    """Part of a convolution's sum: input vectors and kernel rows."""

    vectors: range
    kernel_rows: range


@dataclass(frozen=True)
class ConvPlan:
    """macros: spatial tiles whose input lies in the input buffer at once; each is cut into accumulator tiles of at most
    tile_height x tile_width. group: output blocks per ALU pass. chunks: parts of the sum (one if a macro's input fits).
    resident: all weights of the layer lie in the weight buffer at once."""

    macros: tuple[Tile, ...]
    tile_height: int
    tile_width: int
    group: int
    chunks: tuple[Chunk, ...]
    resident: bool

    def tiles(self, macro: Tile) -> list[Tile]:
        """Accumulator tiles of a macro tile, in map coordinates."""
        return [Tile(macro.y + t.y, macro.x + t.x, t.height, t.width)
                for t in tiles(macro.height, macro.width, self.tile_height, self.tile_width)]


def pixel_limit(hw: HwConfig) -> int:
    """Pixels of an accumulator tile: one bank, and half the output buffer."""
    return min(hw.acc_depth, hw.out_depth // 2)


def spatial_tile(height: int, width: int, limit: int) -> tuple[int, int]:
    """Height and width of nearly equal tiles of at most ``limit`` pixels, full rows if possible."""
    columns = max(size for _, size in split(width, min(width, limit)))
    rows = max(size for _, size in split(height, max(1, min(height, limit // columns))))
    return rows, columns


def input_vectors(layer: ConvLayer, height: int, width: int, vectors: int, kernel_rows: int) -> int:
    """Input vectors an output tile of height x width needs."""
    window = layer.window
    rows = (height - 1) * window.stride[0] + (kernel_rows - 1) * window.dilation[0] + 1
    columns = (width - 1) * window.stride[1] + (window.kernel[1] - 1) * window.dilation[1] + 1
    return vectors * rows * columns


def plan_convolution(layer: ConvLayer, hw: HwConfig, ring: int, on_chip: bool) -> ConvPlan:
    """Tiles of a convolution. ring: input vectors that transfers may use; on_chip: the source is resident.

    Raises CapacityError if not even one pixel with one kernel row fits.
    """
    output = layer.output
    kernel_rows = layer.window.kernel[0]
    vectors = -(-layer.source.channels // hw.rows)
    limit = pixel_limit(hw)
    height, width = spatial_tile(output.height, output.width, limit)
    group = _group(height * width, output, hw, limit)
    residual = -(-group * height * width // hw.blocks) if layer.residual else 0
    room = (ring - 2 * residual) // 2
    whole = input_vectors(layer, height, width, vectors, kernel_rows)
    chunks: tuple[Chunk, ...] = (Chunk(range(vectors), range(kernel_rows)),)
    if on_chip:
        resident = weight_words(layer, hw) <= hw.wgt_depth // 2
        return ConvPlan((Tile(0, 0, output.height, output.width),), height, width, group, chunks, resident)
    if whole > room:
        height, width, chunks = _chunked(layer, hw, height, width, room)
        group = _group(height * width, output, hw, limit)
    words = weight_words(layer, hw)
    resident = len(chunks) == 1 and words <= hw.wgt_depth // 2
    macro_height = height
    if not resident and len(chunks) == 1 and width == output.width:
        while macro_height < output.height and input_vectors(
                layer, min(macro_height + height, output.height), width, vectors, kernel_rows) <= room:
            macro_height += height
        macro_height = max(size for _, size in split(output.height, min(macro_height, output.height)))
    macros = tuple(tiles(output.height, output.width, min(macro_height, output.height), width))
    return ConvPlan(macros, height, width, group, chunks, resident)


def _group(pixels: int, output: Tensor, hw: HwConfig, limit: int) -> int:
    """Output blocks of one ALU pass: more than one only for small tiles."""
    blocks = -(-output.channels // hw.cols)
    return max(1, min(blocks, SMALL_TILE // pixels, limit // pixels, hw.par_depth // 2))


def _chunked(layer: ConvLayer, hw: HwConfig, height: int, width: int,
             room: int) -> tuple[int, int, tuple[Chunk, ...]]:
    """A tile and a cut of the sum such that each chunk's input fits ``room`` vectors."""
    vectors = -(-layer.source.channels // hw.rows)
    kernel_rows = layer.window.kernel[0]
    enough = min(SMALL_TILE, height * width)
    while input_vectors(layer, height, width, vectors, kernel_rows) > room and height * width > enough:
        height, width = (-(-height // 2), width) if height > 1 else (1, -(-width // 2))
    while input_vectors(layer, height, width, 1, 1) > room and height * width > 1:
        height, width = (-(-height // 2), width) if height > 1 else (1, -(-width // 2))
    if input_vectors(layer, height, width, 1, 1) > room:
        raise CapacityError(Problem(
            f"layer {layer.name}", f"one output pixel needs {input_vectors(layer, 1, 1, 1, 1)} input vectors at once, "
            f"half the input buffer holds {room}", "an engine with a deeper input buffer (inp_depth)"))
    per_vector = input_vectors(layer, height, width, 1, kernel_rows)
    if per_vector <= room:
        step = min(vectors, room // per_vector)
        return height, width, tuple(Chunk(range(v, min(v + step, vectors)), range(kernel_rows))
                                    for v in range(0, vectors, step))
    rows = kernel_rows
    while input_vectors(layer, height, width, 1, rows) > room:
        rows -= 1
    return height, width, tuple(Chunk(range(v, v + 1), range(h, min(h + rows, kernel_rows)))
                                for v in range(vectors) for h in range(0, kernel_rows, rows))


def weight_words(layer: ConvLayer, hw: HwConfig) -> int:
    """Words of all weight tiles of a layer."""
    kernel = layer.window.kernel
    blocks = -(-layer.output.channels // hw.cols)
    spans = (layer.weights.vectors(block, hw.rows, hw.cols) for block in range(blocks))
    return sum(high - low for low, high in spans) * kernel[0] * kernel[1] * hw.tile_words
