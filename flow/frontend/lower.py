"""Flatbuffer -> integer graph. One table says how each operation is lowered; all problems are reported at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from flow.errors import Problem, UnsupportedError
from flow.frontend import (
    islands,
    lower_elementwise,
    lower_moves,
    lower_reduce,
    lower_resample,
    lower_shapes,
    lower_windows,
)
from flow.frontend.context import Context, Refusal, activation, shape
from flow.frontend.flatbuffer import FlatModel, FlatOp, FlatTensor
from flow.frontend.names import Namer
from flow.graph.ir import Graph, Node, Softmax, Tensor

Lowering = Callable[[Context, FlatOp, str], Node | tuple[Node, ...]]

#: functions of one int8 value, filled by asking the oracle
UNARY = (
    "RELU",
    "RELU6",
    "RELU_N1_TO_1",
    "RELU_0_TO_1",
    "LEAKY_RELU",
    "LOGISTIC",
    "TANH",
    "HARD_SWISH",
    "GELU",
    "ABS",
    "EXP",
    "LOG",
    "QUANTIZE",
    "SQUARED_DIFFERENCE",
)

LOWERINGS: Mapping[str, Lowering] = {
    "CONV_2D": lower_windows.conv,
    "DEPTHWISE_CONV_2D": lower_windows.depthwise,
    "FULLY_CONNECTED": lower_windows.dense,
    "MAX_POOL_2D": lower_windows.pool,
    "AVERAGE_POOL_2D": lower_windows.pool,
    "ADD": lower_elementwise.binary,
    "SUB": lower_elementwise.binary,
    "MUL": lower_elementwise.binary,
    "MEAN": lower_reduce.mean,
    "REDUCE_MAX": lower_reduce.maximum,
    "MAXIMUM": lower_elementwise.extremum,
    "MINIMUM": lower_elementwise.extremum,
    "PRELU": lower_elementwise.prelu,
    "TRANSPOSE_CONV": lower_resample.transpose_conv,
    "RESIZE_BILINEAR": lower_resample.bilinear,
    "RESIZE_NEAREST_NEIGHBOR": lower_moves.nearest,
    "STRIDED_SLICE": lower_moves.strided_slice,
    "SLICE": lower_moves.cut,
    "SPLIT": lower_moves.split,
    "SPLIT_V": lower_moves.split,
    "UNPACK": lower_moves.split,
    "PACK": lower_moves.join,
    "TRANSPOSE": lower_moves.transpose,
    "REVERSE_V2": lower_moves.reverse,
    "TILE": lower_moves.repeat,
    "BROADCAST_TO": lower_moves.repeat,
    "GATHER": lower_moves.pick,
    "MIRROR_PAD": lower_moves.mirror_pad,
    "DEPTH_TO_SPACE": lower_moves.depth_to_space,
    "SPACE_TO_DEPTH": lower_moves.space_to_depth,
    "PAD": lower_shapes.pad,
    "PADV2": lower_shapes.pad,
    "RESHAPE": lower_shapes.reshape,
    "SQUEEZE": lower_shapes.reshape,
    "EXPAND_DIMS": lower_shapes.reshape,
    "CONCATENATION": lower_shapes.concatenate,
    "SOFTMAX": lower_shapes.softmax,
    **dict.fromkeys(UNARY, lower_elementwise.unary),
}

#: operations on shapes; they vanish because every shape is known
_SHAPE_KINDS = frozenset(
    {"SHAPE", "STRIDED_SLICE", "PACK", "GATHER", "REDUCE_PROD", "CONCATENATION", "MUL", "CAST", "EXPAND_DIMS", "SLICE"}
)
_WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})


def lower(model: FlatModel, name: str, layers: Iterable[str]) -> tuple[Graph, dict[int, FlatOp]]:
    """The integer graph, and for each unary node (by its index in ``nodes``) the operation to ask for its table.

    Raises UnsupportedError with everything that stands in the way.
    """
    _check_quantised(model, name)
    at_inputs, at_outputs = _edges(model)
    model = islands.join(model, LOWERINGS, at_inputs)
    context = Context(model, Namer(layers))
    conversions: list[Problem] = []
    for op in model.ops:
        if op in at_inputs or op in at_outputs or _computes_shapes(context, op):
            continue
        node_name = context.namer.name(_telling_names(context, op), op.kind)
        lowering = lower_elementwise.unary if op.kind == islands.TABLE else LOWERINGS.get(op.kind)
        if lowering is None or _in_float(context, op):
            noted = conversions if op.kind in ("DEQUANTIZE", "QUANTIZE") else context.problems
            noted.append(Problem(f"layer {node_name}", f"operation {op.kind} {_found(context, op)}", _remedy(op.kind)))
            continue
        try:
            made = lowering(context, op, node_name)
            context.nodes += made if isinstance(made, tuple) else (made,)
        except Refusal as refusal:
            context.problems.append(Problem(f"layer {node_name} ({op.kind})", refusal.found, refusal.remedy))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            found = "has no options" if op.options is None else "holds numbers that contradict each other"
            where = f"layer {node_name} ({op.kind})"
            context.problems.append(Problem(where, f"{found} ({error})", "convert the model again"))
    for index, times in Counter(op.inputs[0] for op in at_inputs).items():
        if times > 1:
            where, found = f"input {context.tensor(index).name}", f"is quantised {times} times"
            context.problems.append(Problem(where, found, "quantise an input once, for all that read it"))
    inputs = _ends(context, model.inputs, {op.inputs[0]: op.outputs[0] for op in at_inputs}, "input")
    outputs = _ends(context, model.outputs, {op.outputs[0]: op.inputs[0] for op in at_outputs}, "output")
    if len(outputs) == len(model.outputs):
        _check_softmax(context, {tensor.name for tensor in outputs})
    if problems := context.problems or conversions:
        raise UnsupportedError(problems)
    used = dict.fromkeys(
        [
            *(tensor.name for tensor in inputs),
            *(name for node in context.nodes for name in (*node.inputs, *node.outputs)),
        ]
    )
    by_name = {tensor.name: tensor for tensor in model.tensors} | context.inside
    graph = Graph(
        name,
        {key: _tensor(by_name[key]) for key in used},
        tuple(context.nodes),
        tuple(tensor.name for tensor in inputs),
        tuple(tensor.name for tensor in outputs),
        inside=tuple(name for name in used if name in context.inside),
    )
    return graph, context.tables


def _check_quantised(model: FlatModel, name: str) -> None:
    """Raises UnsupportedError, once for all operations, if none of them gives int8."""
    kinds = {model.tensors[index].kind for op in model.ops for index in op.outputs} - {"INT32", "INT64", "BOOL"}
    if kinds and "INT8" not in kinds:
        found = f"its activations are {', '.join(sorted(kinds)).lower()}, not int8"
        remedy = "quantise it fully to int8 (TFLITE_BUILTINS_INT8, a representative dataset), or give the Keras model"
        raise UnsupportedError(Problem(name, found, remedy))


def _edges(model: FlatModel) -> tuple[list[FlatOp], list[FlatOp]]:
    """Operations between the outside's numbers (float, or uint8) and the network's int8, at inputs and at outputs: the
    host's."""
    at_inputs, at_outputs = [], []
    for op in model.ops:
        if op.kind not in ("QUANTIZE", "DEQUANTIZE"):
            continue
        source, target = model.tensors[op.inputs[0]], model.tensors[op.outputs[0]]
        if op.inputs[0] in model.inputs and (source.kind == "FLOAT32" or _shifted(source, target)):
            at_inputs.append(op)
        elif op.outputs[0] in model.outputs and (
            (op.kind == "DEQUANTIZE" and source.kind == "INT8") or _shifted(target, source)
        ):
            at_outputs.append(op)
    return at_inputs, at_outputs


def _shifted(outside: FlatTensor, inside: FlatTensor) -> bool:
    """Whether these are the same real values, as uint8 and as int8."""
    kinds = (outside.kind, inside.kind) == ("UINT8", "INT8") and outside.scales == inside.scales
    return kinds and outside.zero_points == tuple(point + 128 for point in inside.zero_points)


def _computes_shapes(context: Context, op: FlatOp) -> bool:
    return op.kind in _SHAPE_KINDS and all(context.tensor(index).kind in ("INT32", "INT64") for index in op.outputs)


def _telling_names(context: Context, op: FlatOp) -> list[str]:
    weights = [tensor.name for tensor in context.operands(op) if tensor.data is not None]
    outputs = [context.tensor(index).name for index in op.outputs]
    return weights[:1] + outputs if op.kind in _WEIGHTED and context.namer.knows_layers else outputs + weights


def _ends(context: Context, indices: tuple[int, ...], through: dict[int, int], what: str) -> list[FlatTensor]:
    ends = []
    for index in indices:
        tensor = context.tensor(through.get(index, index))
        if tensor.kind == "FLOAT32" and index in context.model.inputs and not context.is_read(index):
            context.problems.append(Problem(f"{what} {tensor.name}", "no layer computes with it", "remove it"))
            continue
        try:
            ends.append(activation(tensor))
        except Refusal as refusal:
            context.problems.append(Problem(f"{what} {tensor.name}", refusal.found, refusal.remedy))
    return ends


def _check_softmax(context: Context, outputs: set[str]) -> None:
    read = {name for node in context.nodes for name in node.inputs}
    for node in context.nodes:
        if isinstance(node, Softmax) and (node.outputs[0] in read or node.outputs[0] not in outputs):
            context.problems.append(
                Problem(
                    f"layer {node.name} (SOFTMAX)",
                    "a softmax inside the network; only a final one is computed (on the host)",
                    "end the network at the softmax, or remove it",
                )
            )


def _tensor(tensor: FlatTensor) -> Tensor:
    height, width, channels = shape(tensor)
    return Tensor(tensor.name, height, width, channels, tensor.scale, tensor.zero_point)


def _in_float(context: Context, op: FlatOp) -> bool:
    indices = [index for index in (*op.inputs, *op.outputs) if index >= 0]
    return any(context.tensor(index).kind == "FLOAT32" for index in indices)


def _found(context: Context, op: FlatOp) -> str:
    return "runs in float" if _in_float(context, op) else "is not supported"


def _remedy(kind: str) -> str:
    if kind in LOWERINGS or kind == "DEQUANTIZE":
        return "quantise the model fully to int8 (TFLITE_BUILTINS_INT8); what has no finite range stays in float"
    return "replace the layer; what a network may consist of: flow list ops"


def operations() -> tuple[tuple[str, str, str], ...]:
    """(operation, where it runs, notes) for every operation that can be lowered, by name."""
    notes = {
        "ADD": "of two, or of one and constants; operands are broadcast",
        "MUL": "as ADD",
        "SUB": "as ADD",
        "CONV_2D": "any kernel, stride, dilation, padding; groups",
        "DEPTHWISE_CONV_2D": "any channel multiplier",
        "MAXIMUM": "of two, or of one and a constant value",
        "MINIMUM": "as MAXIMUM",
        "RESIZE_BILINEAR": "by 2 or 4",
        "TRANSPOSE_CONV": "any kernel, stride",
        "STRIDED_SLICE": "along existing axes",
        "SOFTMAX": "at the end of a network",
        "QUANTIZE": "change of scale; a float or uint8 input's is the host's",
    }
    host = {"SOFTMAX"}
    plain = dict.fromkeys(UNARY, "table of 256 values")
    others = islands.BY_VALUE - set(LOWERINGS) - {"DEQUANTIZE"}
    joined = dict.fromkeys(others, "value by value, in a function of one tensor: table of 256 values")
    return tuple(
        (kind, "host" if kind in host else "engine", ({**plain, **joined} | notes).get(kind, ""))
        for kind in sorted({*LOWERINGS, *joined})
    )
