"""What makes an integer graph legal, as executable rules. A violation is flow's fault, never the user's model's."""

from __future__ import annotations

import numpy as np

from flow.graph.ir import (
    Add,
    AddConstant,
    AveragePool2D,
    Concatenate,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Extremum,
    Gather,
    Graph,
    MaxPool2D,
    Mean,
    Multiply,
    Node,
    Pad,
    Padding,
    Requantise,
    Reshape,
    Softmax,
    Unary,
    Window,
)

Shape = tuple[int, int, int]


class GraphError(AssertionError):
    """An illegal integer graph; the text names the node."""


def verify(graph: Graph) -> None:
    """Raise GraphError at the first node, tensor or constant that breaks the rules of ``flow.graph.ir``."""
    for name, tensor in graph.tensors.items():
        _rule(tensor.name == name, name, f"is called {tensor.name} itself")
        _rule(min(tensor.shape) >= 1, name, f"has shape {tensor.shape}")
        _rule(tensor.scale > 0 and np.isfinite(tensor.scale), name, f"has scale {tensor.scale}")
        _rule(-128 <= tensor.zero_point <= 127, name, f"has zero point {tensor.zero_point}")
    known = set()
    for name in graph.inputs:
        _rule(name in graph.tensors and name not in known, name, "is no tensor, or twice an input")
        known.add(name)
    names = set()
    for node in graph.nodes:
        _rule(node.name not in names, node.name, "is the name of two nodes")
        names.add(node.name)
        for tensor_name in node.inputs:
            _rule(tensor_name in known, node.name, f"reads {tensor_name} before it is produced")
        _rule(len(node.outputs) == 1, node.name, f"has {len(node.outputs)} outputs")
        for tensor_name in node.outputs:
            _rule(tensor_name in graph.tensors, node.name, f"writes {tensor_name}, which is no tensor")
            _rule(tensor_name not in known, node.name, f"writes {tensor_name} a second time")
            known.add(tensor_name)
        verify_node(node, graph)
    _rule(bool(graph.outputs), graph.name, "has no outputs")
    for name in graph.outputs:
        _rule(name in known, name, "is an output, but never produced")
    _rule(set(graph.inside) <= known - {*graph.inputs, *graph.outputs}, graph.name, "hides an input or output")
    _rule(known == set(graph.tensors), graph.name, f"has unused tensors {sorted(set(graph.tensors) - known)[:3]}")


def verify_node(node: Node, graph: Graph) -> None:
    """Raise GraphError if the node's constants do not fit its tensors."""
    sources = [graph.tensors[name] for name in node.inputs]
    target = graph.tensors[node.outputs[0]]
    shapes: list[Shape] = [tensor.shape for tensor in sources]
    same_scale = all((tensor.scale, tensor.zero_point) == (target.scale, target.zero_point) for tensor in sources)
    rule, channels = _Rule(node.name), target.channels
    wanted = 2 if isinstance(node, Add | Multiply | Extremum) else 1
    rule(len(sources) == wanted or (isinstance(node, Concatenate | Gather) and len(sources) > 0),
         f"has {len(sources)} inputs")
    match node:
        case Conv2D():
            rule(
                node.weights.shape == (channels, *node.window.kernel, shapes[0][2]), f"has weights {node.weights.shape}"
            )
            _weighted(rule, node, channels)
            _window(rule, node.window, shapes[0], target.shape)
        case DepthwiseConv2D():
            rule(node.weights.shape == (*node.window.kernel, channels), f"has weights {node.weights.shape}")
            rule(channels % shapes[0][2] == 0, f"makes {channels} of {shapes[0][2]} channels")
            _weighted(rule, node, channels)
            _window(rule, node.window, shapes[0], target.shape)
        case Dense():
            rule(node.weights.shape == (channels, sources[0].size), f"has weights {node.weights.shape}")
            rule(target.shape == (1, 1, channels), f"has output {target.shape}")
            _weighted(rule, node, channels)
        case Add() | Multiply():
            rule(shapes[0] == target.shape and shapes[1] in (shapes[0], (1, 1, channels)), f"has inputs {shapes}")
            _table(rule, node.table_a)
            _table(rule, node.table_b)
            _requantise(rule, node.requantise, 1)
        case AddConstant():
            rule(shapes[0] == target.shape, f"has input {shapes[0]}, output {target.shape}")
            _table(rule, node.table)
            rule(node.values.shape == (channels,) and node.values.dtype == np.int32, f"has {node.values.shape} values")
            _requantise(rule, node.requantise, 1)
        case MaxPool2D() | AveragePool2D():
            rule(shapes[0][2] == channels, "changes the channels")
            rule(-128 <= node.minimum <= node.maximum <= 127, f"clamps to {node.minimum} .. {node.maximum}")
            _window(rule, node.window, shapes[0], target.shape)
            taps = min(_taps(node.window, shapes[0], target.shape))
            rule(taps > 0, "has a window without a tap inside the map")
            for _, by in getattr(node, "by_count", ()):
                _requantise(rule, by, 1)
        case Mean():
            rule(target.shape == (1, 1, shapes[0][2]), f"has output {target.shape}")
            rule(-(1 << 31) <= node.offset < 1 << 31, f"has offset {node.offset}")
            _requantise(rule, node.requantise, 1)
        case Pad():
            pad = node.padding
            rule(_positive(pad), f"has padding {pad}")
            rule(
                target.shape
                == (shapes[0][0] + pad.top + pad.bottom, shapes[0][1] + pad.left + pad.right, shapes[0][2]),
                f"has output {target.shape}",
            )
            rule(-128 <= node.value <= 127, f"pads with {node.value}")
        case Unary():
            rule(shapes[0] == target.shape, f"has input {shapes[0]}, output {target.shape}")
            rule(node.table.shape == (256,) and node.table.dtype == np.int8, f"has a table {node.table.shape}")
        case Concatenate():
            rule(all(shape[:2] == target.shape[:2] for shape in shapes), f"has inputs {shapes}")
            rule(sum(shape[2] for shape in shapes) == channels, f"has inputs {shapes}")
            rule(same_scale, "has inputs of different scales")
        case Gather():
            indices = node.indices
            rule(indices.shape == target.shape and indices.dtype == np.int32, f"has {indices.shape} indices")
            values = sum(tensor.size for tensor in sources)
            rule(indices.min() >= -1 and indices.max() < values, f"reads outside its {values} values")
            rule(-128 <= node.value <= 127, f"fills with {node.value}")
            rule(same_scale, "has inputs of different scales")
        case Extremum():
            rule(shapes[0] == target.shape and shapes[1] in (shapes[0], (1, 1, channels)), f"has inputs {shapes}")
            rule(same_scale, "has inputs of different scales")
        case Reshape():
            rule(sources[0].size == target.size, f"makes {target.shape} of {shapes[0]}")
        case Softmax():
            rule(shapes[0] == target.shape, f"has input {shapes[0]}, output {target.shape}")
        case _:
            raise GraphError(f"{node.name}: {type(node).__name__} has no rule")


class _Rule:
    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, good: bool, found: str) -> None:
        _rule(good, self._name, found)


def _rule(good: bool, name: str, found: str) -> None:
    if not good:
        raise GraphError(f"integer graph: {name} {found}")


def _weighted(rule: _Rule, node: Conv2D | DepthwiseConv2D | Dense, channels: int) -> None:
    wide = isinstance(node, DepthwiseConv2D) and node.weights.dtype == np.int16
    rule(node.weights.dtype == np.int8 or wide, f"has {node.weights.dtype} weights")
    rule(
        node.bias.shape == (channels,) and node.bias.dtype == np.int32,
        f"has a bias {node.bias.shape} {node.bias.dtype}",
    )
    rule(0 <= node.bias_shift < 30, f"has a bias shift of {node.bias_shift}")
    _requantise(rule, node.requantise, channels)


def _requantise(rule: _Rule, value: Requantise, channels: int) -> None:
    rule(
        value.multiplier.dtype == np.int32 and value.shift.dtype == np.int32,
        "has multipliers or shifts that are not int32",
    )
    rule(
        value.multiplier.shape == value.shift.shape and value.multiplier.shape in ((1,), (channels,)),
        f"has {value.multiplier.shape} multipliers",
    )
    rule(bool((value.multiplier >= 0).all()), "has a negative multiplier")
    rule(bool((value.shift >= -62).all() and (value.shift <= 31 - value.left).all()), "has a shift outside -62 .. 31")
    rule(not value.wrap or (value.zero_point, value.minimum, value.maximum) == (0, -128, 127), "clamps what it wraps")
    rule(0 <= value.left <= 31, f"has an extra left shift of {value.left}")
    rule(-128 <= value.zero_point <= 127, f"has zero point {value.zero_point}")
    rule(-128 <= value.minimum <= value.maximum <= 127, f"clamps to {value.minimum} .. {value.maximum}")


def _table(rule: _Rule, table: np.ndarray) -> None:
    rule(table.shape == (256,) and table.dtype == np.int32, f"has a table {table.shape} {table.dtype}")


def _positive(padding: Padding) -> bool:
    return min(padding.top, padding.bottom, padding.left, padding.right) >= 0


def _window(rule: _Rule, window: Window, source: Shape, target: Shape) -> None:
    rule(
        min(*window.kernel, *window.stride, *window.dilation) >= 1 and _positive(window.padding), f"has window {window}"
    )
    pad = window.padding
    for axis, extra in ((0, pad.top + pad.bottom), (1, pad.left + pad.right)):
        extent = (window.kernel[axis] - 1) * window.dilation[axis] + 1
        size = (source[axis] + extra - extent) // window.stride[axis] + 1
        rule(size == target[axis], f"has {target[axis]} outputs along axis {axis} where its window gives {size}")


def _taps(window: Window, source: Shape, target: Shape) -> list[int]:
    """Number of taps inside the map, along each axis, of the first and last output."""
    counts = []
    for axis, before in ((0, window.padding.top), (1, window.padding.left)):
        for position in (0, target[axis] - 1):
            start = position * window.stride[axis] - before
            counts.append(
                sum(0 <= start + tap * window.dilation[axis] < source[axis] for tap in range(window.kernel[axis]))
            )
    return counts
