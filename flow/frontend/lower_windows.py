"""Lowering of operations with a sliding window, and of dense layers."""

from __future__ import annotations

import numpy as np

from flow.frontend.context import Context, Refusal, activation, fused_activation, shape, value_tensor
from flow.frontend.fixedpoint import activation_range, quantise_multipliers
from flow.frontend.flatbuffer import FlatOp, FlatTensor
from flow.graph.ir import (
    AveragePool2D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Int8,
    Int32,
    MaxPool2D,
    Node,
    Padding,
    Requantise,
    Rounding,
    Window,
)


def conv(context: Context, op: FlatOp, name: str) -> Node:
    source, target = _ends(context, op)
    filters = weights_of(context, op)
    channels = shape(source)[2]
    per_group = filters.shape[3]
    if channels % per_group or filters.shape[0] % (channels // per_group):
        raise Refusal(
            f"{per_group} weights per output for {channels} input channels", "the groups must divide the channels"
        )
    window = _conv_window(op, source, target, (filters.shape[1], filters.shape[2]))
    outputs = filters.shape[0]
    return Conv2D(
        name,
        (source.name,),
        (target.name,),
        window,
        _ungroup(filters.data, channels),
        bias_of(context, op, outputs),
        requantise_of(source, filters, target, op, outputs),
    )


def depthwise(context: Context, op: FlatOp, name: str) -> Node:
    source, target = _ends(context, op)
    filters = weights_of(context, op)
    channels, outputs = shape(source)[2], filters.shape[3]
    if filters.shape[0] != 1 or outputs % channels:
        raise Refusal(
            f"depthwise weights of shape {list(filters.shape)} for {channels} channels", "convert the model again"
        )
    window = _conv_window(op, source, target, (filters.shape[1], filters.shape[2]))
    assert filters.data is not None
    return DepthwiseConv2D(
        name,
        (source.name,),
        (target.name,),
        window,
        filters.data[0],
        bias_of(context, op, outputs),
        requantise_of(source, filters, target, op, outputs),
    )


def dense(context: Context, op: FlatOp, name: str) -> Node:
    source, target = (value_tensor(context.tensor(index)) for index in (op.inputs[0], op.outputs[0]))
    filters = weights_of(context, op)
    if op.options is not None and int(op.options.weightsFormat):
        raise Refusal("shuffled weights", "convert the model with the default weight format")
    outputs, inputs = filters.shape
    height, width, channels = shape(source)
    requantise = requantise_of(source, filters, target, op, outputs)
    bias = bias_of(context, op, outputs)
    assert filters.data is not None
    if height * width * channels == inputs and shape(target) == (1, 1, outputs):
        return Dense(name, (source.name,), (target.name,), filters.data, bias, requantise)
    if channels == inputs and shape(target) == (height, width, outputs):  # a dense layer at every position
        window = Window((1, 1), (1, 1))
        return Conv2D(
            name, (source.name,), (target.name,), window, filters.data.reshape(outputs, 1, 1, inputs), bias, requantise
        )
    raise Refusal(
        f"dense weights {list(filters.shape)} for an input of shape {list(source.shape)}",
        "flatten the input, or apply the layer to the last axis",
    )


def pool(context: Context, op: FlatOp, name: str) -> Node:
    source, target = _ends(context, op)
    options = op.options
    window = window_of(
        shape(source),
        shape(target),
        (options.filterHeight, options.filterWidth),
        (options.strideH, options.strideW),
        (1, 1),
        options.padding == 0,
    )
    low, high = activation_range(fused_activation(op), target.scale, target.zero_point)
    cls = MaxPool2D if op.kind == "MAX_POOL_2D" else AveragePool2D
    return cls(name, (source.name,), (target.name,), window, low, high)


def window_of(
    source: tuple[int, int, int],
    target: tuple[int, int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    same: bool,
) -> Window:
    """The window with explicit padding; the odd pixel of SAME goes to the bottom and right.

    Raises Refusal if the target's size does not follow from the source's.
    """
    sides: list[tuple[int, int]] = []
    for axis in range(2):
        extent = (kernel[axis] - 1) * dilation[axis] + 1
        size = -(-source[axis] // stride[axis]) if same else (source[axis] - extent) // stride[axis] + 1
        if size != target[axis] or size < 1:
            raise Refusal(f"output of {target[axis]} positions where {size} are computed", "convert the model again")
        total = max(0, (size - 1) * stride[axis] + extent - source[axis]) if same else 0
        sides.append((total // 2, total - total // 2))
    ints = [(int(pair[0]), int(pair[1])) for pair in (kernel, stride, dilation)]
    return Window(ints[0], ints[1], ints[2], Padding(sides[0][0], sides[0][1], sides[1][0], sides[1][1]))


def _ends(context: Context, op: FlatOp) -> tuple[FlatTensor, FlatTensor]:
    return activation(context.tensor(op.inputs[0])), activation(context.tensor(op.outputs[0]))


def _conv_window(op: FlatOp, source: FlatTensor, target: FlatTensor, kernel: tuple[int, int]) -> Window:
    options = op.options
    return window_of(
        shape(source),
        shape(target),
        kernel,
        (options.strideH, options.strideW),
        (options.dilationHFactor, options.dilationWFactor),
        options.padding == 0,
    )


def weights_of(context: Context, op: FlatOp) -> FlatTensor:
    """The weights. Raises Refusal unless they are constant, int8 and symmetric."""
    filters = context.tensor(op.inputs[1])
    if filters.kind != "INT8":
        raise Refusal(f"weights are {filters.kind.lower()}", "quantise weights to int8")
    if filters.data is None:
        raise Refusal("weights that are computed by the network", "only constant weights are supported")
    if any(filters.zero_points):
        raise Refusal(
            f"asymmetric weights (zero point {next(z for z in filters.zero_points if z)})",
            "convert with symmetric int8 weights (any converter since TensorFlow 2.0 does)",
        )
    if not filters.scales:
        raise Refusal("weights without a scale", "quantise the model fully to int8")
    if odd := [scale for scale in filters.scales if not 0 <= scale < np.inf]:
        raise Refusal(f"weights of scale {odd[0]}", "see that the weights are finite, and convert the model again")
    return filters


def bias_of(context: Context, op: FlatOp, outputs: int, position: int = 2) -> Int32:
    """The bias, zeros if there is none. Raises Refusal unless it is a constant int32 vector."""
    if len(op.inputs) <= position or op.inputs[position] < 0:
        return np.zeros(outputs, dtype=np.int32)
    bias = context.tensor(op.inputs[position])
    if bias.data is None or bias.kind != "INT32" or bias.data.size != outputs:
        raise Refusal(f"bias {bias.name} is no constant int32 vector of {outputs}", "quantise the model fully to int8")
    return bias.data.reshape(outputs).astype(np.int32)


def requantise_of(source: FlatTensor, filters: FlatTensor, target: FlatTensor, op: FlatOp, outputs: int) -> Requantise:
    """From accumulators to the target, with the fused activation's clamp."""
    if len(filters.scales) not in (1, outputs):
        raise Refusal(f"{len(filters.scales)} weight scales for {outputs} outputs", "convert the model again")
    # in double precision, as every one of these kernels does
    multiplier, shift = quantise_multipliers([source.scale * scale / target.scale for scale in filters.scales])
    low, high = activation_range(fused_activation(op), target.scale, target.zero_point)
    rounding = Rounding.HALF_UP if op.kind == "FULLY_CONNECTED" else Rounding.HALF_AWAY
    return Requantise(multiplier, shift, target.zero_point, low, high, rounding)


def _ungroup(weights: np.ndarray | None, channels: int) -> Int8:
    """Grouped weights (O, KH, KW, I of the group) as dense ones with zeros elsewhere."""
    assert weights is not None
    outputs, height, width, per_group = weights.shape
    if per_group == channels:
        return weights
    per_output_group = outputs // (channels // per_group)
    full = np.zeros((outputs, height, width, channels), dtype=np.int8)
    for output in range(outputs):
        first = (output // per_output_group) * per_group
        full[output, :, :, first : first + per_group] = weights[output]
    return full
