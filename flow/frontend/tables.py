"""Tables of unary functions: every int8 value is sent through the model's own operation in the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np

from flow import oracle
from flow.graph.ir import Int8
from flow.oracle.schema import pack, schema, unpack

_SHAPE = (16, 16, 1)  # 256 values as a map


def ask(flatbuffer: bytes, functions: Sequence[Sequence[int]]) -> list[Int8]:
    """For each function of one int8 value its 256-entry table: entry i is the result for the value i - 128.

    functions: for each the positions, in order, of its operations in the flatbuffer's first subgraph; the last one
    gives the result. Raises ToolError if the kernels refuse it.
    """
    if not functions:
        return []
    model = _questions(flatbuffer, functions)
    values = np.arange(-128, 128).astype(np.int8).reshape(_SHAPE)
    count = range(len(functions))
    answers = oracle.run(pack(model), [{f"x{index}": values for index in count}], [f"y{index}" for index in count])[0]
    return [answers[f"y{index}"].reshape(256) for index in count]


def _questions(flatbuffer: bytes, functions: Sequence[Sequence[int]]) -> Any:
    """A model with one input x<i> and one output y<i> for each function."""
    definitions = schema()
    source = unpack(flatbuffer)
    graph = source.subgraphs[0]
    tensors: list[Any] = []
    buffers = [definitions.BufferT()]
    operators, inputs, outputs = [], [], []

    def constant(tensor: Any) -> bool:
        data = source.buffers[tensor.buffer].data if tensor.buffer else None
        return data is not None and len(data) > 0

    def add(tensor: Any, name: str) -> int:
        """A copy of the tensor: a constant keeps its value, others become maps of all values."""
        made = definitions.TensorT()
        made.type, made.quantization, made.name = tensor.type, tensor.quantization, name
        if constant(tensor):
            made.shape, made.buffer = tensor.shape, len(buffers)
            buffers.append(source.buffers[tensor.buffer])
        else:
            made.shape, made.buffer = [1, *_SHAPE], 0
        tensors.append(made)
        return len(tensors) - 1

    for index, positions in enumerate(functions):
        ops = [copy(graph.operators[position]) for position in positions]
        results = [int(number) for op in ops for number in op.outputs]
        places = {-1: -1, results[-1]: add(graph.tensors[results[-1]], f"y{index}")}
        outputs.append(places[results[-1]])
        for op in ops:
            for number in (int(number) for number in (*op.inputs, *op.outputs)):
                given = number not in results and number >= 0 and not constant(graph.tensors[number])
                if number not in places:
                    places[number] = add(graph.tensors[number], f"x{index}" if given else f"inside{len(tensors)}")
                    inputs += [places[number]] if given else []
            op.inputs, op.outputs = [places[int(n)] for n in op.inputs], [places[int(n)] for n in op.outputs]
            op.intermediates, op.mutatingVariableInputs = None, None
        operators += ops
    question = definitions.SubGraphT()
    question.tensors, question.operators, question.inputs, question.outputs = tensors, operators, inputs, outputs
    model = definitions.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, source.operatorCodes, [question], buffers
    return model
