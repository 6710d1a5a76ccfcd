"""Tests marked ``own_process`` run in a process of their own.

TensorFlow and PoCL each bring a copy of LLVM; a process that holds the first can no longer compile with the second.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_INSIDE = "FLOW_TEST_OWN_PROCESS"


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if pyfuncitem.get_closest_marker("own_process") is None or _INSIDE in os.environ:
        return None
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-m", "", pyfuncitem.nodeid]
    done = subprocess.run(command, cwd=pyfuncitem.config.rootpath, env={**os.environ, _INSIDE: "1"}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        pytest.fail(done.stdout[-6000:], pytrace=False)
    return True
