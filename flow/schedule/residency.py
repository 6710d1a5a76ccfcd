"""Tensors that stay in the input buffer, placed by ``flow.schedule.placement``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flow.graph.ir import Padding, Tensor
from flow.hardware.config import HwConfig
from flow.schedule.geometry import Tile
from flow.schedule.layers import ConvLayer, Layer, MeanLayer, PoolLayer
from flow.schedule.placement import Access, Step, pairs, place


@dataclass(frozen=True)
class Resident:
    """A tensor in the input buffer: vectors from ``base``; ``pad_value`` fills the border."""

    tensor: Tensor
    base: int
    vectors: int
    border: Padding
    pad_value: int

    @property
    def pitch(self) -> int:
        return self.tensor.width + self.border.left + self.border.right

    @property
    def plane(self) -> int:
        return self.pitch * (self.tensor.height + self.border.top + self.border.bottom)

    @property
    def size(self) -> int:
        """Input vectors occupied."""
        return self.vectors * self.plane

    def address(self, vector: int, row: int, column: int) -> int:
        """Input vector at the tensor's coordinates; the border has those outside the map."""
        return (self.base + vector * self.plane + (row + self.border.top) * self.pitch + column + self.border.left)

    def block(self, block: int, row: int, column: int, blocks: int) -> tuple[int, int, int]:
        """(block address, step per row, step per column) of channel block ``block`` from a position on."""
        return (self.address(block // blocks, row, column) * blocks + block % blocks, self.pitch * blocks, blocks)


@dataclass(frozen=True)
class Residency:
    """Resident tensors by name, and for each layer the free piece (first vector, vectors) of the input buffer."""

    tensors: dict[str, Resident]
    free: tuple[tuple[int, int], ...]


def everything_moves(layers: Sequence[Layer], hw: HwConfig) -> Residency:
    """No tensor stays on the chip."""
    return Residency({}, ((0, hw.inp_vectors),) * len(layers))


def plan_residency(layers: Sequence[Layer], outputs: Collection[str], hw: HwConfig) -> Residency:
    """Keep what fits, in the order of the layers. outputs: tensors that must be written to device memory."""
    found = place(steps(layers, outputs), hw.rows, hw.blocks, hw.inp_vectors)
    tensors: dict[str, Resident] = {}
    for n, at in found.places.items():
        tensor = layers[n].output
        tensors[tensor.name] = Resident(tensor, at.base, -(-tensor.channels // hw.rows), at.border, at.pad_value)
    return Residency(tensors, found.free)


def interleaved(layers: Sequence[Layer], resident: Collection[str]) -> frozenset[int]:
    """Layers that run together with the next one, a pooling that reads their tiles on the chip."""
    return frozenset(n for n in pairs(steps(layers, ())) if layers[n].output.name in resident)


def steps(layers: Sequence[Layer], outputs: Collection[str]) -> tuple[Step, ...]:
    """The layers as placement sees them. outputs: tensors that must be written to device memory."""
    makers = {layer.output.name: n for n, layer in enumerate(layers)}
    return tuple(_step(layer, layer.output.name in outputs, tuple(makers.get(s.name, -1) for s in layer.sources))
                 for layer in layers)


def _step(layer: Layer, output: bool, sources: tuple[int, ...]) -> Step:
    access, border, value = Access.NONE, Padding(), 0
    if isinstance(layer, MeanLayer):
        access = Access.SUM
    elif isinstance(layer, ConvLayer):
        access, border, value = Access.ARRAY, _outside(layer), layer.pad_value
    elif isinstance(layer, PoolLayer):
        access, border, value = Access.POOL, _outside(layer), 0 if layer.average else -128
    return Step(access, *layer.output.shape, output, sources, border, value)


def _outside(layer: ConvLayer | PoolLayer) -> Padding:
    """Rows and columns outside its source that a layer reads."""
    window, output, source = layer.window, layer.output, layer.source
    whole = Tile(0, 0, output.height, output.width)
    rows, columns = whole.rows(window, source), whole.columns(window, source)
    return Padding(rows.before, rows.after, columns.before, columns.after)
