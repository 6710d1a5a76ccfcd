"""Runs a worker module of this package in a process of its own, so that its noise, memory and aborts stay there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import flow
from flow.children import die_with_parent

_LAST_LINES = 12
#: lines that TensorFlow writes at its start
_NOISE = ("WARNING: All log messages before absl", "cuda", "oneDNN", "TF-TRT")


@dataclass(frozen=True)
class Outcome:
    """How a worker ended. ``signal`` is the name of the signal that killed it, or empty; ``message`` its last words."""

    code: int
    signal: str
    message: str


def run_worker(module: str, *arguments: str) -> Outcome:
    """Run ``python -m module arguments`` to its end. No module is taken from the user's current folder."""
    root = str(Path(flow.__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "PYTHONHASHSEED": "0",
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", module, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        preexec_fn=die_with_parent,
    )
    lines = [line for line in done.stdout.decode(errors="replace").splitlines()
             if line.strip() and not any(noise in line for noise in _NOISE)]
    name = signal.Signals(-done.returncode).name if done.returncode < 0 else ""
    return Outcome(done.returncode, name, "\n".join(lines[-_LAST_LINES:]))
