"""Lowering of means and maxima over axes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from flow.frontend.context import Context, Refusal, shape, value_tensor
from flow.frontend.fixedpoint import reduced_multiplier
from flow.frontend.flatbuffer import FlatOp, FlatTensor
from flow.frontend.lower_moves import constant, gather, numbered
from flow.graph.ir import Conv2D, DepthwiseConv2D, MaxPool2D, Mean, Node, Requantise, Reshape, Window

#: makes the node that reduces the first tensor to the second over a window of (rows, columns), None: over the channels
Reducer = Callable[[FlatTensor, FlatTensor, tuple[int, int] | None], Node]


def mean(context: Context, op: FlatOp, name: str) -> tuple[Node, ...]:
    """Over the whole map as it is; over other axes as a convolution with weights of 1."""

    def reduce(source: FlatTensor, target: FlatTensor, window: tuple[int, int] | None) -> Node:
        height, width, channels = shape(source)
        ends = (source.name,), (target.name,)
        count = channels if window is None else window[0] * window[1]
        multiplier, shift = reduced_multiplier(source.scale / target.scale, count)
        factors = np.array([multiplier], dtype=np.int32), np.array([shift], dtype=np.int32)
        requantise = Requantise(*factors, target.zero_point, -128, 127)
        if window == (height, width):
            return Mean(name, *ends, -height * width * source.zero_point, requantise)
        bias = np.zeros(shape(target)[2], dtype=np.int32)
        if window is None:
            ones = np.ones((1, 1, 1, channels), dtype=np.int8)
            return Conv2D(name, *ends, Window((1, 1), (1, 1)), ones, bias, requantise)
        ones = np.ones((*window, channels), dtype=np.int8)
        return DepthwiseConv2D(name, *ends, Window(window, (1, 1)), ones, bias, requantise)

    return _reduced(context, op, name, reduce, channels=True)


def maximum(context: Context, op: FlatOp, name: str) -> tuple[Node, ...]:
    """REDUCE_MAX."""

    def reduce(source: FlatTensor, target: FlatTensor, window: tuple[int, int] | None) -> Node:
        if (source.scale, source.zero_point) != (target.scale, target.zero_point):
            raise Refusal("a maximum with a change of scale", "convert the model again")
        assert window is not None
        return MaxPool2D(name, (source.name,), (target.name,), Window(window, (1, 1)), -128, 127)

    return _reduced(context, op, name, reduce, channels=False)


def _reduced(context: Context, op: FlatOp, name: str, reduce: Reducer, channels: bool) -> tuple[Node, ...]:
    """``reduce`` over the operation's axes, with what comes before and after it.

    channels: the reducer can sum over the channels, too.
    """
    source, target = value_tensor(context.tensor(op.inputs[0])), value_tensor(context.tensor(op.outputs[0]))
    rank = len(source.shape)
    axes = {axis % rank for axis in constant(context, op, 1, "axis")}
    reduced = [axis for axis in sorted(axes) if source.shape[axis] > 1]
    places = {axis - rank + 4 for axis in reduced}
    plain = rank <= 4 and source.shape[:1] == (1,)
    before: list[Node] = []
    if not (plain and (places <= {1, 2} or (channels and places == {3}))):
        rest = [axis for axis in range(rank) if axis not in reduced]
        count, left = (int(np.prod([source.shape[a] for a in part], dtype=np.int64)) for part in (reduced, rest))
        moved = context.between(target, "order", (1, 1, count, left), source)
        before.append(gather(f"{name}:order", [source], moved, numbered([source])[0].transpose(reduced + rest)))
        source, places = moved, {2}
    height, width, depth = shape(source)
    window = None if places == {3} else (height if 1 in places else 1, width if 2 in places else 1)
    result = (height // window[0], width // window[1], depth) if window else (height, width, 1)
    if math.prod(result) != math.prod(shape(target)):
        found = f"{math.prod(result)} values for an output of shape {list(target.shape)}"
        raise Refusal(found, "convert the model again")
    if result == shape(target):
        return (*before, reduce(source, target, window))
    inner = context.between(target, "reduced", (1, *result))
    return (*before, reduce(source, inner, window), Reshape(f"{name}:reshape", (inner.name,), (target.name,)))
