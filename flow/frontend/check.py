"""What a flatbuffer's graph must be for its operations to be lowered one after the other."""

from __future__ import annotations

from collections import Counter

from flow.errors import Problem, UnsupportedError
from flow.frontend.flatbuffer import FlatModel, FlatOp

_AGAIN = "convert the model again"


def check(model: FlatModel) -> None:
    """Raise UnsupportedError, with all that is wrong, unless each tensor gets its values once, before it is read."""
    problems = [
        Problem(f"input {model.tensors[index].name}", f"is listed {times} times", _AGAIN)
        for index, times in Counter(model.inputs).items()
        if times > 1
    ]
    known = {*model.inputs, *(tensor.index for tensor in model.tensors if tensor.constant)}
    for op in model.ops:
        where = f"layer {', '.join(model.tensors[index].name for index in op.outputs)} ({op.kind})"
        for found, remedy in _faults(model, op, known):
            problems.append(Problem(where, found, remedy))
        known.update(op.outputs)
    for index in model.outputs:
        if index not in known:
            problems.append(Problem(f"output {model.tensors[index].name}", "no operation computes it", _AGAIN))
    if problems:
        raise UnsupportedError(problems)


def _faults(model: FlatModel, op: FlatOp, known: set[int]) -> list[tuple[str, str]]:
    """(found, remedy) for what is wrong with an operation; known: the tensors that have their values before it."""
    faults = []
    if not op.outputs or not op.inputs or op.inputs[0] < 0:
        faults.append(("lacks an operand or a result", _AGAIN))
    for index in dict.fromkeys(op.inputs):
        if index >= 0 and index not in known and 0 not in model.tensors[index].shape:
            found = f"reads {model.tensors[index].name}, which is neither a constant nor computed before it"
            faults.append((found, f"{_AGAIN}; a state that is kept from image to image is not supported"))
    for index, times in Counter(op.outputs).items():
        if index in known or times > 1:
            faults.append((f"writes {model.tensors[index].name}, which has its values already", _AGAIN))
    return faults
