"""Tables of unary functions: every int8 value is sent through the model's own operation in the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flow import oracle
from flow.graph.ir import Int8
from flow.oracle.schema import pack, schema, unpack

_SHAPE = (16, 16, 1)  # 256 values as a map


def ask(flatbuffer: bytes, positions: Sequence[int]) -> list[Int8]:
    """For each unary operation its 256-entry table: entry i is the result for the int8 value i - 128.

    positions: index of each operation in the flatbuffer's first subgraph. Raises ToolError if the kernels refuse it.
    """
    if not positions:
        return []
    model = _questions(flatbuffer, positions)
    values = np.arange(-128, 128).astype(np.int8).reshape(_SHAPE)
    count = range(len(positions))
    answers = oracle.run(pack(model), [{f"x{index}": values for index in count}], [f"y{index}" for index in count])[0]
    return [answers[f"y{index}"].reshape(256) for index in count]


def _questions(flatbuffer: bytes, positions: Sequence[int]) -> Any:
    """A model with one input x<i> and one output y<i> for each operation."""
    definitions = schema()
    source = unpack(flatbuffer)
    graph = source.subgraphs[0]
    tensors: list[Any] = []
    buffers = [definitions.BufferT()]
    operators, inputs, outputs = [], [], []

    def add(tensor: Any, name: str | None) -> int:
        """A copy of the tensor; named ones are maps of all values, others keep their constant."""
        copy = definitions.TensorT()
        copy.type, copy.quantization = tensor.type, tensor.quantization
        if name is not None:
            copy.shape, copy.name, copy.buffer = [1, *_SHAPE], name, 0
        else:
            copy.shape, copy.name, copy.buffer = tensor.shape, f"c{len(tensors)}", len(buffers)
            buffers.append(source.buffers[tensor.buffer])
        tensors.append(copy)
        return len(tensors) - 1

    for index, position in enumerate(positions):
        op = graph.operators[position]
        operands = []
        for number in op.inputs:
            tensor = graph.tensors[number]
            data = source.buffers[tensor.buffer].data if tensor.buffer else None
            constant = data is not None and len(data) > 0
            operands.append(add(tensor, None if constant else f"x{index}"))
            if not constant:
                inputs.append(operands[-1])
        result = add(graph.tensors[op.outputs[0]], f"y{index}")
        outputs.append(result)
        op.inputs, op.outputs, op.intermediates, op.mutatingVariableInputs = operands, [result], None, None
        operators.append(op)
    question = definitions.SubGraphT()
    question.tensors, question.operators, question.inputs, question.outputs = tensors, operators, inputs, outputs
    model = definitions.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, source.operatorCodes, [question], buffers
    return model
