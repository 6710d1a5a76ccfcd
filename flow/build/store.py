"""Values of stages as files: ``value.json`` (structure), ``value.bin`` (arrays and bytes); same value, same bytes.

Reading imports only modules of the packages whose types are stored, and builds only dataclasses and enums of theirs, so
a folder from elsewhere cannot run code of its own here.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from flow.errors import Problem, ToolError

_ALIGNMENT = 16
_PACKAGES = ("frontend", "graph", "hardware", "isa", "schedule", "size", "verify")


class _Blob:
    """The arrays of one value, one after the other."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def add(self, data: bytes) -> int:
        offset = self.size
        padding = -len(data) % _ALIGNMENT
        self.parts.append(data + bytes(padding))
        self.size += len(data) + padding
        return offset


def _is_stored(module: str) -> bool:
    return module.startswith(tuple(f"flow.{package}." for package in _PACKAGES))


def _class_name(cls: type) -> str:
    if not _is_stored(cls.__module__):
        raise TypeError(f"{cls.__module__}.{cls.__qualname__} is no type of this project")
    return f"{cls.__module__}:{cls.__qualname__}"


def _class(name: str) -> Any:
    module, _, qualified = name.partition(":")
    if not _is_stored(module):
        raise ValueError(f"{name} is no type of this project")
    found: Any = importlib.import_module(module)
    for part in qualified.split("."):
        found = getattr(found, part)
    if not (isinstance(found, type) and found.__module__ == module and (dataclasses.is_dataclass(found) or issubclass(found, enum.Enum))):
        raise ValueError(f"{name} is no stored type")
    return found


def _encode(value: Any, blob: _Blob) -> Any:
    if isinstance(value, enum.Enum):
        return {"$enum": [_class_name(type(value)), value.name]}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": [blob.add(bytes(value)), len(value)]}
    if isinstance(value, np.ndarray):
        data = np.ascontiguousarray(value)
        return {"$array": [data.dtype.str, list(value.shape), blob.add(data.tobytes())]}
    if isinstance(value, np.generic):
        return {"$scalar": [value.dtype.str, value.item()]}
    if isinstance(value, tuple):
        return {"$tuple": [_encode(item, blob) for item in value]}
    if isinstance(value, list):
        return [_encode(item, blob) for item in value]
    if isinstance(value, dict):
        return {"$dict": [[_encode(key, blob), _encode(item, blob)] for key, item in value.items()]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        entries = {field.name: _encode(getattr(value, field.name), blob) for field in dataclasses.fields(value)
                   if field.init}
        return {"$class": _class_name(type(value)), **entries}
    raise TypeError(f"{type(value).__name__} cannot be stored")


def _decode(data: Any, blob: bytes) -> Any:
    if isinstance(data, list):
        return [_decode(item, blob) for item in data]
    if not isinstance(data, dict):
        return data
    if "$class" in data:
        cls = _class(data["$class"])
        return cls(**{name: _decode(item, blob) for name, item in data.items() if name != "$class"})
    (kind, content), = data.items()
    if kind == "$tuple":
        return tuple(_decode(item, blob) for item in content)
    if kind == "$dict":
        return {_decode(key, blob): _decode(item, blob) for key, item in content}
    if kind == "$enum":
        return _class(content[0])[content[1]]
    if kind == "$bytes":
        return blob[content[0] : content[0] + content[1]]
    if kind == "$array":
        dtype, shape, offset = np.dtype(content[0]), content[1], content[2]
        return np.frombuffer(blob, dtype, int(np.prod(shape)), offset).reshape(shape)
    if kind == "$scalar":
        return np.dtype(content[0]).type(content[1])
    raise ValueError(f"unknown entry {kind}")


def save(folder: Path, value: object) -> str:
    """Write ``value`` into the existing ``folder``; returns the SHA-256 of what was written (hexadecimal)."""
    blob = _Blob()
    text = json.dumps(_encode(value, blob), separators=(",", ":")).encode()
    data = b"".join(blob.parts)
    (folder / "value.json").write_bytes(text)
    (folder / "value.bin").write_bytes(data)
    return digest(text, data)


def digest(*parts: bytes) -> str:
    """SHA-256 of byte strings, each with its length."""
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return total.hexdigest()


def load(folder: Path) -> tuple[Any, str]:
    """The value in ``folder`` and its SHA-256. Raises ToolError if the files do not hold one."""
    try:
        text, data = (folder / "value.json").read_bytes(), (folder / "value.bin").read_bytes()
        return _decode(json.loads(text), data), digest(text, data)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError, ImportError) as error:
        raise ToolError(Problem(str(folder), f"no stage value as this version of flow writes them ({error})",
                                "build the folder again")) from error
