"""Which tensors stay in the input buffer from the layer that makes them to the last that reads them.

A resident tensor lies as [vector][row][column] with a border of padding as wide as its readers need, so that a
convolution reads it where it is. A sum takes the place of its second operand if nothing reads that any more. What
remains free while a layer runs is the ring its other transfers use.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from flow.graph.ir import Padding, Tensor
from flow.hardware.config import HwConfig
from flow.schedule.geometry import source_span
from flow.schedule.layers import ConvLayer, Layer, MeanLayer, PoolLayer

#: share of the input buffer that must be free, in one piece, for a layer with transfers
FREE_SHARE = 5
#: largest pad field of LOAD
FILL_LIMIT = (1 << 12) - 1


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


def plan_residency(layers: Sequence[Layer], outputs: Sequence[str], hw: HwConfig) -> Residency:
    """Keep what fits, in the order of the layers. outputs: tensors that must be written to device memory.

    Room for transfers is kept free only while layers run that need it; which ones shows when all tensors are placed.
    """
    transferring: frozenset[int] = frozenset()
    while True:
        found = _keep(layers, outputs, hw, transferring)
        short = {n for n, (_, size) in enumerate(found.free)
                 if size < hw.inp_vectors // FREE_SHARE and _transfers(layers[n], found.tensors)}
        if short <= transferring:
            return found
        transferring |= short


def _transfers(layer: Layer, resident: Collection[str]) -> bool:
    """Whether a layer loads something into the input buffer."""
    return any(source.name not in resident for source in layer.sources)


def _keep(layers: Sequence[Layer], outputs: Sequence[str], hw: HwConfig, transferring: Collection[int]) -> Residency:
    """Keep what fits if the layers ``transferring`` have their room."""
    found: dict[str, Resident] = {}
    lives: dict[str, tuple[int, int]] = {}
    for index, layer in enumerate(layers):
        name = layer.output.name
        readers = [n for n, other in enumerate(layers) if any(source.name == name for source in other.sources)]
        if name in outputs or not readers or not isinstance(layer, ConvLayer):
            continue
        border = _border(layer.output, [layers[n] for n in readers], hw.blocks)
        if border is None:
            continue
        candidate = Resident(layer.output, 0, -(-layer.output.channels // hw.rows), border[0], border[1])
        life = (index, max(readers))
        placed = _in_place(layer, candidate, index, found, lives)
        if placed is None:
            operand = any(isinstance(other, ConvLayer) and other.residual is not None
                          and other.residual.tensor.name == name for other in layers)
            placed = _place(candidate, life, operand, found, lives, hw, transferring)
        if placed is not None:
            found[name] = placed
            lives[name] = life
    together = interleaved(layers, found)
    spans = [(n - (n - 1 in together), n + (n in together)) for n in range(len(layers))]
    return Residency(found, tuple(_largest_gap(_occupied(*span, found, lives), hw) for span in spans))


def _in_place(layer: ConvLayer, candidate: Resident, index: int, found: dict[str, Resident],
              lives: dict[str, tuple[int, int]]) -> Resident | None:
    """The sum where its second operand lies, if that may be: each vector is read just before it is written."""
    if layer.residual is None or layer.residual.tensor.name == layer.source.name:
        return None
    operand = found.get(layer.residual.tensor.name)
    if operand is None or lives[operand.tensor.name][1] != index:
        return None
    needed, there = candidate.border, operand.border
    wide = (needed.top <= there.top and needed.bottom <= there.bottom and needed.left <= there.left
            and needed.right <= there.right)
    if not wide or (needed != Padding() and candidate.pad_value != operand.pad_value):
        return None
    return replace(operand, tensor=candidate.tensor)


def interleaved(layers: Sequence[Layer], resident: Collection[str]) -> frozenset[int]:
    """Layers that run together with the next one: a convolution whose only reader is the pooling after it, which reads
    its tiles on the chip while the array works on the next."""
    found: set[int] = set()
    for n, (layer, after) in enumerate(pairwise(layers)):
        name = layer.output.name
        readers = [other for other in layers if any(source.name == name for source in other.sources)]
        if (isinstance(layer, ConvLayer) and isinstance(after, PoolLayer) and name in resident
                and readers == [after] and n - 1 not in found):
            found.add(n)
    return frozenset(found)


def _border(tensor: Tensor, readers: Sequence[Layer], blocks: int) -> tuple[Padding, int] | None:
    """Border that serves all readers and its value; None if one of them cannot read a resident tensor."""
    sides = [0, 0, 0, 0]
    values: set[int] = set()
    for layer in readers:
        if not isinstance(layer, ConvLayer | PoolLayer | MeanLayer):
            return None
        if isinstance(layer, MeanLayer) or layer.source.name != tensor.name:
            continue
        value = layer.pad_value if isinstance(layer, ConvLayer) else 0 if layer.average else -128
        window, output = layer.window, layer.output
        rows = source_span(0, output.height, window.stride[0], window.dilation[0], window.kernel[0], window.padding.top,
                           tensor.height)
        columns = source_span(0, output.width, window.stride[1], window.dilation[1], window.kernel[1],
                              window.padding.left, tensor.width)
        needed = (rows.before, rows.after, columns.before, columns.after)
        if any(needed):
            values.add(value)
        sides = [max(a, b) for a, b in zip(sides, needed, strict=True)]
    widest = (tensor.width + sides[2] + sides[3]) * blocks
    if len(values) > 1 or max(widest, tensor.height + sides[0] + sides[1]) > FILL_LIMIT:
        return None
    return Padding(*sides), values.pop() if values else 0


def _occupied(first: int, last: int, found: dict[str, Resident],
              lives: dict[str, tuple[int, int]]) -> list[tuple[int, int]]:
    """Pieces taken while layers first..last run."""
    return sorted((r.base, r.base + r.size) for name, r in found.items()
                  if lives[name][0] <= last and first <= lives[name][1])


def _gaps(taken: list[tuple[int, int]], hw: HwConfig) -> list[tuple[int, int]]:
    gaps, at = [], 0
    for low, high in taken:
        if low > at:
            gaps.append((at, low - at))
        at = max(at, high)
    if at < hw.inp_vectors:
        gaps.append((at, hw.inp_vectors - at))
    return gaps


def _largest_gap(taken: list[tuple[int, int]], hw: HwConfig) -> tuple[int, int]:
    return max(_gaps(taken, hw), key=lambda gap: gap[1], default=(0, 0))


def _place(candidate: Resident, life: tuple[int, int], high: bool, found: dict[str, Resident],
           lives: dict[str, tuple[int, int]], hw: HwConfig, transferring: Collection[int]) -> Resident | None:
    """The candidate in a place that leaves the layers ``transferring`` their room in one piece during the whole life.

    high: from the top of the buffer on. There lies what lives long, so that the rest stays in one piece.
    """
    size = candidate.size
    gaps = _gaps(_occupied(life[0], life[1], found, lives), hw)
    for low, room in reversed(gaps) if high else gaps:
        if room < size:
            continue
        for base in (low + room - size, low) if high else (low, low + room - size):
            if all(_largest_gap(sorted([*_occupied(n, n, found, lives), (base, base + size)]), hw)[1]
                   >= hw.inp_vectors // FREE_SHARE for n in transferring if life[0] <= n <= life[1]):
                return replace(candidate, base=base)
    return None
