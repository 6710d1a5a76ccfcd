"""Child processes that do not outlive this one, also if it is killed."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def die_with_parent() -> None:
    """To be run in a child before its program starts (``preexec_fn``): it is killed when its parent ends. Linux only;
    does nothing elsewhere."""
    if hasattr(_LIBC, "prctl"):
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))


def run_to_end(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Exit code and output of a command run in ``folder``; whatever it started ends with it if this is interrupted.
    Raises OSError if it cannot be started."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until it is known whom to end

    def begin() -> None:
        die_with_parent()
        signal.pthread_sigmask(signal.SIG_SETMASK, held)

    process: subprocess.Popen[str] | None = None
    try:
        process = subprocess.Popen(command, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, text=True,
                                   errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   start_new_session=True, preexec_fn=begin)
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        output, _ = process.communicate()
    except BaseException:
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
    return process.returncode, output
