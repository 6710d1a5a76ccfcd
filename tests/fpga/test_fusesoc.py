"""FuseSoC's own commands on flow.core."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from flow.isa.render import DEFAULT_ENGINE, ROOT
from flow.project.render import wrapper
from flow.simulate.verilator import find_verilator
from flow.size.devices import lookup

CORE = "flow:engine:flow_top"
TARGETS = yaml.safe_load((ROOT / "flow.core").read_text())["targets"]
VENDOR = sorted(name for name, target in TARGETS.items() if target.get("default_tool") in ("vivado", "quartus"))


def fusesoc(folder: Path, *arguments: str) -> str:
    command, environment = find_verilator()
    environment["PATH"] = os.pathsep.join((str(Path(command).parent), str(Path(sys.executable).parent),
                                           environment["PATH"]))
    done = subprocess.run(["fusesoc", "--cores-root", str(ROOT), *arguments], cwd=folder, env=environment,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_core_list(tmp_path: Path) -> None:
    assert CORE in fusesoc(tmp_path, "core", "list")


def test_lint(tmp_path: Path) -> None:
    fusesoc(tmp_path, "run", "--build-root", str(tmp_path / "build"), "--target=lint", CORE)


@pytest.mark.full
def test_sim(tmp_path: Path) -> None:
    said = fusesoc(tmp_path, "run", "--build-root", str(tmp_path / "build"), "--target=sim", CORE)
    assert "PASS: magic 464c4f57" in said


@pytest.mark.parametrize("board", VENDOR)
def test_set_up_without_the_tool(board: str, tmp_path: Path) -> None:
    fusesoc(tmp_path, "run", "--setup", "--build-root", str(tmp_path / "build"), f"--target={board}", CORE)
    text = "".join(path.read_text() for path in (tmp_path / "build").rglob("*.tcl"))
    assert lookup(board).part in text and "flow_wrapper" in text and "fetch.sv" in text


def test_the_committed_wrapper_is_the_default_engines() -> None:
    """Rendered by: flow.project.render.wrapper(DEFAULT_ENGINE, (0,))."""
    assert (ROOT / "fpga" / "common" / "flow_wrapper.v").read_text() == wrapper(DEFAULT_ENGINE, (0,))
