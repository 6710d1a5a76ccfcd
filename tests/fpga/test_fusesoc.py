"""FuseSoC's own commands on flow.core."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from flow.isa.render import DEFAULT_ENGINE
from flow.project.render import wrapper
from flow.size.devices import lookup
from flow.tree import ROOT

CORE = "flow:engine:flow_top"
TARGETS = yaml.safe_load((ROOT / "flow.core").read_text())["targets"]
VENDOR = sorted(name for name, target in TARGETS.items() if target.get("default_tool") in ("vivado", "quartus"))


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of this project's environment, as setting it up installs them from pyproject.toml."""
    folder = tmp_path_factory.mktemp("bin")
    for name, entry in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"].items():
        module, function = entry.split(":")
        (folder / name).write_text(f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
                                   f"from {module} import {function}\nsys.exit({function}())\n")
        (folder / name).chmod(0o755)
    return folder


def fusesoc(tools: Path, *arguments: str) -> str:
    """Run FuseSoC in the repository, with nothing on the PATH but the environment's commands and the system's."""
    path = os.pathsep.join((str(tools), str(Path(sys.executable).parent), "/usr/bin", "/bin"))
    done = subprocess.run(["fusesoc", *arguments], cwd=ROOT, env={**os.environ, "PATH": path},
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_every_target_has_a_test() -> None:
    assert set(TARGETS) == {"default", "lint", "sim", "resources", "ulx3s", *VENDOR}


def test_core_list(tools: Path) -> None:
    assert CORE in fusesoc(tools, "core", "list")


def test_lint(tools: Path, tmp_path: Path) -> None:
    fusesoc(tools, "run", "--build-root", str(tmp_path), "--target=lint", CORE)


@pytest.mark.full
def test_sim(tools: Path, tmp_path: Path) -> None:
    said = fusesoc(tools, "run", "--build-root", str(tmp_path), "--target=sim", CORE)
    assert "PASS: magic 464c4f57" in said


@pytest.mark.full
def test_resources(tools: Path, tmp_path: Path) -> None:
    fusesoc(tools, "run", "--build-root", str(tmp_path), "--target=resources", CORE)
    text = next(tmp_path.rglob("resources.txt")).read_text()
    assert "array_column" in text and "DSP48E2" in text


@pytest.mark.nightly
def test_bitstream(tools: Path, tmp_path: Path) -> None:
    fusesoc(tools, "run", "--build-root", str(tmp_path), "--target=ulx3s", CORE)
    assert next(tmp_path.rglob("*.bit")).stat().st_size > 100_000


def test_set_up_of_the_bitstream(tools: Path, tmp_path: Path) -> None:
    """What Yosys would be told, and in which order the Makefile calls the tools."""
    fusesoc(tools, "run", "--setup", "--build-root", str(tmp_path), "--target=ulx3s", CORE)
    folder = next(tmp_path.rglob("ulx3s.tcl")).parent
    done = subprocess.run([sys.executable, "-c", "from pathlib import Path; from flow.edalize import commands; "
                           "print(*commands(Path('ulx3s.tcl')), sep='\\n')"], cwd=folder, capture_output=True,
                          text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    read, synthesise, write = done.stdout.splitlines()
    assert read.startswith("read_slang") and "fetch.sv" in read and read.endswith("ulx3s_top.sv")
    assert synthesise == "synth_ecp5 -no-rw-check -top ulx3s_top"
    assert write.startswith("write_json flow_engine_flow_top")
    makefile = (folder / "Makefile").read_text()
    assert 0 < makefile.index("yosys") < makefile.index("nextpnr-ecp5") < makefile.index("ecppack")


@pytest.mark.parametrize("board", VENDOR)
def test_set_up_without_the_tool(board: str, tools: Path, tmp_path: Path) -> None:
    fusesoc(tools, "run", "--setup", "--build-root", str(tmp_path / "build"), f"--target={board}", CORE)
    text = "".join(path.read_text() for path in (tmp_path / "build").rglob("*.tcl"))
    assert lookup(board).part in text and "flow_wrapper" in text and "fetch.sv" in text


def test_the_committed_wrapper_is_the_default_engines() -> None:
    """Rendered by: flow.project.render.wrapper(DEFAULT_ENGINE, (0,))."""
    assert (ROOT / "fpga" / "common" / "flow_wrapper.v").read_text() == wrapper(DEFAULT_ENGINE, (0,))
