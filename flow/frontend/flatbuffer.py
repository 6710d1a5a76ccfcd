"""The parts of a TensorFlow Lite flatbuffer that the lowering needs, as plain immutable values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.errors import Problem, UnsupportedError, UsageError
from flow.oracle.schema import enum_names, operator_number, schema, unpack
from flow.oracle.tensors import tensor_names

#: operations whose tensors are shapes; they vanish when all shapes are known
_DTYPES: dict[str, Any] = {
    "FLOAT32": "<f4",
    "INT32": "<i4",
    "INT64": "<i8",
    "INT8": "i1",
    "UINT8": "u1",
    "INT16": "<i2",
    "BOOL": "?",
    "FLOAT16": "<f2",
    "FLOAT64": "<f8",
}


@dataclass(frozen=True)
class FlatTensor:
    """scales are the flatbuffer's float32 values, exactly.

    constant: whether the file holds the values; ``data`` is None for activations, and for types that NumPy lacks.
    """

    index: int
    name: str
    kind: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int
    constant: bool
    data: npt.NDArray[Any] | None

    @property
    def scale(self) -> float:
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        return self.zero_points[0]


@dataclass(frozen=True)
class FlatOp:
    """One operation; absent optional inputs are -1. ``options`` is the schema's options object or None.

    steps: positions of the flatbuffer's operations that it stands for.
    """

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any
    steps: tuple[int, ...]


@dataclass(frozen=True)
class FlatModel:
    tensors: tuple[FlatTensor, ...]
    ops: tuple[FlatOp, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read(flatbuffer: bytes, where: str) -> FlatModel:
    """Raises UsageError if the flatbuffer is damaged, UnsupportedError if it has several subgraphs."""
    try:
        model = unpack(flatbuffer)
        if not model.subgraphs:
            raise UsageError(Problem(where, "holds no graph", "convert the model again"))
        if len(model.subgraphs) > 1 and any(len(graph.operators or ()) for graph in model.subgraphs[1:]):
            raise UnsupportedError(
                Problem(
                    where,
                    f"has {len(model.subgraphs)} subgraphs (control flow)",
                    "only straight networks are supported: remove loops and conditions",
                )
            )
        return _read(model)
    except (UsageError, UnsupportedError):
        raise
    except Exception as error:  # the flatbuffers package raises anything on malformed data
        raise UsageError(
            Problem(where, f"is truncated or damaged ({type(error).__name__})", "copy or convert the model again")
        ) from None


def _read(model: Any) -> FlatModel:
    definitions = schema()
    kinds, types = enum_names(definitions.BuiltinOperator), enum_names(definitions.TensorType)
    graph = model.subgraphs[0]
    names = tensor_names([tensor.name for tensor in graph.tensors])
    tensors = tuple(
        _tensor(index, names[index], tensor, types, model.buffers) for index, tensor in enumerate(graph.tensors)
    )
    ops = []
    for position, op in enumerate(graph.operators or ()):
        code = model.operatorCodes[op.opcodeIndex]
        number = operator_number(code)
        kind = kinds.get(number, f"operator {number}")
        if kind == "CUSTOM":
            kind = f"CUSTOM {code.customCode.decode(errors='replace') if code.customCode else ''}".strip()
        inputs = tuple(int(i) for i in (op.inputs if op.inputs is not None else ()))
        outputs = tuple(int(i) for i in (op.outputs if op.outputs is not None else ()))
        if any(not -1 <= i < len(tensors) for i in inputs) or any(not 0 <= i < len(tensors) for i in outputs):
            raise ValueError("tensor index")
        ops.append(FlatOp(kind, inputs, outputs, op.builtinOptions, (position,)))
    ends = tuple(int(i) for i in graph.inputs), tuple(int(i) for i in graph.outputs)
    if any(not 0 <= i < len(tensors) for i in (*ends[0], *ends[1])):
        raise ValueError("tensor index")
    return FlatModel(tensors, tuple(ops), *ends)


def _tensor(index: int, name: str, tensor: Any, types: dict[int, str], buffers: list[Any]) -> FlatTensor:
    shape = tuple(int(n) for n in tensor.shape) if tensor.shape is not None else ()
    signature = tuple(int(n) for n in tensor.shapeSignature) if tensor.shapeSignature is not None else shape
    quantisation = tensor.quantization
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()
    if quantisation is not None and quantisation.scale is not None and len(quantisation.scale):
        scales = tuple(float(np.float32(scale)) for scale in quantisation.scale)
        points = quantisation.zeroPoint
        zero_points = tuple(int(z) for z in points) if points is not None and len(points) else (0,) * len(scales)
    kind = types.get(int(tensor.type), str(tensor.type))
    data = None
    raw = buffers[tensor.buffer].data if tensor.buffer else None
    stored = raw is not None and len(raw) > 0
    if stored and tensor.sparsity is not None:
        raise UnsupportedError(Problem(f"tensor {name}", "is stored sparse", "convert the model without sparsity"))
    if stored and kind in _DTYPES:
        data = np.frombuffer(np.asarray(raw, dtype=np.uint8).tobytes(), dtype=_DTYPES[kind]).reshape(shape)
    return FlatTensor(
        index,
        name,
        kind,
        shape,
        signature,
        scales,
        zero_points,
        int(quantisation.quantizedDimension) if quantisation is not None else 0,
        stored,
        data,
    )
