"""Where the project's own files are: around this package in a checkout, inside it where a wheel was installed."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_AROUND = _PACKAGE.parent
#: Holds flow.core, rtl, firmware, fpga and templates.
ROOT = _AROUND if (_AROUND / "flow.core").is_file() else _PACKAGE / "files"
_INSTALLED = ROOT != _AROUND
#: For what is made once and found again: simulators, networks of the zoo.
KEPT = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "flow" if _INSTALLED else ROOT / "build"


def files_of(top: str) -> list[tuple[str, Path]]:
    """The files of ``top``, a file or folder of a checkout, sorted: names as in a checkout, and where they are."""
    base = ROOT / top if (ROOT / top).exists() else _AROUND / top
    found = [base, *sorted(base.rglob("*"))]
    return [(str(Path(top) / path.relative_to(base)), path) for path in found if path.is_file()
            and "__pycache__" not in path.parts and not (_INSTALLED and top == "flow" and path.is_relative_to(ROOT))]
