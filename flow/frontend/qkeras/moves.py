"""Steps that only move values -> nodes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flow.frontend.qkeras import steps
from flow.frontend.qkeras.draft import Draft, Held
from flow.frontend.qkeras.exact import window_of
from flow.graph import ir


def moved(draft: Draft, step: steps.Step, value: Held, name: str) -> Held:
    tensor = replace(value.tensor, name=name, height=step.shape[0], width=step.shape[1], channels=step.shape[2])
    draft.tensors[name] = tensor
    label, inputs = draft.node_name(step.layer), (value.tensor.name,)
    if isinstance(step, steps.MaxPool):
        draft.nodes.append(ir.MaxPool2D(label, inputs, (name,), step.window, -128, 127))
    else:
        draft.nodes.append(ir.Reshape(label, inputs, (name,)))
    return replace(value, tensor=tensor)


def pad(draft: Draft, step: steps.Pad, value: Held) -> Held:
    held = draft.tensor(
        step.name, step.shape, value.exponent, value.tensor.zero_point, min(value.low, 0), max(value.high, 0)
    )
    draft.nodes.append(
        ir.Pad(
            draft.node_name(step.layer), (value.tensor.name,), (step.name,), step.padding, value.tensor.zero_point
        )
    )
    return held


def join(draft: Draft, step: steps.Joined, operands: list[Held]) -> Held:
    exponent = max(value.exponent for value in operands)
    low = min(value.low << (exponent - value.exponent) for value in operands)
    high = max(value.high << (exponent - value.exponent) for value in operands)
    zero = window_of(low, high)
    names = []
    for index, value in enumerate(operands):
        if (value.exponent, value.tensor.zero_point) == (exponent, zero):
            names.append(value.tensor.name)
            continue
        name = f"{step.name}/{index}"
        raw = np.clip(np.arange(-128, 128) - value.tensor.zero_point, value.low, value.high) << (
            exponent - value.exponent
        )
        draft.tensor(name, value.tensor.shape, exponent, zero, low, high)
        draft.nodes.append(
            ir.Unary(draft.node_name(name), (value.tensor.name,), (name,), "rescale", (raw + zero).astype(np.int8))
        )
        names.append(name)
    held = draft.tensor(step.name, step.shape, exponent, zero, low, high)
    draft.nodes.append(ir.Concatenate(draft.node_name(step.layer), tuple(names), (step.name,)))
    return held
