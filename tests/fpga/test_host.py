"""Host programs of the boards: compiled by the project's own Makefile, told what engine and board are."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from flow.emit import emit_folder
from flow.hardware.config import HwConfig
from flow.project.board import BOARDS
from flow.project.host import link_of
from flow.tree import ROOT
from tests.fpga.projects import engine, make
from tests.simulate.stub import STUB, program_of

AWS = ROOT / "tests" / "firmware" / "xdma" / "aws"
LINKED = {board.name: link for board in BOARDS if (link := link_of(board.platform))}

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make")


def project(board: str, top: Path) -> Path:
    fpga = make(board, top)
    small = HwConfig(pix=2, rows=16, cols=8, axi_bytes=16)
    emit_folder(program_of(small), top, [STUB])
    return fpga / "host"


def test_the_boards_that_have_one() -> None:
    assert {name: link.name for name, link in LINKED.items()} == {
        "vu9p": "xdma", "u200": "xdma", "u250": "xdma", "aws-f2": "f2", "ulx3s": "serial"}


@pytest.mark.parametrize("board", ["vu9p", "ulx3s", "aws-f2"])
def test_is_compiled(board: str, tmp_path: Path) -> None:
    """With all warnings; of AWS's library only the headers are stood in for, and its functions left open."""
    host = project(board, tmp_path)
    changes = [f"CC=gcc -Werror -I{AWS}", "LIBRARIES=-lm -Wl,--unresolved-symbols=ignore-all"] if board == "aws-f2" \
        else ["CC=gcc -Werror"]
    done = subprocess.run(["make", "host", *changes], cwd=host, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    binary = host.parent / "run" / "host" / "flow_host"
    if board == "aws-f2":
        assert binary.is_file()
        return
    told = subprocess.run([binary, "--help"], capture_output=True, text=True, check=False)
    assert told.returncode == 0 and f"\n{LINKED[board].name}:\n" in told.stderr


@pytest.mark.parametrize("board", LINKED)
def test_is_told_cores_and_memory(board: str, tmp_path: Path) -> None:
    host = project(board, tmp_path)
    hw, device = engine(board)
    command = ["make", "--no-print-directory", "-n", "run", "RUN=--slot 1"]
    lines = subprocess.run(command, cwd=host, capture_output=True, text=True, check=True).stdout.splitlines()
    words = shlex.split(lines[-1])
    options = dict(zip(words[1::2], words[2::2], strict=True))
    size = str(device.memory.bytes_each)
    wanted = {"--device": LINKED[board].name, "--cores": str(hw.cores), "--slot": "1"}
    wanted |= {"--memory-bytes": size} if board == "ulx3s" else {"--channels": str(hw.channels),
                                                                 "--channel-bytes": size}
    assert wanted.items() <= options.items()
    assert "make -C host host" in (host.parent / "README.md").read_text()
