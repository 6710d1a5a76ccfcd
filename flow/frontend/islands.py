"""Operations that take each value of one int8 tensor by itself, in float or with conditions, joined into a table.

The converter leaves functions without an int8 kernel in float, between DEQUANTIZE and QUANTIZE, and makes others (SELU,
a ReLU with a threshold) of comparisons and selections. As long as all of it depends on a single int8 tensor, value by
value, it is a function of 256 values.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from flow.frontend.flatbuffer import FlatModel, FlatOp

#: kind of an operation that stands for several
TABLE = "TABLE"
#: operations whose every output value depends on one value of each operand
BY_VALUE = frozenset(
    {
        "ABS", "ADD", "CAST", "CEIL", "COS", "DEQUANTIZE", "DIV", "ELU", "EQUAL", "EXP", "FLOOR", "FLOOR_DIV",
        "FLOOR_MOD", "GELU", "GREATER", "GREATER_EQUAL", "HARD_SWISH", "LEAKY_RELU", "LESS", "LESS_EQUAL", "LOG",
        "LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR", "LOGISTIC", "MAXIMUM", "MINIMUM", "MUL", "NEG", "NOT_EQUAL", "POW",
        "QUANTIZE", "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "ROUND", "RSQRT", "SELECT", "SELECT_V2", "SIGN",
        "SIN", "SQRT", "SQUARE", "SQUARED_DIFFERENCE", "SUB", "TANH",
    }
)


def join(model: FlatModel, known: Collection[str], at_inputs: Collection[FlatOp] = ()) -> FlatModel:
    """The model with a TABLE in place of what cannot be lowered operation by operation, where that is possible.

    known: operations with a lowering of their own; at_inputs: conversions of the network's inputs, which stay.
    """
    makers = {index: op for op in model.ops if op not in at_inputs for index in op.outputs}
    tables: dict[int, FlatOp] = {}  # by the position of the last operation that the table stands for
    for op in makers.values():
        if len(op.outputs) == 1 and _is_value(model, op.outputs[0]) and not _lowered(model, op, known):
            found = _island(model, op, makers)
            if found is not None:
                tables[op.steps[-1]] = found
    joined = {step for table in tables.values() for step in table.steps}
    kept: list[FlatOp] = []
    needed = set(model.outputs)
    for op in reversed(model.ops):
        made = tables.get(op.steps[-1], op)
        if made.steps[-1] not in joined or not needed.isdisjoint(made.outputs):
            kept.append(made)
            needed.update(made.inputs)
    return replace(model, ops=tuple(reversed(kept)))


def _lowered(model: FlatModel, op: FlatOp, known: Collection[str]) -> bool:
    variables = [index for index in (*op.inputs, *op.outputs) if index >= 0 and model.tensors[index].data is None]
    return op.kind in known and all(model.tensors[index].kind == "INT8" for index in variables)


def _is_value(model: FlatModel, index: int) -> bool:
    return model.tensors[index].kind == "INT8" and model.tensors[index].data is None


def _island(model: FlatModel, last: FlatOp, makers: dict[int, FlatOp]) -> FlatOp | None:
    """The table that ends with ``last``: back to the nearest single int8 tensor on which all of it depends."""
    shape = model.tensors[last.outputs[0]].shape
    steps: set[int] = set()
    leaves: set[int] = set()
    waiting: list[FlatOp] = [last]
    while waiting:
        op = waiting.pop()
        if op.kind not in BY_VALUE or model.tensors[op.outputs[0]].shape != shape:
            return None
        steps.add(op.steps[-1])
        for index in op.inputs:
            tensor = model.tensors[index]
            if index < 0 or (tensor.data is not None and tensor.data.size == 1):
                continue
            made = index in makers or _is_value(model, index)
            if tensor.data is not None or tensor.shape != shape or not made:
                return None
            if _is_value(model, index):
                leaves.add(index)
            elif makers[index].steps[-1] not in steps:
                waiting.append(makers[index])
        if not waiting and len(leaves) > 1:  # the youngest one depends on the others, or nothing does
            youngest = max(leaves, key=lambda index: makers[index].steps[-1] if index in makers else -1)
            if youngest not in makers:
                return None
            leaves.remove(youngest)
            waiting.append(makers[youngest])
    if len(leaves) != 1:
        return None
    return FlatOp(TABLE, tuple(leaves), last.outputs, None, tuple(sorted(steps)))
