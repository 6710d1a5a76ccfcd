"""Rendering of the files in ``templates/``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
import numpy as np

from flow.isa.render import environment


def c_string(text: str) -> str:
    """A C string literal; everything but plain printable ASCII as octal escapes of its UTF-8 bytes."""
    plain = (chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}" for byte in text.encode())
    return '"' + "".join(plain) + '"'


def c_float(value: float) -> str:
    """A float constant with exactly this float32 value, in hexadecimal."""
    return f"{float(np.float32(value)).hex()}f"


def tcl(text: str) -> str:
    """A Tcl word with exactly these characters, nothing substituted."""
    return "".join(c if (c.isalnum() and c.isascii()) or c in "_-./" else f"\\u{ord(c):04x}" for c in text)


@cache
def _environment() -> jinja2.Environment:
    extended = environment()
    extended.filters |= {"c_string": c_string, "c_float": c_float, "tcl": tcl,
                         "hex64": lambda value: f"UINT64_C(0x{value:016X})"}
    return extended


def render(name: str, **values: object) -> str:
    """Text of the template ``templates/<name>``; an undefined name in it raises jinja2.UndefinedError."""
    return _environment().get_template(name).render(**values)


def write_if_changed(path: Path, content: str | bytes) -> bool:
    """Write the file unless it already holds ``content``; parents are made. Returns whether it was written."""
    data = content.encode() if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return True
