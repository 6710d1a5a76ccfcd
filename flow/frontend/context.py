"""What the lowering of one operation sees: the model, its checks, and where problems are noted."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from flow.errors import Problem
from flow.frontend.flatbuffer import FlatModel, FlatOp, FlatTensor
from flow.frontend.names import Namer
from flow.graph.ir import Node
from flow.oracle.tensors import image_shape


class Refusal(Exception):
    """This operation cannot be lowered; the text says what was found and what to do."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(found)
        self.found, self.remedy = found, remedy


@dataclass
class Context:
    """Collects the nodes and the problems of one model."""

    model: FlatModel
    namer: Namer
    nodes: list[Node] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    #: unary nodes whose table is to be asked for: index in ``nodes`` -> operation
    tables: dict[int, FlatOp] = field(default_factory=dict)

    #: tensors that the flatbuffer does not have, by name
    inside: dict[str, FlatTensor] = field(default_factory=dict)

    def between(
        self, target: FlatTensor, what: str, shape: tuple[int, ...], like: FlatTensor | None = None
    ) -> FlatTensor:
        """A new tensor inside the operation that makes ``target``; scale and zero point as ``like`` (None: target)."""
        name = f"{target.name}/{what}"
        while name in self.inside or any(tensor.name == name for tensor in self.model.tensors):
            name += "_"
        kept = like or target
        self.inside[name] = replace(kept, name=name, shape=shape, signature=shape, constant=False, data=None)
        return self.inside[name]

    def tensor(self, index: int) -> FlatTensor:
        """Raises IndexError for an operand that the operation does not have (-1)."""
        if index < 0:
            raise IndexError("an operand is absent")
        return self.model.tensors[index]

    def is_read(self, index: int) -> bool:
        return any(index in op.inputs for op in self.model.ops)

    def operands(self, op: FlatOp) -> list[FlatTensor]:
        return [self.tensor(index) for index in op.inputs if index >= 0]


def activation(tensor: FlatTensor) -> FlatTensor:
    """The tensor, if it is a variable int8 tensor with one scale, of one image with at most three dimensions."""
    value_tensor(tensor)
    if len(tensor.shape) > 4 or tensor.shape[:1] not in ((), (1,)):
        raise Refusal(
            f"{tensor.name} has shape {list(tensor.shape)}",
            "only tensors (1, height, width, channels) or fewer dimensions behind the batch of 1 fit",
        )
    return tensor


def value_tensor(tensor: FlatTensor) -> FlatTensor:
    """The tensor, if it is a variable int8 tensor with one scale; of any shape, for operations on values."""
    if tensor.data is not None:
        raise Refusal(
            f"{tensor.name} is a constant where an activation is expected", "fold constants before converting"
        )
    if tensor.kind != "INT8":
        kind = tensor.kind.lower()
        remedy = {
            "uint8": "convert the model again with a TensorFlow that quantises to int8",
            "int16": "quantise activations to int8, not to int16 (no EXPERIMENTAL_..._INT16)",
        }.get(kind, "quantise fully to int8 (TFLITE_BUILTINS_INT8 with a representative dataset)")
        raise Refusal(f"activation {tensor.name} is {kind}", remedy)
    if len(tensor.scales) != 1:
        raise Refusal(
            f"activation {tensor.name} has {len(tensor.scales)} scales", "activations must be quantised per tensor"
        )
    if not 0.0 < tensor.scale < math.inf or not -128 <= tensor.zero_point <= 127:
        raise Refusal(
            f"activation {tensor.name} has scale {tensor.scale}, zero point {tensor.zero_point}",
            "calibrate with data that excites this layer",
        )
    shape(tensor)
    return tensor


def shape(tensor: FlatTensor) -> tuple[int, int, int]:
    """(height, width, channels), as ``image_shape`` says."""
    if any(size < 0 for size in tensor.signature[1:]):
        raise Refusal(f"{tensor.name} has an open shape {list(tensor.signature)}", "give the model fixed sizes")
    try:
        return image_shape(tensor.shape)
    except ValueError:
        raise Refusal(f"{tensor.name} has shape {list(tensor.shape)}", "give the model fixed sizes") from None


def fused_activation(op: FlatOp) -> str:
    """Name of the fused activation. Raises Refusal for one that has no integer range."""
    number = int(op.options.fusedActivationFunction) if op.options is not None else 0
    names = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
    if number >= 4:
        raise Refusal(
            f"fused activation {names[number] if number < len(names) else number}", "use it as a layer of its own"
        )
    return names[number]
