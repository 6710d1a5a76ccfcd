"""Engine layers: what lowering makes of the graph's nodes, each one pass through the engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flow.graph.ir import Int8, Int32, Requantise, Tensor, Window
from flow.isa.description import AluOp


@dataclass(frozen=True)
class Residual:
    """A second operand joined to a layer's int8 result: requantise(table_a[result] + table_b[operand])."""

    tensor: Tensor
    table_a: Int32
    table_b: Int32
    requantise: Requantise


@dataclass(frozen=True)
class Layer:
    """name: the user's layers; output: the tensor written; macs: useful products of one image."""

    name: str
    output: Tensor
    macs: int

    @property
    def sources(self) -> tuple[Tensor, ...]:
        """Tensors read from device memory."""
        raise NotImplementedError


class Weights:
    """Weights of a convolution as tiles of the array."""

    kernel: tuple[int, int]
    outputs: int
    inputs: int

    def vectors(self, block: int, rows: int, cols: int) -> tuple[int, int]:
        """Range of input vectors (of ``rows`` channels) that output block ``block`` needs."""
        raise NotImplementedError

    def tiles(self, block: int, v: range, h: range, rows: int, cols: int) -> Int8:
        """(tiles, cols, rows) in the order v, kernel row, kernel column; zero outside."""
        raise NotImplementedError

    def sums(self) -> np.ndarray:
        """Sum of all weights of each output, int64."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class DenseWeights(Weights):
    """values (O, KH, KW, I) int8."""

    values: Int8

    @property
    def kernel(self) -> tuple[int, int]:  # type: ignore[override]
        return (self.values.shape[1], self.values.shape[2])

    @property
    def outputs(self) -> int:  # type: ignore[override]
        return int(self.values.shape[0])

    @property
    def inputs(self) -> int:  # type: ignore[override]
        return int(self.values.shape[3])

    def vectors(self, block: int, rows: int, cols: int) -> tuple[int, int]:
        return (0, -(-self.inputs // rows))

    def tiles(self, block: int, v: range, h: range, rows: int, cols: int) -> Int8:
        part = self.values[block * cols : (block + 1) * cols, h.start : h.stop, :, v.start * rows : v.stop * rows]
        outputs, height, width, inputs = part.shape
        padded = np.zeros((cols, height, width, len(v) * rows), np.int8)
        padded[:outputs, :, :, :inputs] = part
        split = padded.reshape(cols, height, width, len(v), rows).transpose(3, 1, 2, 0, 4)
        return split.reshape(-1, cols, rows)

    def sums(self) -> np.ndarray:
        return self.values.sum(axis=(1, 2, 3), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class DepthwiseWeights(Weights):
    """values (KH, KW, I * multiplier) int8: output c reads input c // multiplier; a block-diagonal convolution."""

    values: Int8
    inputs: int

    @property
    def kernel(self) -> tuple[int, int]:  # type: ignore[override]
        return (self.values.shape[0], self.values.shape[1])

    @property
    def outputs(self) -> int:  # type: ignore[override]
        return int(self.values.shape[2])

    @property
    def multiplier(self) -> int:
        return self.outputs // self.inputs

    def vectors(self, block: int, rows: int, cols: int) -> tuple[int, int]:
        last = min((block + 1) * cols, self.outputs) - 1
        return (block * cols // self.multiplier // rows, last // self.multiplier // rows + 1)

    def tiles(self, block: int, v: range, h: range, rows: int, cols: int) -> Int8:
        height, width = len(h), self.kernel[1]
        result = np.zeros((len(v), height, width, cols, rows), np.int8)
        for c in range(min(cols, self.outputs - block * cols)):
            source = (block * cols + c) // self.multiplier
            if v.start <= source // rows < v.stop:
                result[source // rows - v.start, :, :, c, source % rows] = self.values[h.start : h.stop, :,
                                                                                      block * cols + c]
        return result.reshape(-1, cols, rows)

    def sums(self) -> np.ndarray:
        return self.values.sum(axis=(0, 1), dtype=np.int64)


@dataclass(frozen=True)
class ConvLayer(Layer):
    """Convolution through the array. bias has the input's zero point folded in; taps outside the map read pad_value.
    bias_shift as in ``flow.graph.ir.Conv2D``."""

    source: Tensor
    window: Window
    weights: Weights
    bias: Int32
    requantise: Requantise
    pad_value: int
    residual: Residual | None
    table: Int8 | None
    bias_shift: int = 0

    @property
    def sources(self) -> tuple[Tensor, ...]:
        return (self.source, self.residual.tensor) if self.residual else (self.source,)


@dataclass(frozen=True)
class JoinLayer(Layer):
    """Several sources through the array with selection matrices: output channel = one channel of one source."""

    parts: tuple[Tensor, ...]

    @property
    def sources(self) -> tuple[Tensor, ...]:
        return self.parts


@dataclass(frozen=True, eq=False)
class GatherLayer(Layer):
    """Values of the sources moved, through the array with selection matrices; as ``flow.graph.ir.Gather``."""

    parts: tuple[Tensor, ...]
    indices: Int32
    value: int

    @property
    def sources(self) -> tuple[Tensor, ...]:
        return self.parts


@dataclass(frozen=True)
class BinaryLayer(Layer):
    """requantise(table_a[first] op table_b[second]) in the ALU; second may be (1, 1, channels)."""

    first: Tensor
    second: Tensor
    op: AluOp
    table_a: Int32
    table_b: Int32
    requantise: Requantise
    table: Int8 | None

    @property
    def sources(self) -> tuple[Tensor, ...]:
        return (self.first, self.second)


@dataclass(frozen=True)
class MapLayer(Layer):
    """Copy, pad or table in the ALU: out = table[x], surrounded by value."""

    source: Tensor
    window: Window
    pad_value: int
    table: Int8 | None

    @property
    def sources(self) -> tuple[Tensor, ...]:
        return (self.source,)


@dataclass(frozen=True)
class PoolLayer(Layer):
    """Maximum or average over a window; ``by_count`` as in ``flow.graph.ir.AveragePool2D``."""

    source: Tensor
    window: Window
    average: bool
    minimum: int
    maximum: int
    table: Int8 | None
    by_count: tuple[tuple[int, Requantise], ...] = ()

    @property
    def sources(self) -> tuple[Tensor, ...]:
        return (self.source,)


@dataclass(frozen=True)
class MeanLayer(Layer):
    """requantise(sum over the map + offset)."""

    source: Tensor
    offset: int
    requantise: Requantise
    table: Int8 | None

    @property
    def sources(self) -> tuple[Tensor, ...]:
        return (self.source,)


@dataclass(frozen=True)
class OffsetLayer(Layer):
    """requantise(table[x] + values[channel]) in the ALU."""

    source: Tensor
    inner: Int32
    values: Int32
    requantise: Requantise
    table: Int8 | None

    @property
    def sources(self) -> tuple[Tensor, ...]:
        return (self.source,)
