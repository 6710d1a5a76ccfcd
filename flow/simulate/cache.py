"""What tools build, kept under a hash of everything that goes into it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from flow.tree import KEPT


def folder() -> Path:
    """Where it is kept: FLOW_CACHE, or build/.cache of the checkout, or the user's own cache."""
    return Path(os.environ.get("FLOW_CACHE") or KEPT / ".cache")


def built(kind: str, name: str, texts: Iterable[str], files: Iterable[Path], make: Callable[[Path], None]) -> Path:
    """File ``name`` that ``make`` leaves in ``done`` of the empty folder it is given.

    Only made if it was not made before from the same texts and files (their names and contents); whoever asks
    meanwhile waits. Passes on what ``make`` raises, and then keeps nothing.
    """
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    place = folder() / kind
    target = place / digest.hexdigest()[:32]
    if (target / name).is_file():
        return target / name
    place.mkdir(parents=True, exist_ok=True)
    with open(place / f".{target.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (target / name).is_file():
            with tempfile.TemporaryDirectory(dir=place, prefix=".build-") as temporary:
                done = Path(temporary) / "done"
                done.mkdir()
                make(Path(temporary))
                shutil.rmtree(target, ignore_errors=True)
                done.rename(target)
    return target / name
