"""The meaning of the integer graph: every node as exact arithmetic in NumPy."""

from __future__ import annotations

from collections.abc import Mapping

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
    Int8,
    MaxPool2D,
    Mean,
    Multiply,
    Node,
    Pad,
    Padding,
    Requantise,
    Reshape,
    Rounding,
    Softmax,
    Unary,
    Window,
)
from flow.graph.softmax import softmax_int8


def evaluate(graph: Graph, inputs: Mapping[str, Int8]) -> dict[str, Int8]:
    """Every tensor of the graph for one image. inputs: name -> (height, width, channels) int8."""
    values = {name: np.asarray(inputs[name], dtype=np.int8).reshape(graph.tensors[name].shape) for name in graph.inputs}
    for node in graph.nodes:
        result = evaluate_node(node, graph, [values[name] for name in node.inputs])
        values[node.outputs[0]] = result.reshape(graph.tensors[node.outputs[0]].shape)
    return values


def evaluate_node(node: Node, graph: Graph, operands: list[Int8]) -> Int8:
    """The node's output for the given inputs (height, width, channels)."""
    first = operands[0]
    source, target = graph.tensors[node.inputs[0]], graph.tensors[node.outputs[0]]
    match node:
        case Conv2D():
            taps = _taps(first, node.window, target.shape, source.zero_point).astype(np.int64) - source.zero_point
            weights = np.moveaxis(node.weights, 0, -1).reshape(-1, target.channels)  # (KH * KW * I, O)
            sums = _matmul(taps.reshape(-1, weights.shape[0]), weights)
            return requantise((sums << node.bias_shift) + node.bias, node.requantise)
        case DepthwiseConv2D():
            taps = _taps(first, node.window, target.shape, source.zero_point).astype(np.int64) - source.zero_point
            spread = np.repeat(taps, target.channels // source.channels, axis=-1)  # (OH, OW, KH, KW, O)
            sums = (spread * node.weights.astype(np.int64)).sum(axis=(2, 3))
            return requantise((sums << node.bias_shift) + node.bias, node.requantise)
        case Dense():
            sums = _matmul(first.reshape(1, -1).astype(np.int64) - source.zero_point, node.weights.T)
            return requantise((sums << node.bias_shift) + node.bias, node.requantise)
        case Add():
            return requantise(_look_up(node.table_a, first) + _look_up(node.table_b, operands[1]), node.requantise)
        case Multiply():
            return requantise(_look_up(node.table_a, first) * _look_up(node.table_b, operands[1]), node.requantise)
        case AddConstant():
            return requantise(_look_up(node.table, first) + node.values, node.requantise)
        case MaxPool2D():
            seen = _taps(first, node.window, target.shape, -128)
            return np.clip(seen.max(axis=(2, 3)), node.minimum, node.maximum).astype(np.int8)
        case AveragePool2D():
            sums = _taps(first, node.window, target.shape, 0).astype(np.int64).sum(axis=(2, 3))
            inside = (
                _taps(np.ones_like(first[:, :, :1]), node.window, target.shape, 0).astype(np.int64).sum(axis=(2, 3))
            )
            if node.by_count:
                result = np.zeros(target.shape, np.int8)
                for count, by in node.by_count:
                    result = np.where(inside == count, requantise(sums - count * source.zero_point, by), result)
                return np.clip(result, node.minimum, node.maximum).astype(np.int8)
            mean = np.sign(sums) * ((np.abs(sums) + inside // 2) // inside)
            return np.clip(mean, node.minimum, node.maximum).astype(np.int8)
        case Mean():
            return requantise(first.astype(np.int64).sum(axis=(0, 1)) + node.offset, node.requantise)
        case Pad():
            return _pad(first, node.padding, node.value)
        case Unary():
            return _look_up(node.table, first).astype(np.int8)
        case Concatenate():
            return np.concatenate(operands, axis=-1)
        case Gather():
            values = np.concatenate([operand.reshape(-1) for operand in operands] + [np.array([node.value], np.int8)])
            return values[node.indices]
        case Extremum():
            return (np.maximum if node.largest else np.minimum)(first, operands[1])
        case Reshape():
            return first
        case Softmax():
            return softmax_int8(first, source.scale, node.beta)
        case _:
            raise AssertionError(f"{node.name}: {type(node).__name__} has no meaning")


def requantise(sums: np.ndarray, by: Requantise) -> Int8:
    """int8 result for accumulators whose last axis is the channels; they wrap to int32 first."""
    left = np.maximum(by.shift, 0).astype(np.int64) + by.left
    right = np.maximum(-by.shift, 0).astype(np.int64)
    product = _wrap(_wrap(np.asarray(sums, dtype=np.int64)) << left) * by.multiplier.astype(np.int64)
    once = (by.rounding is Rounding.HALF_UP) & (right > 0)
    high = (product + np.where(once, 0, 1 << 30)) >> 31
    result = _shift(high, right, by.rounding) + by.zero_point
    return ((result & 255) - 128 if by.wrap else np.clip(result, by.minimum, by.maximum)).astype(np.int8)


def _shift(values: np.ndarray, right: np.ndarray, rounding: Rounding) -> np.ndarray:
    """values / 2**right, rounded."""
    floor, rest = values >> right, values & ((np.int64(1) << right) - 1)
    twice = rest << 1
    one = np.int64(1) << right
    match rounding:
        case Rounding.FLOOR:
            up = np.zeros_like(twice, dtype=bool)
        case Rounding.HALF_UP:
            up = (twice >= one) & (right > 0)
        case Rounding.HALF_AWAY:
            up = ((twice > one) | ((twice == one) & (values >= 0))) & (right > 0)
        case Rounding.HALF_EVEN:
            up = ((twice > one) | ((twice == one) & (floor & 1 == 1))) & (right > 0)
    return floor + up


def _wrap(values: np.ndarray) -> np.ndarray:
    """int64 values modulo 2**32, as signed ones."""
    return values.astype(np.int32).astype(np.int64)


def _look_up(table: np.ndarray, values: Int8) -> np.ndarray:
    return table.astype(np.int64)[values.astype(np.int64) + 128]


def _pad(values: Int8, padding: Padding, value: int) -> Int8:
    return np.pad(values, ((padding.top, padding.bottom), (padding.left, padding.right), (0, 0)), constant_values=value)


def _taps(values: Int8, window: Window, target: tuple[int, int, int], outside: int) -> Int8:
    """(OH, OW, KH, KW, C): what each window sees; ``outside`` beyond the map."""
    padded = _pad(values, window.padding, outside)
    rows = np.arange(target[0])[:, None] * window.stride[0] + np.arange(window.kernel[0]) * window.dilation[0]
    columns = np.arange(target[1])[:, None] * window.stride[1] + np.arange(window.kernel[1]) * window.dilation[1]
    return padded[rows[:, None, :, None], columns[None, :, None, :]]


def _matmul(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Exact integer product; in float64, whose 53 bits hold any sum of 2**37 products of an input and a weight."""
    return np.rint(left.astype(np.float64) @ right.astype(np.float64)).astype(np.int64)
