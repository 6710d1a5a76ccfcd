"""Any stage's value as text that a person can read: one line per field, arrays as shape and hash."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
from typing import Any

import numpy as np

_SHORT = 100


def _inline(value: Any) -> str | None:
    """The value on one line, or None if it needs more."""
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, np.ndarray):
        if value.size <= 8:
            return f"{value.dtype}{list(value.shape)} {value.tolist()}"
        return f"{value.dtype}{list(value.shape)} sha256 {hashlib.sha256(value.tobytes()).hexdigest()[:16]}"
    if isinstance(value, (bytes, bytearray)):
        return f"{len(value)} bytes, sha256 {hashlib.sha256(value).hexdigest()[:16]}"
    if value is None or isinstance(value, (bool, int, float, np.generic)):
        return str(value)
    if isinstance(value, str):
        return None if "\n" in value else value
    if type(value).__str__ is not object.__str__ and dataclasses.is_dataclass(value) and "__str__" in vars(type(value)):
        return str(value)
    if isinstance(value, (tuple, list)):
        parts = [_inline(item) for item in value]
        joined = ", ".join(part for part in parts if part is not None)
        return f"({joined})" if None not in parts and len(joined) <= _SHORT else None
    if dataclasses.is_dataclass(value):
        entries = [(field.name, _inline(getattr(value, field.name))) for field in dataclasses.fields(value)]
        joined = ", ".join(f"{name}={text}" for name, text in entries)
        good = all(text is not None for _, text in entries) and len(joined) <= _SHORT
        return f"{type(value).__name__}({joined})" if good else None
    return None


def describe(value: Any, indent: int = 0) -> str:
    """``value`` as indented lines."""
    if not indent and hasattr(value, "to_text"):
        return str(value.to_text())
    space = "  " * indent
    short = _inline(value)
    if short is not None:
        return f"{space}{short}\n"
    if isinstance(value, str):
        return "".join(f"{space}{line}\n" for line in value.splitlines())
    entries: list[tuple[str, Any]]
    if dataclasses.is_dataclass(value):
        head = f"{space}{type(value).__name__}\n"
        entries = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    elif isinstance(value, dict):
        head, entries = "", [(str(key), item) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        head, entries = "", [(str(index), item) for index, item in enumerate(value)]
    else:
        return f"{space}{value!r}\n"
    lines = [head]
    for name, item in entries:
        short = _inline(item)
        lines.append(f"{space}  {name}: {short}\n" if short is not None else f"{space}  {name}:\n"
                     + describe(item, indent + 2))
    return "".join(lines)
