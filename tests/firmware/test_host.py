"""The host program's options, on a serial line with no board behind it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from flow.emit import model
from flow.hardware.config import HwConfig
from tests.firmware.xdma import cards
from tests.simulate.stub import program_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the host program, its inputs and weights."""
    made = tmp_path_factory.mktemp("serial")
    program = program_of(HwConfig(pix=2, rows=16, cols=8, axi_bytes=16))
    cards.write_model(made, program)
    host, transport = cards.FIRMWARE / "host", cards.FIRMWARE / "transport"
    cards.gcc(made, "-DFLOW_HOST_WITHOUT_SIM", "-DFLOW_HOST_WITH_SERIAL", host / "flow_host.c",
              host / "platform_serial.c", *sorted(transport.glob("flow_serial*.c")), "model.c", *cards.CORE, "-lm",
              "-o", "serial")
    for index, view in enumerate(model.inputs(program)):
        (made / f"in{index}").write_bytes(bytes(view.height * view.width * view.channels))
    return made


@pytest.fixture
def line() -> Iterator[str]:
    ours, theirs = os.openpty()
    yield os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


#: Options -> exit code and the first line of what the host says.
TOLD = {
    ("--attempts", "0"): (2, "flow_host: unknown option or bad value: --attempts"),
    ("--memory-bytes", "12"): (2, "flow_host: unknown option or bad value: --memory-bytes"),
    ("--attempts", str(1 << 32)): (4, "flow_host: {line}: bad argument"),
    ("--port", "/nowhere"): (4, "flow_host: /nowhere: cannot be opened"),
    ("--attempts", "1", "--answer-ns", "1000"): (4, "flow_host: opening the engine: transport failure"),
    ("--cores", "65"): (2, "flow_host: unknown option or bad value: --cores"),
}


@pytest.mark.parametrize("options", TOLD, ids=" ".join)
def test_a_failure_is_told(folder: Path, line: str, options: tuple[str, ...]) -> None:
    code, told = TOLD[options]
    inputs = [word for path in sorted(folder.glob("in*")) for word in ("--input", path.name)]
    done = subprocess.run(["./serial", "--port", line, "--weights", "weights.bin", "--images", "1", *inputs, *options],
                          cwd=folder, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr.splitlines()[:1]) == (code, [told.format(line=line)])
