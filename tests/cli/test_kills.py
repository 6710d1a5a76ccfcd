"""``flow build`` killed at random moments: never a half folder, and the next run goes on."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flow.api import Folder

KILLS = 20


def finished_stages(output: Path) -> set[str]:
    work = output.parent / f".{output.name}.partial" / "steps"
    return {path.parent.name for path in work.glob("[0-9]*/key")} if work.exists() else set()


@pytest.mark.full
def test_killed_at_random_moments(tmp_path: Path, small_engine: Path) -> None:
    from models.direct import direct

    seed = random.SystemRandom().randrange(1 << 32)
    print("seed", seed)
    moments = random.Random(seed)
    model = tmp_path / "inputs" / "direct.tflite"
    model.write_bytes(direct())
    output = tmp_path / "build" / "out"
    command = [sys.executable, "-m", "flow", "build", "--fpga", "vu9p", "--model", str(model), "--hw",
               str(small_engine), "--verify", "reference", "--output", str(output)]
    begin = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    whole = time.monotonic() - begin
    manifest = (output / "manifest.json").read_bytes()

    kills = 0
    while kills < KILLS:
        if output.exists() and kills < KILLS // 2:
            shutil.rmtree(output)  # the first half builds anew, the second replaces a folder
        options = ["--images", str(3 + kills % 2)] if output.exists() else []
        before = finished_stages(output)
        process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                   start_new_session=True)
        try:
            process.wait(moments.uniform(0, whole))
        except subprocess.TimeoutExpired:
            kills += 1
            os.killpg(process.pid, signal.SIGKILL)
        _, messages = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), messages
        if output.exists():
            Folder(output)  # complete, or this raises
        elif not options:
            assert before <= finished_stages(output), "a finished stage was lost"

    subprocess.run(command, check=True, capture_output=True)
    assert (output / "manifest.json").read_bytes() == manifest
    assert [path.name for path in output.parent.iterdir()] == ["out"]
