"""Lowering of additions, multiplications, extrema and unary functions."""

from __future__ import annotations

import math

import numpy as np

from flow.frontend.context import Context, Refusal, fused_activation, shape, value_tensor
from flow.frontend.fixedpoint import activation_range, multiply_by_quantised_multiplier, quantise_multiplier
from flow.frontend.flatbuffer import FlatOp, FlatTensor
from flow.frontend.lower_moves import gather, numbered
from flow.graph.ir import (
    Add,
    AddConstant,
    DepthwiseConv2D,
    Extremum,
    Int8,
    Int32,
    Multiply,
    Node,
    Requantise,
    Reshape,
    Unary,
    Window,
)

#: every int8 value, as an index into a table
_VALUES = np.arange(-128, 128, dtype=np.int64)
_ADD_LEFT_SHIFT = 20


def binary(context: Context, op: FlatOp, name: str) -> tuple[Node, ...]:
    """ADD, SUB, MUL of two activations, or of one and a constant."""
    first, second = (context.tensor(index) for index in op.inputs)
    if first.data is not None or second.data is not None:
        constant, variable = (first, second) if first.data is not None else (second, first)
        same = shape(value_tensor(variable)) == shape(value_tensor(context.tensor(op.outputs[0])))
        if constant.kind == "INT8" and constant.data is not None and constant.data.size == 1 and same:
            return (unary(context, op, name),)
        return _with_constant(op, name, value_tensor(variable), constant, constant is first, context)
    target = value_tensor(context.tensor(op.outputs[0]))
    before, (first, second), swap = _spread(context, name, (first, second), target)
    table_a, table_b, requantise = _tables(op, first, second, target)
    cls = Multiply if op.kind == "MUL" else Add
    if swap:
        return (*before, cls(name, (second.name, first.name), (target.name,), table_b, table_a, requantise))
    return (*before, cls(name, (first.name, second.name), (target.name,), table_a, table_b, requantise))


def extremum(context: Context, op: FlatOp, name: str) -> tuple[Node, ...]:
    """MAXIMUM, MINIMUM of two activations, or of one and a constant."""
    first, second = (context.tensor(index) for index in op.inputs)
    if first.data is not None or second.data is not None:
        return (unary(context, op, name),)
    target = value_tensor(context.tensor(op.outputs[0]))
    if any((tensor.scale, tensor.zero_point) != (target.scale, target.zero_point) for tensor in (first, second)):
        raise Refusal("operands with different scales", "convert the model again; the converter makes them equal")
    before, (first, second), swap = _spread(context, name, (first, second), target)
    names = (second.name, first.name) if swap else (first.name, second.name)
    return (*before, Extremum(name, names, (target.name,), op.kind == "MAXIMUM"))


def _spread(
    context: Context, name: str, operands: tuple[FlatTensor, FlatTensor], target: FlatTensor
) -> tuple[list[Node], tuple[FlatTensor, FlatTensor], bool]:
    """Two operands broadcast to the target's shape, the nodes that do it, and whether the first is the vector.

    A vector of the channels beside a whole map stays what it is: the engine broadcasts it.
    """
    first, second = (value_tensor(operand) for operand in operands)
    vector = (1, 1, shape(target)[2])
    nodes: list[Node] = []
    if shape(first) == shape(target) and shape(second) in (vector, shape(target)):
        return nodes, (first, second), False
    if shape(second) == shape(target) and shape(first) == vector:
        return nodes, (first, second), True
    wide = tuple(
        broadcast(context, f"{name}:{side}", operand, target, side, nodes)
        for operand, side in ((first, "first"), (second, "second"))
    )
    return nodes, (wide[0], wide[1]), False


def broadcast(
    context: Context, name: str, source: FlatTensor, target: FlatTensor, what: str, nodes: list[Node]
) -> FlatTensor:
    """``source`` in the target's shape; if that needs a node, it is called ``name`` and goes to ``nodes``."""
    if shape(source) == shape(target):
        return source
    wide = context.between(target, what, target.shape, source)
    nodes.append(gather(name, [source], wide, np.broadcast_to(numbered([source])[0], target.shape)))
    return wide


def unary(context: Context, op: FlatOp, name: str) -> Node:
    """Any function of one int8 value; its table is asked for when the whole model is known to be fine."""
    variables = [tensor for tensor in context.operands(op) if tensor.data is None]
    constants = [tensor for tensor in context.operands(op) if tensor.data is not None]
    if len(variables) != 1 or any(tensor.data is not None and tensor.data.size != 1 for tensor in constants):
        raise Refusal("operands that are neither one activation nor single constants", "use constants of one value")
    source, target = value_tensor(variables[0]), value_tensor(context.tensor(op.outputs[0]))
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


def _with_constant(
    op: FlatOp, name: str, source: FlatTensor, constant: FlatTensor, first: bool, context: Context
) -> tuple[Node, ...]:
    """One operand is a constant: one value for each channel, or (by way of a flat tensor) one for each position."""
    target = value_tensor(context.tensor(op.outputs[0]))
    _check_constant(constant)
    before: list[Node] = []
    source = broadcast(context, f"{name}:wide", source, target, "wide", before)
    operands = (constant, source) if first else (source, constant)
    table_a, table_b, requantise = _tables(op, operands[0], operands[1], target)
    variable, fixed = (table_b, table_a) if first else (table_a, table_b)
    inner, values, after = _by_channel(context, name, source, target, constant, before)
    result = after[0].inputs[0] if after else target.name
    factors = fixed[values.astype(np.int64) + 128]
    node: Node
    if op.kind == "MUL":
        node = _scaled(name, inner.name, result, factors, requantise)
    else:
        node = AddConstant(name, (inner.name,), (result,), variable, factors, requantise)
    return (*before, node, *after)


def _check_constant(constant: FlatTensor) -> None:
    if constant.kind != "INT8" or len(constant.scales) != 1 or constant.data is None:
        raise Refusal(
            f"constant operand {constant.name} is {constant.kind.lower()} with {len(constant.scales)} scales",
            "quantise the model fully to int8",
        )
    if not 0.0 < constant.scale < math.inf:
        raise Refusal(f"constant operand {constant.name} has scale {constant.scale}", "see that the weights are finite")


def _by_channel(
    context: Context, name: str, source: FlatTensor, target: FlatTensor, constant: FlatTensor, before: list[Node]
) -> tuple[FlatTensor, Int8, list[Node]]:
    """Source whose channels each have one of the constant's values, those values, and what brings back the shape.

    The node in between writes what the returned nodes read, or ``target`` if there are none.
    """
    assert constant.data is not None
    values = np.broadcast_to(constant.data, target.shape).reshape(-1, shape(target)[2])
    if (values == values[0]).all():
        return source, values[0], []
    flat = context.between(target, "flat", (1, values.size), source)
    result = context.between(target, "result", (1, values.size))
    before.append(Reshape(f"{name}:flat", (source.name,), (flat.name,)))
    return flat, values.reshape(-1), [Reshape(f"{name}:map", (result.name,), (target.name,))]


def _scaled(name: str, source: str, target: str, factors: Int32, requantise: Requantise) -> DepthwiseConv2D:
    """(x - z) * factor of each channel: a depthwise convolution of one tap."""
    weights = factors.reshape(1, 1, -1)
    narrow = factors.min() >= -128 and factors.max() <= 127
    bias = np.zeros(factors.size, dtype=np.int32)
    kept = weights.astype(np.int8) if narrow else weights.astype(np.int16)
    return DepthwiseConv2D(name, (source,), (target,), Window((1, 1), (1, 1)), kept, bias, requantise)


def prelu(context: Context, op: FlatOp, name: str) -> tuple[Node, ...]:
    """The sum of its two sides, of which one is zero: a table, and the negative values times alpha."""
    source, target = (value_tensor(context.tensor(index)) for index in (op.inputs[0], op.outputs[0]))
    alpha = context.tensor(op.inputs[1])
    if alpha.data is None:
        raise Refusal("slopes that the network computes", "use constant slopes")
    _check_constant(alpha)
    if alpha.data.size == 1:
        return (unary(context, op, name),)
    real = np.float32(source.scale) / np.float32(target.scale)
    steep = np.float32(source.scale) * np.float32(alpha.scale) / np.float32(target.scale)
    above = multiply_by_quantised_multiplier(
        np.maximum(_VALUES - source.zero_point, 0), *quantise_multiplier(float(real))
    )
    upper = context.between(target, "above", target.shape)
    lower = context.between(target, "below", target.shape, source)
    product = context.between(target, "product", target.shape)
    table = np.clip(above + target.zero_point, -128, 127).astype(np.int8)
    nodes: list[Node] = [
        Unary(f"{name}:above", (source.name,), (upper.name,), "prelu", table),
        Unary(f"{name}:below", (source.name,), (lower.name,), "minimum",
              np.minimum(_VALUES, source.zero_point).astype(np.int8)),
    ]
    inner, values, after = _by_channel(context, f"{name}:below", lower, product, alpha, nodes)
    result = after[0].inputs[0] if after else product.name
    requantise = _one(*quantise_multiplier(float(steep)), target.zero_point, -128, 127)
    nodes.append(
        _scaled(f"{name}:product", inner.name, result, values.astype(np.int32) - alpha.zero_point, requantise)
    )
    offset = _int32(_VALUES - target.zero_point)
    keep = Requantise(np.array([1 << 30], np.int32), np.array([0], np.int32), target.zero_point, -128, 127, left=1)
    joined = Add(name, (product.name, upper.name), (target.name,), offset, offset, keep)
    return (*nodes, *after, joined)


def _one(multiplier: int, shift: int, zero_point: int, low: int, high: int) -> Requantise:
    return Requantise(np.array([multiplier], dtype=np.int32), np.array([shift], dtype=np.int32), zero_point, low, high)


def _int32(values: np.ndarray) -> Int32:
    return values.astype(np.int32)
