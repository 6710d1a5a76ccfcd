"""Tools that are run: what they say when they fail, and that nothing of them is left after Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flow.errors import ToolError
from flow.simulate.verilator import run_tool

#: seconds that the tool would take
SLEEPS = 600

WAITS = ("import os, pathlib\nfrom flow.simulate.verilator import run_tool\n"
         f"run_tool(['sh', '-c', 'sleep {SLEEPS} & echo $! > child; wait'], pathlib.Path('.'), os.environ, 'waiting')")


def test_a_failure_shows_what_the_tool_said_and_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"sh ended with 3:\n +fatal error: no perl\n +remedy: .*flow doctor"):
        run_tool(["sh", "-c", "echo fatal error: no perl; exit 3"], tmp_path, os.environ, "making")


def test_a_command_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("all:\n\tno-such-compiler x.c\n")
    with pytest.raises(ToolError, match="no-such-compiler"):
        run_tool(["make", "-s"], tmp_path, os.environ, "making")


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_what_a_tool_started_ends_with_it(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WAITS], cwd=tmp_path, stderr=subprocess.DEVNULL)
    child = tmp_path / "child"
    while not (child.exists() and child.read_text().strip()):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait() != 0
    deadline = time.monotonic() + 0.5 * SLEEPS
    while _alive(int(child.read_text())) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(int(child.read_text()))
