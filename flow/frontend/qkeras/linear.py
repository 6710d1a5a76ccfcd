"""Convolutions and dense layers with an exact function of their sums -> nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from flow.frontend.qkeras import steps
from flow.frontend.qkeras.draft import Apply, Draft, Held
from flow.frontend.qkeras.exact import IDENTITY, Accumulator, Exact, Inexact, fit
from flow.frontend.qkeras.fixed import common_exponent, integers
from flow.frontend.qkeras.steps import Float64, Grid
from flow.frontend.qkeras.weights import MOST_REPEATS, fits, full, repeats, shared_out
from flow.graph import ir
from flow.graph.widths import width_of


def linear(
    draft: Draft,
    core: steps.Linear,
    apply: Apply,
    grid: Grid | None,
    name: str,
    falls: np.ndarray | None = None,
) -> Held:
    """falls: channels in which the functions fall; their weights change sign."""
    function = apply
    if falls is not None and falls.any():
        signs = np.where(falls, -1.0, 1.0)
        core = replace(core, weights=core.weights * signs, bias=core.bias * signs)

        def function(values: Float64) -> Float64:
            return apply(values * signs)

    source, weights, bias, sums = accumulator(draft, core)
    exact = fit(sums, function, grid or natural_grid(sums))
    shift = exact.scale
    if shift and fits(weights << shift, width_of(weights)):
        weights, shift = weights << shift, 0
    source, int8 = arranged(draft, core, source, weights)
    int32 = ((bias << exact.scale) + exact.addend).astype(np.int32)

    def make(label: str, output: str, part: ir.Requantise) -> ir.Node:
        return node_of(core, label, source, output, int8, int32, part, shift)

    return emit(draft, core, exact, name, make)


def planes(draft: Draft, core: steps.Linear, name: str) -> tuple[str, ...]:
    """The whole accumulator as digits to base 256, each an output of its own."""
    source, weights, bias, sums = accumulator(draft, core)
    fine = np.where(sums.fraction != 0, common_exponent(sums.fraction[None], (0,)), 0)
    shift = int(fine.max())
    reach = np.maximum(np.abs(sums.low), np.abs(sums.high)) << min(shift, 32)
    if bool((reach >= 1 << 29).any()):
        raise Inexact(f"its sums with the bias ({core.bias_quantiser}) need more than 30 bits")
    draft.check_float32(reach)
    exponent = int(sums.exponent.max()) + shift
    spread = exponent - shift - sums.exponent  # left shifts that bring all channels to one step
    if bool((spread > 7).any()):
        raise Inexact(f"the scales of its weights ({core.weight_quantiser}) differ by more than 2**7")
    largest = int((reach << spread).max())
    count = next(n for n in range(1, 6) if largest <= 127 * sum(256**p for p in range(n)))
    if count > 4:
        raise Inexact("its sums need more than 32 bits")
    offset = sum(128 * 256**p for p in range(count))
    whole = (bias << shift) + integers(sums.fraction, shift)
    names = tuple(f"{name}/byte{p}" for p in range(count))
    source, int8 = arranged(draft, core, source, weights)
    for p, plane in enumerate(names):
        right = 8 * p - spread
        addend = np.where(right >= 0, offset >> spread, 128 >> np.maximum(-right, 0))
        by = ir.Requantise(
            np.full(len(right), IDENTITY, np.int32),
            -right.astype(np.int32),
            0,
            -128,
            127,
            ir.Rounding.FLOOR,
            1,
            True,
        )
        bits = (whole + addend).astype(np.int32)
        draft.tensor(plane, core.shape, exponent - 8 * p, 0, -128, 127)
        draft.nodes.append(node_of(core, f"{core.layer}/byte{p}", source, plane, int8, bits, by, shift))
    draft.wide_outputs.append(ir.Wide(name, names))
    return names


def accumulator(draft: Draft, core: steps.Linear) -> tuple[Held, np.ndarray, np.ndarray, Accumulator]:
    """(input, integer weights, whole part of the bias, sums) of a convolution or dense layer."""
    source = draft.held(core.inputs[0])
    axes = tuple(range(core.weights.ndim - 1))
    own = common_exponent(core.weights, axes)
    weights = integers(core.weights, own)
    low, high = int(weights.min()), int(weights.max())
    if repeats(weights) > MOST_REPEATS:
        need = f"integers {low} .. {high} in one channel, more than {MOST_REPEATS} times 8 bits"
        raise Inexact(f"its weights ({core.weight_quantiser}) need {need}")
    exponent = own + source.exponent
    scaled = np.ldexp(core.bias, exponent)
    if bool((np.abs(scaled) >= 1 << 30).any()):
        raise Inexact(f"its bias ({core.bias_quantiser}) passes 30 bits at the accumulator's scale")
    bias = np.floor(scaled).astype(np.int64)
    ends = np.stack([weights * min(source.low, 0), weights * max(source.high, 0)])
    bottom, top = ends.min(axis=0).sum(axis=axes) + bias, ends.max(axis=0).sum(axis=axes) + bias
    reach = np.maximum(np.abs(bottom), np.abs(top)) + np.abs(ends).max(axis=0).sum(axis=axes)
    draft.check_float32(reach)
    return source, weights, bias, Accumulator(exponent, scaled - bias, bottom, top)


def node_of(
    core: steps.Linear,
    label: str,
    source: Held,
    output: str,
    weights: ir.Int8,
    bias: ir.Int32,
    by: ir.Requantise,
    shift: int,
) -> ir.Node:
    inputs = (source.tensor.name,)
    if core.window is None:
        return ir.Dense(label, inputs, (output,), weights, bias, by, shift)
    if weights.ndim == 3:
        return ir.DepthwiseConv2D(label, inputs, (output,), core.window, weights, bias, by, shift)
    return ir.Conv2D(label, inputs, (output,), core.window, weights, bias, by, shift)


def emit(
    draft: Draft, core: steps.Step, exact: Exact, name: str, make: Callable[[str, str, ir.Requantise], ir.Node]
) -> Held:
    """The nodes of an exact function of an accumulator; make(node name, output, requantisation) gives one."""
    held = draft.tensor(name, core.shape, exact.exponent, exact.zero_point, exact.low, exact.high)
    if exact.table is not None:
        level = f"{name}/level"
        draft.tensors[level] = replace(held.tensor, name=level, zero_point=0, scale=1.0)
        draft.nodes.append(make(draft.node_name(core.layer), level, exact.parts[0]))
        draft.nodes.append(
            ir.Unary(draft.node_name(f"{core.layer}/levels"), (level,), (name,), "levels", exact.table)
        )
        return held
    if len(exact.parts) == 1:
        draft.nodes.append(make(draft.node_name(core.layer), name, exact.parts[0]))
        return held
    names = (f"{name}/positive", f"{name}/negative")
    for part, output, side in zip(exact.parts, names, ("positive", "negative"), strict=True):
        draft.tensors[output] = replace(held.tensor, name=output, zero_point=0)
        draft.nodes.append(make(draft.node_name(f"{core.layer}/{side}"), output, part))
    whole = np.arange(-128, 128, dtype=np.int32)
    low, high = max(exact.low + exact.zero_point, -128), min(exact.high + exact.zero_point, 127)
    by = ir.Requantise(
        np.full(1, IDENTITY, np.int32), np.zeros(1, np.int32), exact.zero_point, low, high, ir.Rounding.HALF_EVEN, 1
    )
    draft.nodes.append(ir.Add(draft.node_name(f"{core.layer}/slopes"), names, (name,), whole, whole, by))
    return held


def arranged(draft: Draft, core: steps.Linear, source: Held, weights: np.ndarray) -> tuple[Held, ir.Int8]:
    """(input, weights) as the graph holds them; weights of more than 8 bits are shared out over repeated inputs."""
    times = repeats(weights)
    if times > 1:
        tensor = unflattened(draft, source.tensor) if core.window is None else source.tensor
        name = f"{tensor.name}/{times} times"
        source = replace(source, tensor=replace(tensor, name=name, channels=tensor.channels * times))
        if name not in draft.tensors:
            draft.tensors[name] = source.tensor
            draft.nodes.append(ir.Concatenate(draft.node_name(name), (tensor.name,) * times, (name,)))
        parts = shared_out(weights, times)
        if core.window is None:
            parts = [part.reshape(*tensor.shape, -1) for part in parts]
        if core.depthwise:
            parts = [full(part, tensor.channels) for part in parts]
        weights = np.concatenate(parts, axis=2)
    if core.window is None:
        return source, weights.reshape(-1, weights.shape[-1]).T.astype(np.int8)
    if core.depthwise and times == 1:
        return source, weights.astype(np.int8)
    return source, np.ascontiguousarray(weights.transpose(3, 0, 1, 2)).astype(np.int8)


def unflattened(draft: Draft, tensor: ir.Tensor) -> ir.Tensor:
    """The map that was reshaped to this tensor, which has the same values in the same order."""
    makers = {node.outputs[0]: node for node in draft.nodes if isinstance(node, ir.Reshape)}
    name = tensor.name
    while name in makers:
        name = makers[name].inputs[0]
    return draft.tensors[name]


def natural_grid(sums: Accumulator) -> Grid:
    """The grid of a value that no quantiser rounds: the accumulator's own."""
    if np.any(sums.fraction != 0):
        raise Inexact("its bias is finer than its accumulator")
    return Grid(int(sums.exponent.max()))
