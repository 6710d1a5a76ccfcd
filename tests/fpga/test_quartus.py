"""Every Quartus script in a real Tcl interpreter, on a stand-in that knows the tools' commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.fpga.interpreter import Refused, missed_lines, plant
from tests.fpga.projects import QUARTUS, make
from tests.fpga.quartus import Quartus, wrapper_ports


def build(board: str, tmp_path: Path, pins: bool = False) -> Quartus:
    fpga = make(board, tmp_path / board)
    if pins:
        (fpga / "pins.qsf").write_text("")
    return Quartus(fpga / "run").build(fpga)


@pytest.mark.parametrize("board", QUARTUS)
def test_builds(board: str, tmp_path: Path) -> None:
    tool = build(board, tmp_path)
    assert (tool.folder / "flow_system.qsys").is_file()
    assert (tool.folder / "reports" / "timing.rpt").is_file()
    assert "FLOW: worst hold slack 0.05 ns" in tool.tcl.output


def test_every_line_is_run(tmp_path: Path) -> None:
    """The refusals' own lines too."""
    tools = [build(board, tmp_path, pins) for board, pins in (("d5005", False), ("a10-pac", True))]
    slow = make("d5005", tmp_path / "slow")
    tools.append(Quartus(slow / "run", {"setup": -0.2}))
    with pytest.raises(Refused, match="FLOW: timing is not met"):
        tools[-1].build(slow)
    fpga = tmp_path / "d5005" / "fpga"
    assert not missed_lines(tools, (*sorted((fpga / "quartus").glob("*.tcl")), fpga / "board.tcl", fpga / "config.tcl",
                                    fpga / "flow.sdc", fpga / "flow_engine_hw.tcl"))


@pytest.mark.parametrize("board", QUARTUS)
def test_component_has_the_wrappers_ports(board: str, tmp_path: Path) -> None:
    fpga = make(board, tmp_path / board)
    component = Quartus(fpga / "run").component(fpga / "flow_engine_hw.tcl")
    assert component.ports == wrapper_ports((fpga / "flow_wrapper.v").read_text())
    assert component.files == ["flow_wrapper.v"]


@pytest.mark.parametrize("analysis", ["setup", "hold", "recovery", "removal"])
def test_missed_timing_ends_the_run(analysis: str, tmp_path: Path) -> None:
    fpga = make("d5005", tmp_path / "d5005")
    with pytest.raises(Refused, match=f"FLOW: timing is not met: worst {analysis} slack is -0.2 ns"):
        Quartus(fpga / "run", {analysis: -0.2}).build(fpga)


MISTAKES = {
    "parameter name": ("quartus/system.tcl", "gui_number_of_clocks", "gui_number_of_clock", "has no parameter"),
    "component of another family": ("quartus/system.tcl", "add_instance pcie altera_pcie_s10_hip_avmm_bridge",
                                    "add_instance pcie altera_pcie_a10_hip", "no component"),
    "missing clock": ("quartus/system.tcl", "add_connection pll.outclk0 engine.clk\n", "",
                      "engine.clk is not connected"),
    "missing export": ("quartus/system.tcl", "export pcie_npor conduit end pcie.npor\n", "",
                       "pcie.npor is not connected"),
    "address overlap": ("board.tcl", "ddr4_1_refclk 0x200000000", "ddr4_1_refclk 0x0", "overlap"),
    "address left out": ("quartus/system.tcl",
                         "set_connection_parameter_value $master/$memory.ctrl_amm_0 baseAddress $base",
                         "", "has no base address"),
    "wrong end": ("quartus/system.tcl", "add_connection reset.out_reset engine.rst_n",
                  "add_connection pll.outclk0 engine.rst_n", "cannot be connected"),
    "wrong order": ("quartus/system.tcl", "validate_system\nsave_system", "save_system", "not validated"),
    "assignment name": ("quartus/project.tcl", "OPTIMIZATION_MODE", "OPTIMISATION_MODE", "no assignment"),
    "device of another family": ("board.tcl", "1SX280HN2F43E2VG", "10AX115N2F40E2LG", "no device"),
    "missing source": ("config.tcl", "rtl/fetch.sv", "rtl/fletch.sv", "no file"),
    "clock on no port": ("flow.sdc", "ddr4_0_refclk_clk", "ddr4_9_refclk_clk", "no port"),
    "timing before constraints": ("quartus/timing.tcl", "read_sdc\n", "", "the netlist is created"),
    "engine's interface": ("flow_engine_hw.tcl", "set_interface_property m00_axi associatedClock clk",
                           "set_interface_property m00_axi associatedClock clock", "no interface clock"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_caught(mistake: str, tmp_path: Path) -> None:
    name, good, bad, message = MISTAKES[mistake]
    fpga = make("d5005", tmp_path / "d5005")
    plant(fpga / name, good, bad)
    with pytest.raises(Refused, match=re.escape(message)):
        Quartus(fpga / "run").build(fpga)


@pytest.mark.parametrize("first", range(5))
def test_steps_in_the_wrong_order_are_caught(first: int, tmp_path: Path) -> None:
    fpga = make("d5005", tmp_path / "d5005")
    steps = json.loads((fpga / "plan.json").read_text())
    steps["steps"].insert(first, steps["steps"].pop(first + 1))
    (fpga / "plan.json").write_text(json.dumps(steps))
    with pytest.raises(Refused):
        Quartus(fpga / "run").build(fpga)
