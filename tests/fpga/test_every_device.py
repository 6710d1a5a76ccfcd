"""Networks on the engine sized for every device: the whole folder, its project run on the stand-ins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flow import emit, frontend, pipeline, schedule
from flow.build.job import Job, Source
from flow.graph.ir import Graph
from flow.hardware.config import HwConfig
from flow.project import has_project, write_project
from flow.project.asic import macros
from flow.project.board import Platform, find_board
from flow.project.steps import SEED
from flow.size import DEVICES, choose
from flow.tree import ROOT
from models import zoo
from tests.fpga.aws_kit import Kit
from tests.fpga.cadence import Cadence, environment
from tests.fpga.interpreter import Tool, missed_lines
from tests.fpga.projects import hierarchy
from tests.fpga.quartus import Quartus
from tests.fpga.stand_in import Recorder
from tests.fpga.vivado import Vivado

#: Without a project: what a build says, and why.
WITHOUT = {
    "aws-f1": "retired",
    "u50": "HBM through a block design is not written; its vendor's shell would be another platform",
    "u55c": "as u50",
    "agilex-f014": "PCIe and memory parameters of a board that is not named",
    "de10-nano": "Quartus Lite, parameters of the processor system",
    "ecpix5": "DDR3 needs a controller that this project does not have",
}
#: Device memory from which on a board must take a large network.
LARGE = 64 << 20


def imported(name: str, folder: Path) -> Graph:
    return frontend.import_model(zoo.make(name, folder), None, 0, name).graph


def build(name: str, graph: Graph, out: Path) -> Tool | None:
    """The folder as ``flow build`` leaves it for a device, and what ran its project; None if it has none."""
    sizing = choose(name, [graph], area_mm2=4.0 if name == "asic" else None)
    emit.emit_folder(schedule.compile(graph, sizing.hw), out)
    regions = tuple(region.cores for region in sizing.regions)
    write_project(sizing.hw, sizing.device, regions, out)
    fpga = out / "fpga"
    readme = (fpga / "README.md").read_text()
    for path in fpga.rglob("*"):
        assert not path.is_file() or "{{" not in path.read_text(), path
    if not has_project(name):
        assert "There is no project for this board yet" in readme and not (fpga / "plan.json").exists()
        return None
    plan = json.loads((fpga / "plan.json").read_text())
    assert plan["steps"] and plan["bitstream"] in readme
    for step in plan["steps"]:
        first = str(next(iter(step["seeds"]), ""))
        assert " ".join(step["command"]).replace(SEED, first) in readme
        for script in (word.removeprefix("--script=") for word in step["command"]):
            if script.endswith((".tcl", ".ys", ".sh")):  # a project's run is made later
                assert (fpga.parent if plan["folder"] == ".." else fpga).joinpath(script.removeprefix("../")).is_file()
    return execute(name, sizing.hw, regions, fpga)


def execute(name: str, hw: HwConfig, regions: tuple[int, ...], fpga: Path) -> Tool | None:
    """A project through the stand-in of its tool; None where the tool itself is here."""
    board = find_board(name)
    assert board is not None
    if board.platform.vivado:
        return Vivado(hierarchy(name, (regions, hw.channels))).build(fpga)
    if board.platform is Platform.QUARTUS_PCIE:
        if name == "a10-pac":  # a card with its vendor's pins, and one without
            (fpga / "pins.qsf").write_text("")
        return Quartus(fpga / "run").build(fpga)
    if board.platform is Platform.AWS_F2:
        return Kit(fpga, fpga / "kit").build()
    if board.platform is Platform.ASIC:
        return Cadence(environment(fpga), tuple(macro.name for macro in macros(hw))).build(fpga)
    return None


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return imported("direct", tmp_path_factory.mktemp("model"))


def test_the_devices_without_a_project_are_known() -> None:
    assert {device.name for device in DEVICES if not has_project(device.name)} == set(WITHOUT)


@pytest.mark.parametrize("name", WITHOUT)
def test_a_device_without_a_project_warns_first(name: str, tmp_path: Path) -> None:
    """Before the model is looked at; with what to do."""
    progress = Recorder()
    job = Job(name, (Source("none", tmp_path / "none.h5"),), tmp_path / "out", verify="none")
    with pytest.raises(FileNotFoundError):
        pipeline.build(job, progress)
    (kind, text), *_ = progress.events
    assert kind == "warn" and f"no project for {name}" in str(text)
    assert ("--entry xrt" if name in ("u50", "u55c") else "flow list fpgas") in str(text)


@pytest.mark.full
@pytest.mark.parametrize("name", [device.name for device in DEVICES])
def test_a_small_network(name: str, small: Graph, tmp_path: Path) -> None:
    build(name, small, tmp_path)


def scripts(fpga: Path) -> dict[Path, Path]:
    """By their place in the project; without config.tcl, which is facts alone and not every tool reads."""
    return {path.relative_to(fpga): path for top in ("", "vivado", "quartus", "asic", "cl_flow/build/scripts")
            for path in (fpga / top).glob("*")
            if path.suffix in (".tcl", ".xdc", ".sdc") and path.name != "config.tcl"}


@pytest.mark.nightly
def test_resnet50(tmp_path: Path) -> None:
    """On every device that can hold it: what is rendered is run to the last line, and of the scripts that all projects
    share every line but the refusals."""
    graph = imported("resnet50", tmp_path)
    tools: list[Tool] = []
    shared: dict[Path, Path] = {}
    for device in DEVICES:
        if device.memory.channels * device.memory.bytes_each < LARGE:
            continue
        tool = build(device.name, graph, tmp_path / device.name)
        if tool is None:
            continue
        tools.append(tool)
        fpga = tmp_path / device.name / "fpga"
        found = scripts(fpga)
        shared |= {place: path for place, path in found.items() if (ROOT / "fpga" / place).is_file()}
        missed = missed_lines([tool], (path for place, path in found.items() if place not in shared))
        assert not missed, device.name
    missed = [line for line in missed_lines(tools, shared.values()) if "error " not in line]
    assert not missed
