"""Every Vivado script in a real Tcl interpreter, on a stand-in that knows the tool's commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flow.project.board import find_board
from flow.project.render import channel_bases
from tests.fpga.interpreter import Refused, missed_lines, plant
from tests.fpga.projects import VIVADO, engine, hierarchy, make
from tests.fpga.vivado import Vivado


def build(board: str, tmp_path: Path, tool: Vivado | None = None) -> Vivado:
    return (tool or Vivado(hierarchy(board))).build(make(board, tmp_path / board))


@pytest.mark.parametrize("board", VIVADO)
def test_builds(board: str, tmp_path: Path) -> None:
    tool = build(board, tmp_path)
    run_folder = tmp_path / board / "fpga" / "run"
    assert (run_folder / "flow.bit").read_text() == "bits"
    assert (run_folder / ("flow.xsa" if board in ("zcu102", "ultra96", "pynq-z2") else "flow.mcs")).is_file()
    assert {path.name for path in (run_folder / "reports").iterdir()} == {
        "synth_utilization.rpt", "timing.rpt", "utilization.rpt", "drc.rpt", "power.rpt"}
    assert "FLOW: worst setup slack 0.1 ns" in tool.tcl.output


#: Each ``error`` of the scripts, provoked: what it says, a tool that ends with it or a replacement in a script.
REFUSALS: tuple[tuple[str, dict[str, object], tuple[str, str, str]], ...] = (
    ("FLOW: synth_1 stopped at 42%", {"failing_run": "synth_1"}, ("", "", "")),
    ("FLOW: timing is not met", {"wns": -0.1}, ("", "", "")),
    ("FLOW: impl_1 has no setup slack", {"wns": ""}, ("", "", "")),
    ("FLOW: this Vivado has no IP", {}, ("platform_pcie", "add_ip xdma xdma", "add_ip xdma xdmb")),
    ("FLOW: no pin", {}, ("platform_pcie", "wire pcie_perstn xdma", "wire pcie_perst xdma")),
    ("FLOW: no interface", {}, ("platform_pcie", "link xdma/M_AXI host_bus", "link xdma/M_AXIS host_bus")),
    ("segments NONE", {}, ("platform_pcie", "C0_DDR4_S_AXI $base $bytes", "C0_DDR4_S_AXI $base $bytes NONE")),
)


def test_every_line_is_run(tmp_path: Path) -> None:
    """The refusals' own lines too."""
    tools = [build(board, tmp_path) for board in VIVADO]
    for number, (says, behaviour, (name, good, bad)) in enumerate(REFUSALS):
        fpga = make("u200", tmp_path / str(number))
        if name:
            plant(fpga / "vivado" / f"{name}.tcl", good, bad)
        tool = Vivado(hierarchy("u200"), **behaviour)  # type: ignore[arg-type]
        with pytest.raises(Refused, match=re.escape(says)):
            tool.build(fpga)
        tools.append(tool)
    fpga = tmp_path / "u200" / "fpga"
    assert not missed_lines(tools, (*sorted((fpga / "vivado").glob("*.tcl")), fpga / "board.tcl", fpga / "config.tcl",
                                    fpga / "constraints.xdc"))


def test_each_core_is_in_its_region(tmp_path: Path) -> None:
    tool = build("vu9p", tmp_path)
    assert {name: len(cells) for name, cells in tool.pblocks.items()} == {f"core_{n}": 1 for n in range(4)}


def test_addresses(tmp_path: Path) -> None:
    """Each channel's memory is where the wrapper and the host expect it."""
    tool = build("u200", tmp_path)
    gigabytes = 1 << 30
    host = {offset // gigabytes: segment.split("/")[0] for offset, _, segment in tool.assigned["xdma/M_AXI"]}
    assert host == {0: "ddr4_0", 16: "ddr4_1", 32: "ddr4_2"}
    for n in range(3):
        assert [(offset // gigabytes, segment.split("/")[0])
                for offset, _, segment in tool.assigned[f"engine/m{n:02d}_axi"]] == [(16 * n, f"ddr4_{n}")]


@pytest.mark.parametrize(("wns", "whs", "name"), [(-0.001, 0.1, "setup"), (0.1, -0.001, "hold")])
def test_missed_timing_ends_the_run(wns: float, whs: float, name: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=f"FLOW: timing is not met: worst {name} slack is -0.001 ns"):
        build("u200", tmp_path, Vivado(hierarchy("u200"), wns=wns, whs=whs))
    assert not (tmp_path / "u200" / "fpga" / "run" / "flow.bit").exists()


@pytest.mark.parametrize("name", ["synth_1", "impl_1"])
def test_a_failed_run_ends_the_script(name: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=f"FLOW: {name} stopped at 42%"):
        build("u200", tmp_path, Vivado(hierarchy("u200"), failing_run=name))


#: Planted mistakes: file, what is replaced, by what, what the refusal says.
MISTAKES = {
    "property name": ("vivado/platform_pcie.tcl", "CONFIG.xdma_num_usr_irq", "CONFIG.xdma_num_user_irq", "no property"),
    "property value": ("vivado/platform_pcie.tcl", "axi_data_width 512_bit", "axi_data_width 1024_bit", "cannot be"),
    "unknown command": ("vivado/project.tcl", "validate_bd_design", "validate_design_bd", "invalid command name"),
    "unknown option": ("vivado/impl.tcl", "launch_runs impl_1 -jobs 4", "launch_runs impl_1 -threads 4",
                       "unknown option"),
    "missing connection": ("vivado/platform_pcie.tcl", "wire pcie_perstn xdma/sys_rst_n\n", "",
                           "xdma/sys_rst_n is not connected"),
    "missing interface": ("vivado/platform_pcie.tcl", "link xdma/M_AXI host_bus/S00_AXI\n", "", "no path from"),
    "missing clock": ("vivado/platform_pcie.tcl", "1 $channels [list xdma/axi_aclk clock/clk_out1]",
                      "1 $channels [list xdma/axi_aclk]", "no clock in common"),
    "wrong clock": ("vivado/design.tcl", "wire clock/clk_out1 engine/clk", "wire clock/locked engine/clk",
                    "cannot drive"),
    "address overlap": ("board.tcl", "default_300mhz_clk1 0x400000000", "default_300mhz_clk1 0x0", "overlaps"),
    "address beyond the memory": ("board.tcl", "0x0 0x400000000", "0x0 0x800000000", "is smaller than"),
    "address left out": ("vivado/platform_pcie.tcl", "map xdma/M_AXI_LITE engine/s_axil 0x0 0x40000\n", "",
                         "has no address"),
    "wrong order": ("vivado/project.tcl", "validate_bd_design\nsave_bd_design\n", "save_bd_design\n", "not validated"),
    "cell that does not exist": ("vivado/platform_pcie.tcl", "wire engine/irq xdma", "wire engines/irq xdma", "no pin"),
    "two drivers": ("vivado/platform_pcie.tcl", "wire board_reset/Res ddr4_$n/sys_rst",
                    "wire board_reset/Res ddr4_$n/sys_rst\n  wire xdma/axi_aresetn ddr4_$n/sys_rst", "driven by"),
    "reset polarity": ("vivado/platform_pcie.tcl", "CONFIG.C_EXT_RESET_HIGH 1", "CONFIG.C_EXT_RESET_HIGH 0", "rst_low"),
    "interrupt width": ("config.tcl", "set flow_interrupts 3", "set flow_interrupts 2", "wide"),
    "board interface": ("board.tcl", "ddr4_sdram_c3", "ddr4_sdram_c4", "the board has no interface"),
    "interface type": ("vivado/platform_pcie.tcl", "interface:ddr4_rtl", "interface:ddr3_rtl", "no interface type"),
    "missing source": ("config.tcl", "rtl/fetch.sv", "rtl/fletch.sv", "no file"),
    "constraint on nothing": ("constraints.xdc", "gen_channel?1?", "gen_channel?7?", "no netlist_cell"),
    "flash beyond its end": ("board.tcl", "0x01002000", "0x08000000", "beyond the memory"),
    "reset of another clock": ("vivado/design.tcl", "wire reset/peripheral_aresetn engine/rst_n",
                               "wire xdma/axi_aresetn engine/rst_n", "of another clock"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_caught(mistake: str, tmp_path: Path) -> None:
    name, good, bad, message = MISTAKES[mistake]
    fpga = make("u200", tmp_path / "u200")
    plant(fpga / name, good, bad)
    with pytest.raises(Refused, match=re.escape(message)):
        Vivado(hierarchy("u200")).build(fpga)


@pytest.mark.parametrize("first", range(3))
def test_steps_in_the_wrong_order_are_caught(first: int, tmp_path: Path) -> None:
    fpga = make("u200", tmp_path / "u200")
    steps = json.loads((fpga / "plan.json").read_text())
    steps["steps"].insert(first, steps["steps"].pop(first + 1))
    (fpga / "plan.json").write_text(json.dumps(steps))
    with pytest.raises(Refused):
        Vivado(hierarchy("u200")).build(fpga)


@pytest.mark.parametrize("board", VIVADO)
def test_channels_that_are_one_memory_are_told(board: str, tmp_path: Path) -> None:
    """Where two channels begin at the same byte, the note says how cores are kept apart."""
    _, device = engine(board)
    known = find_board(board)
    assert known is not None
    shared = len(set(channel_bases(known, device, 2))) == 1
    text = (make(board, tmp_path) / "README.md").read_text()
    assert ("base + k x `flow_device_bytes_per_core`" in text) == shared == known.platform.one_memory
