"""Rendering of the files in ``templates/``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

ROOT = Path(__file__).resolve().parents[2]


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["hex32"] = lambda value: f"0x{value:08X}u"
    environment.filters["hex64"] = lambda value: f"UINT64_C(0x{value:016X})"
    return environment


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
