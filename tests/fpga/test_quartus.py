"""Every Quartus script in a real Tcl interpreter, on a stand-in that knows the tools' commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fpga.interpreter import Refused, command_lines
from tests.fpga.projects import QUARTUS, make
from tests.fpga.quartus import PROJECT, SDC, SYSTEM, TIMING, Quartus, wrapper_ports


def build(board: str, tmp_path: Path, pins: bool = False) -> Quartus:
    fpga = make(board, tmp_path / board)
    if pins:
        (fpga / "pins.qsf").write_text("")
    return run(fpga, Quartus(fpga / "run"))


def run(fpga: Path, tool: Quartus) -> Quartus:
    tool.folder.mkdir(exist_ok=True)
    tool.run(PROJECT, fpga / "quartus" / "project.tcl")
    tool.run(SYSTEM, fpga / "quartus" / "system.tcl")
    tool.run(SDC, fpga / "flow.sdc")
    tool.run(TIMING, fpga / "quartus" / "timing.tcl")
    return tool


@pytest.mark.parametrize("board", QUARTUS)
def test_builds(board: str, tmp_path: Path) -> None:
    tool = build(board, tmp_path)
    assert (tool.folder / "flow_system.qsys").is_file()
    assert (tool.folder / "reports" / "timing.rpt").is_file()
    assert "FLOW: worst hold slack 0.05 ns" in tool.interpreters[-1].output


def test_every_line_is_run(tmp_path: Path) -> None:
    """The refusals' own lines too."""
    tools = [build(board, tmp_path, pins) for board, pins in (("d5005", False), ("a10-pac", True))]
    slow = make("d5005", tmp_path / "slow")
    tools.append(Quartus(slow / "run", {"setup": -0.2}))
    with pytest.raises(Refused, match="FLOW: timing is not met"):
        run(slow, tools[-1])
    ran: dict[str, set[int]] = {}
    for tool in tools:
        for interpreter in tool.interpreters:
            for path, lines in interpreter.ran.items():
                ran.setdefault(path.name, set()).update(lines)
    fpga = tmp_path / "d5005" / "fpga"
    for script in (*sorted((fpga / "quartus").glob("*.tcl")), fpga / "board.tcl", fpga / "config.tcl",
                   fpga / "flow.sdc", fpga / "flow_engine_hw.tcl"):
        text = script.read_text().splitlines()
        missed = command_lines(script) - ran.get(script.name, set())
        assert not missed, [f"{script.name}:{number}: {text[number - 1]}" for number in sorted(missed)]


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
        run(fpga, Quartus(fpga / "run", {analysis: -0.2}))


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
    text = (fpga / name).read_text()
    assert good in text
    (fpga / name).write_text(text.replace(good, bad))
    with pytest.raises(Refused, match=re.escape(message)):
        run(fpga, Quartus(fpga / "run"))
