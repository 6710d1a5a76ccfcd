"""Rendering of the files in ``templates/``."""

from __future__ import annotations

from pathlib import Path

from flow.isa.render import environment


def render(name: str, **values: object) -> str:
    """Text of the template ``templates/<name>``; an undefined name in it raises jinja2.UndefinedError."""
    return environment().get_template(name).render(**values)


def write_if_changed(path: Path, content: str | bytes) -> bool:
    """Write the file unless it already holds ``content``; parents are made. Returns whether it was written."""
    data = content.encode() if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return True
