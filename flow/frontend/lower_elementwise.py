"""Lowering of additions, multiplications, means and unary functions."""

from __future__ import annotations

import numpy as np

from flow.frontend.context import Context, Refusal, activation, fused_activation, shape
from flow.frontend.fixedpoint import (
    activation_range,
    multiply_by_quantised_multiplier,
    quantise_multiplier,
    reduced_multiplier,
)
from flow.frontend.flatbuffer import FlatOp, FlatTensor
from flow.graph.ir import Add, AddConstant, DepthwiseConv2D, Int32, Mean, Multiply, Node, Requantise, Unary, Window

#: every int8 value, as an index into a table
_VALUES = np.arange(-128, 128, dtype=np.int64)
_ADD_LEFT_SHIFT = 20


def binary(context: Context, op: FlatOp, name: str) -> Node:
    """ADD, SUB, MUL of two activations, or of one and a constant."""
    first, second = (context.tensor(index) for index in op.inputs)
    if first.data is not None or second.data is not None:
        constant, variable = (first, second) if first.data is not None else (second, first)
        if constant.kind == "INT8" and constant.data is not None and constant.data.size == 1:
            return unary(context, op, name)
        return _with_vector(op, name, activation(variable), constant, constant is first, context)
    target = activation(context.tensor(op.outputs[0]))
    shapes = [shape(activation(first)), shape(activation(second))]
    swap = False
    if shapes[0] != shapes[1]:
        channels = shape(target)[2]
        if (1, 1, channels) not in shapes or shape(target) not in shapes:
            raise Refusal(
                f"operands of shapes {shapes[0]} and {shapes[1]} (height, width, channels)",
                "both operands need one shape, or one is a vector of the channels",
            )
        swap = shapes[0] == (1, 1, channels)
    table_a, table_b, requantise = _tables(op, first, second, target)
    cls = Multiply if op.kind == "MUL" else Add
    if swap:
        return cls(name, (second.name, first.name), (target.name,), table_b, table_a, requantise)
    return cls(name, (first.name, second.name), (target.name,), table_a, table_b, requantise)


def mean(context: Context, op: FlatOp, name: str) -> Node:
    source, target = activation(context.tensor(op.inputs[0])), activation(context.tensor(op.outputs[0]))
    axes = context.tensor(op.inputs[1])
    if axes.data is None:
        raise Refusal("axes that are computed by the network", "give the mean fixed axes")
    rank = len(source.shape)
    reduced = {
        int(axis) % rank - rank + 4 for axis in axes.data.reshape(-1)
    }  # as axes of (batch, height, width, channels)
    height, width, channels = shape(source)
    sizes = {0: 1, 1: height, 2: width, 3: channels}
    if any(sizes[axis] > 1 for axis in reduced ^ {1, 2}):
        raise Refusal(
            f"mean over axes {[int(axis) for axis in axes.data.reshape(-1)]} of shape {list(source.shape)}",
            "only the mean over height and width is supported",
        )
    count = height * width
    multiplier, shift = reduced_multiplier(source.scale / target.scale, count)
    requantise = _one(multiplier, shift, target.zero_point, -128, 127)
    return Mean(name, (source.name,), (target.name,), -count * source.zero_point, requantise)


def unary(context: Context, op: FlatOp, name: str) -> Node:
    """Any function of one int8 value; its table is asked for when the whole model is known to be fine."""
    variables = [tensor for tensor in context.operands(op) if tensor.data is None]
    constants = [tensor for tensor in context.operands(op) if tensor.data is not None]
    if len(variables) != 1 or any(tensor.data is not None and tensor.data.size != 1 for tensor in constants):
        raise Refusal("operands that are neither one activation nor single constants", "use constants of one value")
    source, target = activation(variables[0]), activation(context.tensor(op.outputs[0]))
    if shape(source) != shape(target):
        raise Refusal(f"shape {list(source.shape)} becomes {list(target.shape)}", "convert the model again")
    context.tables[len(context.nodes)] = op
    return Unary(name, (source.name,), (target.name,), op.kind.lower(), np.zeros(256, dtype=np.int8))


def _tables(op: FlatOp, first: FlatTensor, second: FlatTensor, target: FlatTensor) -> tuple[Int32, Int32, Requantise]:
    """Each operand's table and the common requantisation."""
    low, high = activation_range(fused_activation(op), target.scale, target.zero_point)
    if op.kind == "MUL":
        product = np.float32(first.scale) * np.float32(second.scale) / np.float32(target.scale)
        multiplier, shift = quantise_multiplier(float(product))
        return (
            _int32(_VALUES - first.zero_point),
            _int32(_VALUES - second.zero_point),
            _one(multiplier, shift, target.zero_point, low, high),
        )
    twice = 2.0 * max(first.scale, second.scale)
    tables = []
    for operand, sign in ((first, 1), (second, -1 if op.kind == "SUB" else 1)):
        multiplier, shift = quantise_multiplier(operand.scale / twice)
        values = (_VALUES - operand.zero_point) << _ADD_LEFT_SHIFT
        tables.append(_int32(multiply_by_quantised_multiplier(values, sign * multiplier, shift)))
    multiplier, shift = quantise_multiplier(twice / ((1 << _ADD_LEFT_SHIFT) * target.scale))
    return tables[0], tables[1], _one(multiplier, shift, target.zero_point, low, high)


def _with_vector(
    op: FlatOp, name: str, source: FlatTensor, constant: FlatTensor, first: bool, context: Context
) -> Node:
    """One operand is a constant with one value for each channel."""
    target = activation(context.tensor(op.outputs[0]))
    channels = shape(source)[2]
    data = constant.data
    if constant.kind != "INT8" or len(constant.scales) != 1:
        raise Refusal(
            f"constant operand {constant.name} is {constant.kind.lower()} with {len(constant.scales)} scales",
            "quantise the model fully to int8",
        )
    if data is None or shape(source) != shape(target) or data.size != channels or data.shape[-1:] != (channels,):
        raise Refusal(
            f"constant operand of shape {list(constant.shape)} for {list(source.shape)}",
            "use one value, or one value for each channel",
        )
    operands = (constant, source) if first else (source, constant)
    table_a, table_b, requantise = _tables(op, operands[0], operands[1], target)
    variable, fixed = (table_b, table_a) if first else (table_a, table_b)
    values = fixed[data.reshape(-1).astype(np.int64) + 128]
    if op.kind == "MUL":  # (x - z) * v is a depthwise convolution of one tap
        weights = values.reshape(1, 1, channels)
        narrow = values.min() >= -128 and values.max() <= 127
        return DepthwiseConv2D(
            name,
            (source.name,),
            (target.name,),
            Window((1, 1), (1, 1)),
            weights.astype(np.int8) if narrow else weights.astype(np.int16),
            np.zeros(channels, dtype=np.int32),
            requantise,
        )
    return AddConstant(name, (source.name,), (target.name,), variable, values, requantise)


def _one(multiplier: int, shift: int, zero_point: int, low: int, high: int) -> Requantise:
    return Requantise(np.array([multiplier], dtype=np.int32), np.array([shift], dtype=np.int32), zero_point, low, high)


def _int32(values: np.ndarray) -> Int32:
    return values.astype(np.int32)
