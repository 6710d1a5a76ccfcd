"""A network cut where an operation has no reference kernel; it has one kernel only, which runs between two parts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flow.oracle.schema import operator_number, pack, schema, unpack

#: operations that TensorFlow Lite has one kernel for, not listed among the reference kernels
SINGLE = ("CEIL", "ELU", "ROUND")


@dataclass(frozen=True)
class Part:
    """Operations in a row as a network with the numbers of the whole network's tensors.

    inputs: what it reads from before; makes: what its operations write; reference: whether for the reference kernels.
    """

    flatbuffer: bytes
    inputs: tuple[int, ...]
    makes: frozenset[int]
    reference: bool


def parts(flatbuffer: bytes) -> tuple[Part, ...]:
    """The parts in their order; the network as it is, if it needs no cut."""
    model = unpack(flatbuffer)
    graph, codes = model.subgraphs[0], model.operatorCodes
    single = {getattr(schema().BuiltinOperator, kind) for kind in SINGLE}

    def has_reference(op: Any) -> bool:
        return operator_number(codes[op.opcodeIndex]) not in single

    runs = [(reference, list(ops)) for reference, ops in groupby(graph.operators, has_reference)]
    fed = {int(index) for index in graph.inputs}
    made = {int(index) for op in graph.operators for index in op.outputs}
    if all(reference for reference, _ in runs):
        return (Part(flatbuffer, tuple(sorted(fed)), frozenset(made), True),)
    return tuple(_part(flatbuffer, ops, fed | made, reference) for reference, ops in runs)


def _part(flatbuffer: bytes, ops: list[Any], variables: set[int], reference: bool) -> Part:
    makes = {int(index) for op in ops for index in op.outputs}
    reads = sorted({int(index) for op in ops for index in op.inputs} & variables - makes)
    model = unpack(flatbuffer)
    graph = model.subgraphs[0]
    used = sorted({op.opcodeIndex for op in ops})
    model.operatorCodes = [model.operatorCodes[index] for index in used]
    for op in ops:
        op.opcodeIndex = used.index(op.opcodeIndex)
    graph.operators, graph.inputs, graph.outputs, model.signatureDefs = ops, reads, sorted(makes), []
    return Part(pack(model), tuple(reads), frozenset(makes), reference)
