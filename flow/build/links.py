"""Files that two folders share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """Make ``target`` the file (or symbolic link) ``source``; a copy where the file system has no hard links. Raises
    OSError."""
    try:
        os.link(source, target, follow_symlinks=False)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
