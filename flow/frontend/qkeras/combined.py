"""Sums of tensors and averages with an exact function of them -> nodes."""

from __future__ import annotations

from functools import partial

import numpy as np

from flow.frontend.qkeras import steps
from flow.frontend.qkeras.draft import Apply, Draft, Held
from flow.frontend.qkeras.exact import Accumulator, Inexact, fit, fit_average, on_grid, window_of
from flow.frontend.qkeras.fixed import common_exponent
from flow.frontend.qkeras.linear import emit, natural_grid
from flow.frontend.qkeras.steps import Float64, Grid
from flow.graph import ir
from flow.graph.ir import Window


def added(draft: Draft, core: steps.Sum, apply: Apply, grid: Grid | None, name: str) -> Held:
    operands = sorted((draft.held(name) for name in core.inputs), key=lambda value: value.tensor.shape != core.shape)
    vector = (1, 1, core.shape[2])
    operands = [
        value if index and value.tensor.shape == vector else repeated(draft, core, value)
        for index, value in enumerate(operands)
    ]
    exponent = max(value.exponent for value in operands)
    tables, low, high = [], 0, 0
    for value in operands:
        raw = np.clip(np.arange(-128, 128) - value.tensor.zero_point, value.low, value.high) << (
            exponent - value.exponent
        )
        if np.abs(raw).max() >= 1 << 28:
            raise Inexact("adds tensors whose steps differ too much")
        tables.append(raw.astype(np.int32))
        low, high = low + int(raw.min()), high + int(raw.max())
    one = np.ones(1, np.int64)
    sums = Accumulator(exponent * one, np.zeros(1), low * one, high * one)
    draft.check_float32(max(abs(low), abs(high)))
    grid = grid or natural_grid(sums)
    exact = fit(sums, apply, grid)
    tables[0] = tables[0] + exact.addend.astype(np.int32)
    names = tuple(value.tensor.name for value in operands)

    def make(label: str, output: str, part: ir.Requantise) -> ir.Node:
        return ir.Add(label, names, (output,), tables[0], tables[1], part)

    return emit(draft, core, exact, name, make)


def repeated(draft: Draft, core: steps.Sum, value: Held) -> Held:
    """An operand in the sum's shape."""
    shape = value.tensor.shape
    if shape == core.shape:
        return value
    name = f"{core.name}/{value.tensor.name}"
    if name not in draft.values:
        indices = np.broadcast_to(np.arange(value.tensor.size, dtype=np.int32).reshape(shape), core.shape)
        draft.values[name] = draft.tensor(
            name, core.shape, value.exponent, value.tensor.zero_point, value.low, value.high
        )
        draft.nodes.append(ir.Gather(draft.node_name(name), (value.tensor.name,), (name,), indices))
    return draft.held(name)


def joined(draft: Draft, core: steps.Sum) -> steps.Linear:
    """A sum as a 1 x 1 convolution of its operands, joined as plain integers."""
    operands = [repeated(draft, core, draft.held(name)) for name in core.inputs]
    channels, whole = core.shape[2], f"{core.name}/operands"
    if whole not in draft.values:
        names = tuple(f"{core.name}/operand{index}" for index in range(len(operands)))
        for name, value in zip(names, operands, strict=True):
            draft.tensor(name, core.shape, 0, 0, -128, 127)
            draft.nodes.append(ir.Reshape(draft.node_name(name), (value.tensor.name,), (name,)))
        shape = (core.shape[0], core.shape[1], channels * len(operands))
        draft.values[whole] = draft.tensor(whole, shape, 0, 0, -128, 127)
        draft.nodes.append(ir.Concatenate(draft.node_name(whole), names, (whole,)))
    weights = np.concatenate([np.eye(channels) * 2.0**-value.exponent for value in operands])[None, None]
    bias = np.full(channels, -sum(value.tensor.zero_point * 2.0**-value.exponent for value in operands))
    window = Window((1, 1), (1, 1))
    return steps.Linear(core.name, core.layer, (whole,), core.shape, weights, bias, window, False, "addition", "")


def averaged(draft: Draft, core: steps.Average, apply: Apply, grid: Grid | None, name: str) -> Held:
    source = draft.held(core.inputs[0])
    taps = counts(core, source.tensor)

    def value(sums: np.ndarray, count: int) -> Float64:
        return mean(draft, core, np.ldexp(sums.astype(np.float64), -source.exponent), count)

    draft.check_float32(max(abs(source.low), abs(source.high)) * max(taps))
    ratio = 1.0 if core.factor is None else core.area * core.factor
    if grid is None:
        grid = Grid(source.exponent + int(common_exponent(np.array([ratio / n for n in taps]))))
    ends = np.array([[source.low * n, source.high * n] for n in taps])
    results = on_grid(apply(np.stack([value(end, n) for end, n in zip(ends, taps, strict=True)])), grid)
    low, high = int(results.min()), int(results.max())
    zero = window_of(low, high)
    step = 2.0 ** (grid.exponent - source.exponent)
    window = (low, high, zero)
    fitted = []
    for n in taps:
        ideal, values = ratio * step / n, partial(value, count=n)
        fitted.append((n, fit_average(source.low * n, source.high * n, ideal, values, apply, grid, window)))
    held = draft.tensor(name, core.shape, grid.exponent, zero, low, high)
    label, inputs = draft.node_name(core.layer), (source.tensor.name,)
    if core.window is None:
        offset = -taps[0] * source.tensor.zero_point
        draft.nodes.append(ir.Mean(label, inputs, (name,), offset, fitted[0][1]))
    else:
        draft.nodes.append(
            ir.AveragePool2D(
                label, inputs, (name,), core.window, max(low + zero, -128), min(high + zero, 127), tuple(fitted)
            )
        )
    return held


def mean(draft: Draft, core: steps.Average, totals: Float64, count: int) -> Float64:
    """What QKeras makes of the sum of ``count`` values."""
    kind = np.dtype("float64" if draft.wide else "float32")
    mean = totals.astype(kind) / np.asarray(count, kind)
    if core.factor is not None:
        mean = mean * np.asarray(core.area, kind) * np.asarray(core.factor, kind)
    return mean.astype(np.float64)


def counts(core: steps.Average, source: ir.Tensor) -> tuple[int, ...]:
    """Numbers of taps inside the map that occur."""
    if core.window is None:
        return (source.height * source.width,)
    window, along = core.window, []
    for axis, (size, before) in enumerate(
        ((source.height, window.padding.top), (source.width, window.padding.left))
    ):
        starts = np.arange(core.shape[axis]) * window.stride[axis] - before
        taps = starts[:, None] + np.arange(window.kernel[axis])
        along.append(set(((taps >= 0) & (taps < size)).sum(axis=1).tolist()))
    return tuple(sorted({a * b for a in along[0] for b in along[1]}))
