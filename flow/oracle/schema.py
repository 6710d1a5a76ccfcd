"""TensorFlow Lite's flatbuffer schema as Python classes, without importing TensorFlow (which takes seconds)."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import flatbuffers

FILE_IDENTIFIER = b"TFL3"


@cache
def tensorflow_root() -> Path:
    """Folder of the installed TensorFlow package. Raises ModuleNotFoundError if there is none."""
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("tensorflow is not installed")
    return Path(spec.origin).parent


@cache
def schema() -> ModuleType:
    """The generated classes (``ModelT``, ``TensorT``, ``BuiltinOperator``, ...)."""
    name = "flow.oracle._tflite_schema"
    path = tensorflow_root() / "lite" / "python" / "schema_py_generated.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def enum_names(cls: type) -> dict[int, str]:
    """Number -> name of one of the schema's enumerations."""
    return {value: name for name, value in vars(cls).items() if isinstance(value, int) and not name.startswith("_")}


def operator_number(code: Any) -> int:
    """The operation of an ``OperatorCodeT``: converters before TensorFlow 2.4 fill the old field alone, which ends at
    127."""
    return max(int(code.builtinCode or 0), int(code.deprecatedBuiltinCode or 0))


def unpack(flatbuffer: bytes) -> Any:
    """The flatbuffer as a ``ModelT``. Raises whatever the flatbuffers package raises on malformed data."""
    return schema().ModelT.InitFromPackedBuf(bytearray(flatbuffer), 0)


def pack(model: Any) -> bytes:
    """A ``ModelT`` as a flatbuffer."""
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), FILE_IDENTIFIER)
    return bytes(builder.Output())
