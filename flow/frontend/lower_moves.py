"""Lowering of operations that only move values: slices, splits, transpositions, repetitions, joins along any axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.frontend.context import Context, Refusal, shape, value_tensor
from flow.frontend.flatbuffer import FlatOp, FlatTensor
from flow.graph.ir import Gather, Int32, Node

Order = npt.NDArray[np.int32]

#: position outside every input: the fill value
OUTSIDE = -1


def gather(name: str, sources: Sequence[FlatTensor], target: FlatTensor, order: Order, value: int = 0) -> Gather:
    """The node that puts the sources' values, numbered one after the other, into ``target`` in the order ``order``."""
    for tensor in sources:
        if (tensor.scale, tensor.zero_point) != (target.scale, target.zero_point):
            raise Refusal(
                f"scale {tensor.scale} becomes {target.scale} without a change of the values", "convert the model again"
            )
    if order.size != int(np.prod(target.shape)):
        raise Refusal(f"{order.size} values for an output of shape {list(target.shape)}", "convert the model again")
    indices = np.ascontiguousarray(order.reshape(shape(target)), dtype=np.int32)
    return Gather(name, tuple(tensor.name for tensor in sources), (target.name,), indices, value)


def numbered(tensors: Sequence[FlatTensor]) -> list[Order]:
    """For each tensor its values' numbers, counted through all of them, in its own shape (batch included)."""
    starts = np.cumsum([0, *(int(np.prod(tensor.shape)) for tensor in tensors)])
    return [
        np.arange(start, stop, dtype=np.int32).reshape(tensor.shape)
        for tensor, start, stop in zip(tensors, starts[:-1], starts[1:], strict=True)
    ]


def constant(context: Context, op: FlatOp, position: int, what: str) -> list[int]:
    """The integers of a constant operand."""
    tensor = context.tensor(op.inputs[position])
    if tensor.data is None:
        raise Refusal(f"{what} that the network computes", f"give the layer a fixed {what}")
    return [int(value) for value in tensor.data.reshape(-1)]


def _one(context: Context, op: FlatOp, position: int = 0) -> tuple[FlatTensor, FlatTensor, Order]:
    """Source, first output, and the source's numbers."""
    source = value_tensor(context.tensor(op.inputs[position]))
    return source, value_tensor(context.tensor(op.outputs[0])), numbered([source])[0]


def strided_slice(context: Context, op: FlatOp, name: str) -> Node:
    source, target, order = _one(context, op)
    begin, end, step = (constant(context, op, n, "position") for n in (1, 2, 3))
    options = op.options
    if options.ellipsisMask or options.newAxisMask:
        raise Refusal("a slice with new axes or an ellipsis", "slice along existing axes")
    cuts: list[Any] = []
    for axis, size in enumerate(source.shape):
        bit = 1 << axis
        if axis >= len(begin):
            cuts.append(slice(None))
            continue
        first = None if options.beginMask & bit else begin[axis]
        start = slice(first, None, step[axis]).indices(size)[0]
        if not options.shrinkAxisMask & bit:
            stop = end[axis] + (start if options.offset else 0)
            cuts.append(slice(first, None if options.endMask & bit else stop, step[axis]))
        elif step[axis] > 0 and start < size:
            cuts.append(start)
        else:
            found = f"position {begin[axis]} on an axis of {size}, in steps of {step[axis]}"
            raise Refusal(found, "pick a position inside, in steps of 1")
    return gather(name, [source], target, order[tuple(cuts)])


def cut(context: Context, op: FlatOp, name: str) -> Node:
    """SLICE."""
    source, target, order = _one(context, op)
    begin, size = constant(context, op, 1, "position"), constant(context, op, 2, "size")
    cuts = tuple(slice(b, None if s == -1 else b + s) for b, s in zip(begin, size, strict=True))
    return gather(name, [source], target, order[cuts])


def split(context: Context, op: FlatOp, name: str) -> tuple[Node, ...]:
    """SPLIT, SPLIT_V, UNPACK."""
    position = 1 if op.kind == "SPLIT" else 0
    source, _, order = _one(context, op, position)
    targets = [value_tensor(context.tensor(index)) for index in op.outputs]
    if op.kind == "UNPACK":
        axis = int(op.options.axis)
    else:
        axis = constant(context, op, 0 if op.kind == "SPLIT" else 2, "axis")[0]
    sizes = [1 if op.kind == "UNPACK" else tensor.shape[axis] for tensor in targets]
    parts = np.split(order, np.cumsum(sizes)[:-1], axis)
    return tuple(
        gather(name if n == 0 else f"{name}:{n}", [source], target, part)
        for n, (target, part) in enumerate(zip(targets, parts, strict=True))
    )


def transpose(context: Context, op: FlatOp, name: str) -> Node:
    source, target, order = _one(context, op)
    return gather(name, [source], target, order.transpose(constant(context, op, 1, "order of axes")))


def reverse(context: Context, op: FlatOp, name: str) -> Node:
    source, target, order = _one(context, op)
    return gather(name, [source], target, np.flip(order, tuple(constant(context, op, 1, "axis"))))


def repeat(context: Context, op: FlatOp, name: str) -> Node:
    """TILE, BROADCAST_TO."""
    source, target, order = _one(context, op)
    if op.kind == "TILE":
        return gather(name, [source], target, np.tile(order, constant(context, op, 1, "number of repetitions")))
    return gather(name, [source], target, np.broadcast_to(order, target.shape))


def pick(context: Context, op: FlatOp, name: str) -> Node:
    """GATHER."""
    source, target, order = _one(context, op)
    if int(op.options.batchDims or 0):
        raise Refusal("positions of their own for each image", "gather without batch dimensions")
    axis = int(op.options.axis)
    tensor = context.tensor(op.inputs[1])
    if tensor.data is None:
        raise Refusal("positions that the network computes", "gather at fixed positions")
    size = source.shape[axis]
    if outside := [int(n) for n in tensor.data.reshape(-1) if not 0 <= n < size]:
        raise Refusal(f"position {outside[0]} on an axis of {size}", "gather at positions inside")
    return gather(name, [source], target, np.take(order, tensor.data.astype(np.int64), axis))


def join(context: Context, op: FlatOp, name: str) -> Node:
    """CONCATENATION along any axis, PACK."""
    sources = [value_tensor(context.tensor(index)) for index in op.inputs]
    target = value_tensor(context.tensor(op.outputs[0]))
    orders, axis = numbered(sources), int(op.options.axis)
    joined = np.stack(orders, axis) if op.kind == "PACK" else np.concatenate(orders, axis)
    return gather(name, sources, target, joined)


def pad(context: Context, op: FlatOp, name: str, value: int) -> Node:
    """Padding of any axis by ``value``, or by what lies inside (MIRROR_PAD)."""
    source, target, order = _one(context, op)
    amounts = constant(context, op, 1, "padding")
    sides = list(zip(amounts[::2], amounts[1::2], strict=True))
    if op.kind == "MIRROR_PAD":
        symmetric = int(op.options.mode) == 1
        for size, amount in zip(source.shape, sides, strict=True):
            if not 0 <= min(amount) <= max(amount) <= size - (0 if symmetric else 1):
                raise Refusal(f"mirrored padding {amount} of {size}", "pad by no more than there is to mirror")
        mirrored = np.pad(order, sides, mode="symmetric") if symmetric else np.pad(order, sides, mode="reflect")
        return gather(name, [source], target, mirrored)
    return gather(name, [source], target, np.pad(order, sides, constant_values=OUTSIDE), value)


def mirror_pad(context: Context, op: FlatOp, name: str) -> Node:
    return pad(context, op, name, 0)


def nearest(context: Context, op: FlatOp, name: str) -> Node:
    """RESIZE_NEAREST_NEIGHBOR."""
    source, target, order = _one(context, op)
    rows, columns = (
        _nearest(source.shape[axis], target.shape[axis], bool(op.options.alignCorners),
                 bool(op.options.halfPixelCenters))
        for axis in (1, 2)
    )
    return gather(name, [source], target, order[:, rows][:, :, columns])


def _nearest(size: int, wanted: int, align: bool, half: bool) -> Int32:
    """Source position of each output along one axis, in the kernel's single precision."""
    scale = np.float32(size - 1) / np.float32(wanted - 1) if align and wanted > 1 else np.float32(size / wanted)
    real = (np.arange(wanted, dtype=np.float32) + np.float32(0.5 if half else 0.0)) * scale
    whole = np.floor(real)
    if align:  # to the nearest; real + 0.5 would round up what lies just below the middle
        whole += real - whole >= np.float32(0.5)
    return np.clip(whole, 0, size - 1).astype(np.int32)


def depth_to_space(context: Context, op: FlatOp, name: str) -> Node:
    source, target, order = _one(context, op)
    block = int(op.options.blockSize)
    _, height, width, channels = source.shape
    split_up = order.reshape(height, width, block, block, channels // block**2)
    return gather(name, [source], target, split_up.transpose(0, 2, 1, 3, 4))


def space_to_depth(context: Context, op: FlatOp, name: str) -> Node:
    source, target, order = _one(context, op)
    block = int(op.options.blockSize)
    _, height, width, channels = source.shape
    split_up = order.reshape(height // block, block, width // block, block, channels)
    return gather(name, [source], target, split_up.transpose(0, 2, 1, 3, 4))
