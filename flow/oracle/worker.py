"""Worker of the oracle: ``python -m flow.oracle.worker FOLDER``.

Reads FOLDER/model.tflite, FOLDER/keep.json and FOLDER/in<i>.npz; writes FOLDER/out<i>.npz. Exit code 0 or a message.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np

from flow.oracle.parts import parts
from flow.oracle.schema import operator_number, pack, schema, tensorflow_root, unpack
from flow.oracle.tensors import image_shape, tensor_names

#: TensorFlow Lite's number of the resolver with the reference kernels (``OpResolverType.BUILTIN_REF``)
REFERENCE_KERNELS = 2
#: and of the one with all kernels of its own (``OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES``)
OWN_KERNELS = 3
_UNKNOWN_VERSION = re.compile(r"Didn't find op for builtin opcode '(?P<kind>\w+)' version '(?P<version>\d+)'")


def _wrapper_module() -> Any:
    """The interpreter's native module alone: ``tensorflow``'s own start takes seconds and loads what is not needed."""
    package = types.ModuleType("tensorflow")
    package.__path__ = [str(tensorflow_root())]
    sys.modules.setdefault("tensorflow", package)
    return importlib.import_module("tensorflow.lite.python.interpreter_wrapper._pywrap_tensorflow_interpreter_wrapper")


def _open(flatbuffer: bytes, kernels: int) -> tuple[bytes, Any]:
    """An interpreter, and the bytes it was made of.

    The list of reference kernels ends at lower version numbers than the converter writes (TILE: 2 and 3), though the
    kernels are the same: a version number says what a file needs at least. A kernel that cannot do what is asked says
    so itself when it prepares.
    """
    wrapper = _wrapper_module()
    while True:
        try:
            made = wrapper.CreateWrapperFromBuffer(flatbuffer, kernels, [], [], True, False, 1, False)
            return flatbuffer, made
        except ValueError as error:
            unknown = _UNKNOWN_VERSION.search(str(error))
            if unknown is None or int(unknown["version"]) < 2:
                raise
            flatbuffer = lower_version(flatbuffer, unknown["kind"], int(unknown["version"]))


def lower_version(flatbuffer: bytes, kind: str, version: int) -> bytes:
    """The model with ``version`` of an operation called one lower. Raises ValueError if there is none."""
    model = unpack(flatbuffer)
    number = getattr(schema().BuiltinOperator, kind)
    codes = [code for code in model.operatorCodes if operator_number(code) == number and code.version == version]
    if not codes:
        raise ValueError(f"no {kind} of version {version} in the model")
    for code in codes:
        code.version = version - 1
    return pack(model)


class Oracle:
    """One model in the interpreter with reference kernels and every tensor kept."""

    def __init__(self, flatbuffer: bytes) -> None:
        self._parts = parts(flatbuffer)
        kernels = [REFERENCE_KERNELS if part.reference else OWN_KERNELS for part in self._parts]
        # an interpreter keeps a pointer into its bytes
        self._opened = [_open(part.flatbuffer, kind) for part, kind in zip(self._parts, kernels, strict=True)]
        for _, interpreter in self._opened:
            interpreter.AllocateTensors(-1)
        subgraph = unpack(flatbuffer).subgraphs[0]
        self.names = tensor_names([tensor.name for tensor in subgraph.tensors])
        self._index = {name: index for index, name in enumerate(self.names)}
        int8, outside = schema().TensorType.INT8, (schema().TensorType.FLOAT32, schema().TensorType.UINT8)
        produced = {int(index) for op in subgraph.operators for index in op.outputs}
        fed = {int(index) for index in subgraph.inputs}
        self.activations = tuple(
            name
            for index, name in enumerate(self.names)
            if subgraph.tensors[index].type == int8 and (index in produced or index in fed)
        )
        # int8 tensor -> (float or uint8 input, scale, zero point) where the model itself quantises its input
        self._unsigned = {n for n in fed if subgraph.tensors[n].type == schema().TensorType.UINT8}
        self._quantised: dict[int, tuple[int, float, int]] = {}
        for op in subgraph.operators:
            source, target = int(op.inputs[0]) if len(op.inputs) else -1, int(op.outputs[0]) if len(op.outputs) else -1
            if source in fed and subgraph.tensors[source].type in outside and subgraph.tensors[target].type == int8:
                quantisation = subgraph.tensors[target].quantization
                self._quantised[target] = (source, float(quantisation.scale[0]), int(quantisation.zeroPoint[0]))

    def run(self, inputs: dict[str, np.ndarray], keep: list[str] | None) -> dict[str, np.ndarray]:
        for name, values in inputs.items():
            index = self._index[name]
            if index in self._quantised:
                source, scale, zero_point = self._quantised[index]
                real = (values.astype(np.float64) - zero_point) * scale
                unsigned = (values ^ -128).view(np.uint8)
                self._set(source, unsigned if source in self._unsigned else real.astype(np.float32))
            else:
                self._set(index, values)
        for part, (_, interpreter) in zip(self._parts, self._opened, strict=True):
            for index in part.inputs:
                home = self._home(index)
                if home is not interpreter:
                    interpreter.SetTensor(index, home.GetTensor(index, 0), 0)
            interpreter.Invoke()
        for name, values in inputs.items():
            if not np.array_equal(self._get(name).reshape(-1), values.reshape(-1)):
                raise SystemExit(f"the model's own quantisation of {name} does not give back the int8 values fed")
        wanted = self.activations if keep is None else keep
        return {name: self._image(self._get(name)) for name in wanted}

    def _home(self, index: int) -> Any:
        """The interpreter that makes a tensor or, where none does, the first that reads it."""
        makers = [n for n, part in enumerate(self._parts) if index in part.makes]
        readers = [n for n, part in enumerate(self._parts) if index in part.inputs]
        return self._opened[(makers or readers)[0]][1]

    def _set(self, index: int, values: np.ndarray) -> None:
        shape = self._home(index).TensorSize(index, 0)
        self._home(index).SetTensor(index, np.ascontiguousarray(values.reshape(shape)), 0)

    def _get(self, name: str) -> np.ndarray:
        return self._home(self._index[name]).GetTensor(self._index[name], 0)

    @staticmethod
    def _image(values: np.ndarray) -> np.ndarray:
        return values.reshape(image_shape(values.shape))


def main(folder: Path) -> None:
    oracle = Oracle((folder / "model.tflite").read_bytes())
    request = json.loads((folder / "keep.json").read_text())
    for index in range(request["images"]):
        with np.load(folder / f"in{index}.npz") as archive:
            inputs = {name: archive[str(position)] for position, name in enumerate(request["inputs"])}
        values = oracle.run(inputs, request["keep"])
        arrays: dict[str, Any] = {str(position): array for position, array in enumerate(values.values())}
        np.savez(folder / f"out{index}.npz", names=np.array(list(values), dtype=str), **arrays)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except (ValueError, RuntimeError) as refusal:  # the interpreter's
        raise SystemExit(" ".join(str(refusal).split())) from None
