"""Lowering of transposed convolutions and of bilinear resizing: a convolution for all phases, then their weaving."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from flow.frontend.context import Context, Refusal, activation, shape
from flow.frontend.flatbuffer import FlatOp, FlatTensor
from flow.frontend.lower_moves import gather, numbered
from flow.frontend.lower_windows import bias_of, requantise_of, weights_of
from flow.graph.ir import Conv2D, DepthwiseConv2D, Int8, Node, Padding, Requantise, Window

Order = npt.NDArray[np.int32]


def transpose_conv(context: Context, op: FlatOp, name: str) -> tuple[Node, ...]:
    """TRANSPOSE_CONV: output position p of a stride s sees the kernel's taps of one phase, p modulo s, only."""
    source, target = activation(context.tensor(op.inputs[2])), activation(context.tensor(op.outputs[0]))
    filters = weights_of(context, op)
    assert filters.data is not None
    outputs, stride = filters.shape[0], (int(op.options.strideH), int(op.options.strideW))
    axes = [
        _Phases.of(shape(source)[n], shape(target)[n], filters.shape[1 + n], stride[n], op.options.padding == 0)
        for n in range(2)
    ]
    rows, columns = axes
    kernels = np.zeros((*stride, outputs, rows.taps, columns.taps, filters.shape[3]), dtype=np.int8)
    for y in range(filters.shape[1]):
        for x in range(filters.shape[2]):
            taps = (rows.taps - 1 - y // stride[0], columns.taps - 1 - x // stride[1])
            kernels[y % stride[0], x % stride[1], :, taps[0], taps[1]] = filters.data[:, y, x]
    phases = stride[0] * stride[1]
    requantise = requantise_of(source, filters, target, op, outputs)
    if requantise.multiplier.size > 1:
        tiled = np.tile(requantise.multiplier, phases), np.tile(requantise.shift, phases)
        requantise = replace(requantise, multiplier=tiled[0], shift=tiled[1])
    window = Window((rows.taps, columns.taps), (1, 1), (1, 1), Padding(*rows.padding, *columns.padding))
    woven = context.between(target, "phases", (1, rows.count, columns.count, phases * outputs))
    bias = np.tile(bias_of(context, op, outputs, 3), phases)
    weights = kernels.reshape(phases * outputs, *kernels.shape[3:])
    conv = Conv2D(f"{name}:phases", (source.name,), (woven.name,), window, weights, bias, requantise)
    order = _weave(woven, rows.places(), columns.places(), stride, outputs)
    return conv, gather(name, [woven], target, order)


class _Phases:
    """One axis: outputs from ``first`` on, counted from the first tap that reaches the map, in steps of the stride."""

    def __init__(self, first: int, wanted: int, stride: int, taps: int, padding: tuple[int, int]) -> None:
        self.first, self.wanted, self.stride, self.taps, self.padding = first, wanted, stride, taps, padding
        self.start = first // stride
        self.count = (first + wanted - 1) // stride - self.start + 1

    @staticmethod
    def of(size: int, wanted: int, kernel: int, stride: int, same: bool) -> "_Phases":
        steps = -(-wanted // stride) if same else -(-(wanted - kernel + 1) // stride)
        first = max(0, (steps - 1) * stride + kernel - wanted) // 2
        taps = -(-kernel // stride)
        found = _Phases(first, wanted, stride, taps, (0, 0))
        before = taps - 1 - found.start
        after = found.count - 1 + taps - size - before
        if min(before, after) < 0:
            raise Refusal(f"{wanted} outputs of {size} positions, kernel {kernel}, stride {stride}", "use no cropping")
        return _Phases(first, wanted, stride, taps, (before, after))

    def places(self) -> list[tuple[int, int]]:
        """(position in the woven map, phase) of each output."""
        reached = range(self.first, self.first + self.wanted)
        return [(n // self.stride - self.start, n % self.stride) for n in reached]


def _weave(
    woven: FlatTensor, rows: list[tuple[int, int]], columns: list[tuple[int, int]], phases: tuple[int, int], depth: int
) -> Order:
    """For every output its number in a map whose channels are (row phase, column phase, channel)."""
    height, width, _ = shape(woven)
    numbers = numbered([woven])[0].reshape(height, width, *phases, depth)
    y, row_phase = np.array(rows).T
    x, column_phase = np.array(columns).T
    return numbers[y[:, None], x[None, :], row_phase[:, None], column_phase[None, :]]


def bilinear(context: Context, op: FlatOp, name: str) -> tuple[Node, ...]:
    """RESIZE_BILINEAR by a whole factor: each phase is a sum of four neighbours with its own constant weights."""
    source, target = activation(context.tensor(op.inputs[0])), activation(context.tensor(op.outputs[0]))
    if (source.scale, source.zero_point) != (target.scale, target.zero_point):
        raise Refusal("a resize with a change of scale", "convert the model again")
    height, width, channels = shape(source)
    factors = (shape(target)[0] // height, shape(target)[1] // width)
    if op.options.alignCorners or (factors[0] * height, factors[1] * width) != shape(target)[:2]:
        raise Refusal(
            f"a bilinear resize from {height} x {width} to {list(shape(target)[:2])}",
            "resize by a whole factor without align_corners",
        )
    half = bool(op.options.halfPixelCenters)
    taps = [_interpolation(factor, half) for factor in factors]
    divisor = math.gcd(*(int(a) * int(b) for a in taps[0].reshape(-1) for b in taps[1].reshape(-1)))
    right = 20 - (divisor & -divisor).bit_length() + 1
    kernels = np.einsum("py,qx->pqyx", taps[0], taps[1]) // (1 << (20 - right))
    if kernels.max() > 127:
        raise Refusal(f"a bilinear resize by {factors[0]} x {factors[1]}", "resize by 2 or 4, several times")
    edges = context.between(target, "edges", (1, height + 2, width + 2, channels))
    ring = np.pad(numbered([source])[0], ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    phases = factors[0] * factors[1]
    woven = context.between(target, "phases", (1, height, width, channels * phases))
    weights: Int8 = np.tile(kernels.reshape(phases, 3, 3).transpose(1, 2, 0), (1, 1, channels)).astype(np.int8)
    # the kernel rounds the sum of the raw values, whatever their zero point
    bias = np.full(channels * phases, source.zero_point << right, dtype=np.int32)
    identity = np.array([1 << 30], dtype=np.int32)
    requantise = Requantise(identity, np.array([-right], dtype=np.int32), 0, -128, 127, left=1)
    conv = DepthwiseConv2D(
        f"{name}:phases", (edges.name,), (woven.name,), Window((3, 3), (1, 1)), weights, bias, requantise
    )
    numbers = numbered([woven])[0].reshape(height, width, channels, *factors)
    order = numbers.transpose(0, 3, 1, 4, 2)
    return gather(f"{name}:edges", [source], edges, ring), conv, gather(name, [woven], target, order)


def _interpolation(factor: int, half: bool) -> npt.NDArray[np.int64]:
    """(phases, 3): weights of the neighbour before, the position itself and the one after, in units of 1 / 1024."""
    unit = 1 << 10
    step = (unit + factor // 2) // factor
    weights = np.zeros((factor, 3), dtype=np.int64)
    for phase in range(factor):
        at = phase * step + (step // 2 - unit // 2 if half else 0)
        if step * factor != unit:
            raise Refusal(f"a bilinear resize by {factor}", "resize by a power of two")
        low = at // unit
        weights[phase, low + 1] += unit - (at - low * unit)
        weights[phase, low + 2] += at - low * unit
    return weights
