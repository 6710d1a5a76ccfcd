"""Lowering of operations that move values without changing them, and of softmax."""

from __future__ import annotations

from flow.frontend import lower_moves
from flow.frontend.context import Context, Refusal, activation, shape, value_tensor
from flow.frontend.flatbuffer import FlatOp
from flow.graph.ir import Concatenate, Node, Pad, Padding, Reshape, Softmax


def pad(context: Context, op: FlatOp, name: str) -> Node:
    source, target = activation(context.tensor(op.inputs[0])), activation(context.tensor(op.outputs[0]))
    amounts = context.tensor(op.inputs[1])
    if amounts.data is None:
        raise Refusal("padding that is computed by the network", "give fixed padding")
    if (amounts.data < 0).any():
        raise Refusal(f"padding {amounts.data.reshape(-1).tolist()}", "pad by no less than 0; crop with a slice")
    value = target.zero_point
    if op.kind == "PADV2":
        constant = context.tensor(op.inputs[2])
        if constant.data is None or constant.kind != "INT8" or constant.data.size != 1:
            raise Refusal("a padding value that is no int8 constant", "pad with a constant")
        value = int(constant.data.reshape(-1)[0])
    rows = [(0, 0)] * (4 - len(source.shape)) + [
        (int(before), int(after)) for before, after in amounts.data.reshape(-1, 2)
    ]
    if rows[0] != (0, 0) or rows[3] != (0, 0):
        return lower_moves.pad(context, op, name, value)
    (top, bottom), (left, right) = rows[1], rows[2]
    height, width, channels = shape(source)
    if shape(target) != (height + top + bottom, width + left + right, channels):
        raise Refusal(f"padding {rows} from {list(source.shape)} to {list(target.shape)}", "convert the model again")
    return Pad(name, (source.name,), (target.name,), Padding(top, bottom, left, right), value)


def reshape(context: Context, op: FlatOp, name: str) -> Node:
    source, target = value_tensor(context.tensor(op.inputs[0])), value_tensor(context.tensor(op.outputs[0]))
    sizes = [shape(tensor)[0] * shape(tensor)[1] * shape(tensor)[2] for tensor in (source, target)]
    if sizes[0] != sizes[1]:
        raise Refusal(f"reshape from {list(source.shape)} to {list(target.shape)}", "give the model fixed sizes")
    return Reshape(name, (source.name,), (target.name,))


def concatenate(context: Context, op: FlatOp, name: str) -> Node:
    sources = [value_tensor(context.tensor(index)) for index in op.inputs]
    target = value_tensor(context.tensor(op.outputs[0]))
    if int(op.options.fusedActivationFunction):
        raise Refusal("a fused activation", "use the activation as a layer of its own")
    if int(op.options.axis) % len(target.shape) != len(target.shape) - 1:
        return lower_moves.join(context, op, name)
    if (
        any(shape(tensor)[:2] != shape(target)[:2] for tensor in sources)
        or sum(shape(tensor)[2] for tensor in sources) != shape(target)[2]
    ):
        raise Refusal(f"operands of shapes {[list(tensor.shape) for tensor in sources]}", "convert the model again")
    if any((tensor.scale, tensor.zero_point) != (target.scale, target.zero_point) for tensor in sources):
        raise Refusal(
            "operands with different scales", "convert the model again; TensorFlow's converter makes them equal"
        )
    return Concatenate(name, tuple(tensor.name for tensor in sources), (target.name,))


def softmax(context: Context, op: FlatOp, name: str) -> Node:
    source, target = value_tensor(context.tensor(op.inputs[0])), value_tensor(context.tensor(op.outputs[0]))
    if (target.scale, target.zero_point) != (1 / 256, -128):
        raise Refusal(f"output scale {target.scale}, zero point {target.zero_point}", "convert the model again")
    return Softmax(name, (source.name,), (target.name,), float(op.options.beta))
