"""Child processes that do not outlive this one, also if it is killed."""

from __future__ import annotations

import ctypes
import signal

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def die_with_parent() -> None:
    """To be run in a child before its program starts (``preexec_fn``): it is killed when its parent ends. Linux only;
    does nothing elsewhere."""
    if hasattr(_LIBC, "prctl"):
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
