"""A network that ends before its softmax."""

from __future__ import annotations

from flow.oracle.schema import operator_number, pack, schema, unpack
from flow.oracle.tensors import tensor_names


def without_softmax(flatbuffer: bytes) -> tuple[bytes, frozenset[str]]:
    """The network whose outputs are its final softmaxes' inputs, and the names of the tensors that this takes away."""
    model = unpack(flatbuffer)
    graph = model.subgraphs[0]
    sources: dict[int, int] = {}
    kept = []
    for op in graph.operators:
        if operator_number(model.operatorCodes[op.opcodeIndex]) == schema().BuiltinOperator.SOFTMAX:
            sources[int(op.outputs[0])] = int(op.inputs[0])
        elif any(int(index) in sources for index in op.inputs):  # what makes the result an output's type
            sources[int(op.outputs[0])] = sources[int(op.inputs[0])]
        else:
            kept.append(op)
    names = tensor_names([tensor.name for tensor in graph.tensors])
    graph.operators, graph.outputs = kept, [sources.get(int(index), int(index)) for index in graph.outputs]
    model.signatureDefs = []
    return pack(model), frozenset(names[index] for index in sources)
