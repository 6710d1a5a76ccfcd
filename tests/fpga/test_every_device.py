"""A network on the engine sized for every device: the whole folder, its project run on the stand-ins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flow import emit, frontend, schedule
from flow.graph.ir import Graph
from flow.project import has_project, write_project
from flow.project.board import Platform, find_board
from flow.size import DEVICES, choose
from models import zoo
from tests.fpga import test_quartus, test_vivado
from tests.fpga.projects import hierarchy
from tests.fpga.quartus import Quartus
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


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    path = tmp_path_factory.mktemp("model") / "direct.tflite"
    zoo.write("direct", path)
    return frontend.import_model(path, None, 0, "direct").graph


def test_the_devices_without_a_project_are_known() -> None:
    assert {device.name for device in DEVICES if not has_project(device.name)} == set(WITHOUT)


@pytest.mark.full
@pytest.mark.parametrize("name", [device.name for device in DEVICES])
def test_builds(name: str, graph: Graph, tmp_path: Path) -> None:
    sizing = choose(name, [graph], area_mm2=4.0 if name == "asic" else None)
    program = schedule.compile(graph, sizing.hw)
    emit.emit_folder(program, tmp_path)
    regions = tuple(region.cores for region in sizing.regions)
    write_project(sizing.hw, sizing.device, regions, tmp_path)
    fpga = tmp_path / "fpga"
    readme = (fpga / "README.md").read_text()
    if not has_project(name):
        assert "There is no project for this board yet" in readme and not (fpga / "plan.json").exists()
        return
    plan = json.loads((fpga / "plan.json").read_text())
    assert plan["steps"] and plan["bitstream"] in readme
    for path in fpga.rglob("*"):
        assert not path.is_file() or "{{" not in path.read_text(), path
    board = find_board(name)
    assert board is not None
    if board.platform.vivado:
        shape = regions, sizing.hw.channels
        test_vivado.run(fpga, Vivado(hierarchy(name, shape)))
    elif board.platform is Platform.QUARTUS_PCIE:
        test_quartus.run(fpga, Quartus(fpga / "run"))
