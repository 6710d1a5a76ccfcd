"""A folder in which one process works at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def take(folder: Path) -> int | None:
    """Make ``folder`` if it is not there and lock it; the descriptor for ``release``, or None if others hold it.

    The lock ends with this process and every process the descriptor was passed on to."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        try:
            if os.path.samestat(os.fstat(descriptor), os.stat(folder)):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)


def release(descriptor: int) -> None:
    """End the lock, also for those the descriptor was passed on to."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)
