"""Graph -> engine layers: what runs where, what is fused, how the host lays out the inputs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from flow.errors import Problem, UnsupportedError
from flow.graph import ir
from flow.graph.macs import macs as node_macs
from flow.hardware.config import HwConfig
from flow.isa.description import AluOp
from flow.schedule.layers import (
    BinaryLayer,
    ConvLayer,
    DenseWeights,
    DepthwiseWeights,
    GatherLayer,
    JoinLayer,
    Layer,
    MapLayer,
    MeanLayer,
    OffsetLayer,
    PoolLayer,
    Residual,
    Weights,
)
from flow.schedule.program import Fold

IDENTITY = ir.Window((1, 1), (1, 1))
#: table and requantisation that change nothing
SAME = np.arange(-128, 128, dtype=np.int32)
KEEP = ir.Requantise(np.array([1 << 30], np.int32), np.array([0], np.int32), 0, -128, 127, left=1)


@dataclass(frozen=True)
class FoldedInput:
    """A copy of a network input as the host lays it out; ``tensor`` is the laid-out map."""

    source: ir.Tensor
    tensor: ir.Tensor
    fold: Fold


@dataclass(frozen=True)
class Lowered:
    """layers in execution order; inputs in the order of first use; aliases: tensor name -> the tensor that holds its
    bytes; softmax: graph output -> its Softmax node."""

    layers: tuple[Layer, ...]
    inputs: tuple[FoldedInput, ...]
    aliases: dict[str, str]
    softmax: dict[str, ir.Softmax]


def lower(graph: ir.Graph, hw: HwConfig, trace: bool) -> Lowered:
    """Lower a verified graph.

    trace: every tensor of the graph is written to device memory (nothing is fused). Raises UnsupportedError with all
    nodes that neither the engine nor the host can run.
    """
    return _Lowering(graph, hw, trace).run()


def _narrow(window: ir.Window, weights: ir.Int8 | ir.Int16) -> tuple[ir.Window, ir.Int8]:
    """Factors of 9 bits as the sum of int8 taps that read the same input."""
    if weights.dtype == np.int8:
        return window, weights.astype(np.int8, copy=False)
    if window.kernel != (1, 1):
        raise AssertionError("only 1 x 1 depthwise weights may be wider than int8")
    parts: list[np.ndarray] = []
    rest: np.ndarray = weights
    while rest.any():
        parts.append(np.clip(rest, -128, 127))
        rest = rest - parts[-1]
    taps = np.concatenate(parts, axis=1)
    return replace(window, kernel=(1, len(parts)), dilation=(1, 0)), taps.astype(np.int8)


class _Lowering:
    def __init__(self, graph: ir.Graph, hw: HwConfig, trace: bool) -> None:
        self.graph, self.hw, self.trace = graph, hw, trace
        self.uses = Counter(name for node in graph.nodes for name in node.inputs)
        self.uses.update(graph.outputs)
        self.consumers: dict[str, list[ir.Node]] = {}
        for node in graph.nodes:
            for name in node.inputs:
                self.consumers.setdefault(name, []).append(node)
        self.layers: list[Layer] = []
        self.inputs: list[FoldedInput] = []
        self.copies: dict[tuple[str, Fold], ir.Tensor] = {}
        self.aliases: dict[str, str] = {}
        self.softmax: dict[str, ir.Softmax] = {}
        self.padded: dict[str, tuple[str, ir.Padding, int]] = {}
        self.problems: list[Problem] = []

    def run(self) -> Lowered:
        for node in self.graph.nodes:
            self.node(node)
        for name in self.graph.outputs:
            self.output(self.softmax[name].inputs[0] if name in self.softmax else name)
        if self.problems:
            raise UnsupportedError(self.problems)
        return Lowered(tuple(self.layers), tuple(self.inputs), self.aliases, self.softmax)

    def problem(self, node: ir.Node, found: str, remedy: str) -> None:
        self.problems.append(Problem(f"layer {node.name} ({type(node).__name__})", found, remedy))

    def output(self, name: str) -> None:
        """A graph output that is a graph input needs a layer that copies it."""
        if self.resolve(name) in self.graph.inputs:
            held = self.held(name)
            copy = replace(self.graph.tensors[self.resolve(name)], name=f"{name}/copy")
            self.aliases[name] = copy.name
            self.layers.append(MapLayer(name, copy, 0, held, IDENTITY, 0, None))

    def resolve(self, name: str) -> str:
        while name in self.aliases:
            name = self.aliases[name]
        return name

    def held(self, name: str) -> ir.Tensor:
        """The tensor in device memory that holds ``name``, in its own (height, width, channels)."""
        name = self.resolve(name)
        if name in self.padded:
            self.materialise_pad(name)
        if name in self.graph.inputs:
            return self.folded(name, Fold(value=self.graph.tensors[name].zero_point))
        return self.graph.tensors[name]

    def folded(self, name: str, fold: Fold) -> ir.Tensor:
        """The network input ``name`` in the host's layout ``fold``."""
        key = (name, fold)
        if key not in self.copies:
            source = self.graph.tensors[name]
            pad = fold.padding
            tall = source.height + pad.top + pad.bottom - (fold.fold_h - 1) * fold.dilation_h
            wide = source.width + pad.left + pad.right - (fold.fold_w - 1) * fold.dilation_w
            height, width = (tall - 1) // fold.stride_h + 1, (wide - 1) // fold.stride_w + 1
            suffix = "" if not self.copies else f"/copy{len(self.copies)}"
            tensor = replace(source, name=f"{name}/input{suffix}", height=height, width=width,
                             channels=fold.fold_h * fold.fold_w * source.channels)
            self.copies[key] = tensor
            self.inputs.append(FoldedInput(source, tensor, fold))
        return self.copies[key]

    # nodes ------------------------------------------------------------------------------------------------------

    def node(self, node: ir.Node) -> None:
        match node:
            case ir.Conv2D():
                self.convolution(node, DenseWeights(node.weights), node.window)
            case ir.DepthwiseConv2D():
                inputs = self.graph.tensors[node.inputs[0]].channels
                window, values = _narrow(node.window, node.weights)
                self.convolution(node, DepthwiseWeights(values, inputs), window)
            case ir.Dense():
                source = self.graph.tensors[self.resolve(node.inputs[0])]
                values = node.weights.reshape(-1, source.height, source.width, source.channels)
                window = ir.Window((source.height, source.width), (1, 1))
                self.convolution(node, DenseWeights(values), window)
            case ir.Add() | ir.Multiply():
                self.binary(node)
            case ir.Extremum():
                self.extremum(node)
            case ir.AddConstant():
                self.append(node, OffsetLayer(node.name, self.out(node), 0, self.held(node.inputs[0]), node.table,
                                              node.values, node.requantise, None))
            case ir.MaxPool2D() | ir.AveragePool2D():
                self.pool(node)
            case ir.Mean():
                self.append(node, MeanLayer(node.name, self.out(node), 0, self.held(node.inputs[0]), node.offset,
                                            node.requantise, None))
            case ir.Pad():
                self.pad(node)
            case ir.Unary():
                self.unary(node)
            case ir.Concatenate():
                parts = tuple(self.held(name) for name in node.inputs)
                self.append(node, JoinLayer(node.name, self.out(node), 0, parts))
            case ir.Gather():
                parts = tuple(self.held(name) for name in node.inputs)
                self.append(node, GatherLayer(node.name, self.out(node), 0, parts, node.indices, node.value))
            case ir.Reshape():
                self.reshape(node)
            case ir.Softmax():
                self.final_softmax(node)
            case _:
                self.problem(node, "cannot run on the engine or the host", "replace the layer")

    def out(self, node: ir.Node) -> ir.Tensor:
        return self.graph.tensors[node.outputs[0]]

    def append(self, node: ir.Node, layer: Layer) -> None:
        self.layers.append(layer)

    def window_source(self, node: ir.Node, window: ir.Window, value: int) -> tuple[str, ir.Window]:
        """Source and window of a node with a preceding pad of the same value taken into its padding."""
        name = node.inputs[0]
        if name in self.padded:
            source, padding, padded_value = self.padded[name]
            if padded_value == value:
                own = window.padding
                merged = ir.Padding(own.top + padding.top, own.bottom + padding.bottom, own.left + padding.left,
                                    own.right + padding.right)
                return source, replace(window, padding=merged)
        return name, window

    def convolution(self, node: ir.Conv2D | ir.DepthwiseConv2D | ir.Dense, weights: Weights,
                    window: ir.Window) -> None:
        logical = self.graph.tensors[node.inputs[0]]
        zero = logical.zero_point
        name, window = self.window_source(node, window, zero)
        name = self.resolve(name)
        output = self.out(node)
        exact_bias = node.bias.astype(np.int64) - (zero * weights.sums() << node.bias_shift)
        folded_bias = exact_bias.astype(np.uint64).astype(np.uint32).view(np.int32)
        macs = node_macs(node, self.graph)
        if name in self.graph.inputs:
            source, window, weights = self.fold(name, zero, window, weights)
        else:
            source = self.held(name)
        self.append(node, ConvLayer(node.name, output, macs, source, window, weights, folded_bias, node.requantise,
                                    zero, None, None, node.bias_shift))

    def fold(self, name: str, zero: int, window: ir.Window, weights: Weights) -> tuple[ir.Tensor, ir.Window, Weights]:
        """Kernel columns, or the whole kernel, folded into the input's channels where that makes fewer weight tiles."""
        source = self.graph.tensors[name]
        rows = self.hw.rows
        plain = -(-source.channels // rows) * window.kernel[0] * window.kernel[1]
        by_column = -(-source.channels * window.kernel[1] // rows) * window.kernel[0]
        by_kernel = -(-source.channels * window.kernel[0] * window.kernel[1] // rows)
        if not isinstance(weights, DenseWeights) or min(by_column, by_kernel) >= plain:
            return self.held(name), window, weights
        values = weights.values
        outputs, height, width, inputs = values.shape
        pad = window.padding
        if self.whole_kernel(by_kernel, by_column, inputs * height * width, outputs):
            fold = Fold(height, width, *window.stride, *window.dilation, pad, zero)
            return (self.folded(name, fold), IDENTITY, DenseWeights(values.reshape(outputs, 1, 1, -1)))
        fold = Fold(1, width, 1, window.stride[1], 1, window.dilation[1], ir.Padding(0, 0, pad.left, pad.right), zero)
        rest = ir.Window((height, 1), (window.stride[0], 1), (window.dilation[0], 1), ir.Padding(pad.top, pad.bottom))
        return self.folded(name, fold), rest, DenseWeights(values.reshape(outputs, height, 1, width * inputs))

    def whole_kernel(self, tiles: int, by_column: int, channels: int, outputs: int) -> bool:
        """Whether folding the kernel's rows, too, which makes the input larger, saves a fifth of the array's time.

        In cycles of one output position, the memory at four fifths of its width.
        """
        blocks = -(-outputs // self.hw.cols)
        memory = -(-channels // self.hw.cols) * self.hw.group_bytes / (self.hw.axi_bytes * 0.8)
        return max(tiles * blocks, memory) <= 0.8 * by_column * blocks

    def producer(self, name: str) -> int | None:
        """Index of the layer that makes ``name`` if nothing else reads it, so that it may be fused away."""
        if self.trace or self.uses[name] != 1:
            return None
        for index, layer in enumerate(self.layers):
            if layer.output.name == name:
                return index
        return None

    def binary(self, node: ir.Add | ir.Multiply) -> None:
        output = self.out(node)
        for first, second in ((0, 1), (1, 0)):
            if isinstance(node, ir.Multiply):
                break
            index = self.producer(node.inputs[first])
            layer = self.layers[index] if index is not None else None
            other = self.graph.tensors[node.inputs[second]]
            if (isinstance(layer, ConvLayer) and layer.residual is None and layer.table is None
                    and node.inputs[0] != node.inputs[1] and other.shape == output.shape == layer.output.shape):
                assert index is not None
                del self.layers[index]
                tables = (node.table_a, node.table_b)
                residual = Residual(self.held(node.inputs[second]), tables[first], tables[second], node.requantise)
                self.layers.append(replace(layer, name=f"{layer.name}+{node.name}", output=output, residual=residual))
                return
        first_name, second_name = node.inputs
        table_a, table_b = node.table_a, node.table_b
        if self.graph.tensors[first_name].shape != output.shape:
            first_name, second_name, table_a, table_b = second_name, first_name, table_b, table_a
        self.append(node, BinaryLayer(node.name, output, 0, self.held(first_name), self.held(second_name),
                                      AluOp.MUL if isinstance(node, ir.Multiply) else AluOp.ADD, table_a, table_b,
                                      node.requantise, None))

    def extremum(self, node: ir.Extremum) -> None:
        first, second = (self.held(name) for name in node.inputs)
        op = AluOp.MAX if node.largest else AluOp.MIN
        self.append(node, BinaryLayer(node.name, self.out(node), 0, first, second, op, SAME, SAME, KEEP, None))

    def pool(self, node: ir.MaxPool2D | ir.AveragePool2D) -> None:
        average = isinstance(node, ir.AveragePool2D)
        window, name = node.window, node.inputs[0]
        if not average:  # a preceding pad of -128 never wins
            name, window = self.window_source(node, window, -128)
        self.append(node, PoolLayer(node.name, self.out(node), 0, self.held(name), window, average, node.minimum,
                                    node.maximum, None, getattr(node, "by_count", ())))

    def pad(self, node: ir.Pad) -> None:
        name, output = node.inputs[0], node.outputs[0]
        takers = self.consumers.get(output, [])

        def takes(taker: ir.Node) -> bool:
            if isinstance(taker, ir.Conv2D | ir.DepthwiseConv2D):
                return node.value == self.graph.tensors[output].zero_point
            return isinstance(taker, ir.MaxPool2D) and node.value == -128

        if not self.trace and takers and output not in self.graph.outputs and all(takes(t) for t in takers):
            self.padded[output] = (name, node.padding, node.value)
            return
        self.pad_layer(node.name, name, self.out(node), node.padding, node.value)

    def pad_layer(self, layer: str, name: str, output: ir.Tensor, padding: ir.Padding, value: int) -> None:
        self.layers.append(MapLayer(layer, output, 0, self.held(name), replace(IDENTITY, padding=padding), value, None))

    def materialise_pad(self, name: str) -> None:
        source, padding, value = self.padded.pop(name)
        self.pad_layer(name, source, self.graph.tensors[name], padding, value)

    def unary(self, node: ir.Unary) -> None:
        index = self.producer(node.inputs[0])
        if index is not None and getattr(self.layers[index], "table", 0) is None:
            layer = self.layers.pop(index)
            self.layers.append(replace(layer, name=f"{layer.name}+{node.name}", output=self.out(node),
                                       table=node.table))  # type: ignore[call-arg]
            return
        self.append(node, MapLayer(node.name, self.out(node), 0, self.held(node.inputs[0]), IDENTITY, 0, node.table))

    def reshape(self, node: ir.Reshape) -> None:
        source = self.graph.tensors[self.resolve(node.inputs[0])]
        output = self.out(node)
        same = output.shape == source.shape
        flat_end = all(isinstance(t, ir.Dense | ir.Reshape | ir.Softmax) for t in self.consumers.get(output.name, []))
        if same or (output.height == output.width == 1 and flat_end):
            self.aliases[node.outputs[0]] = node.inputs[0]
            return
        indices = np.arange(output.size, dtype=np.int32).reshape(output.shape)
        self.append(node, GatherLayer(node.name, output, 0, (self.held(node.inputs[0]),), indices, 0))

    def final_softmax(self, node: ir.Softmax) -> None:
        if node.outputs[0] not in self.graph.outputs or self.consumers.get(node.outputs[0]):
            self.problem(node, "softmax in the middle of the network", "only a final softmax runs on the host")
            return
        self.softmax[node.outputs[0]] = node
