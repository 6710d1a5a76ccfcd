"""The files of a vendor project: everything the tool's scripts read, and the scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from flow.emit.templates import render, write_if_changed
from flow.errors import Problem, UsageError
from flow.hardware.config import HwConfig
from flow.hardware.filelist import rtl_files
from flow.project.asic import asic_files
from flow.project.board import Board, Platform, find_board
from flow.project.host import link_of, makefile
from flow.project.place import Placement, place
from flow.project.steps import PLAN_FILE, Plan, plan_for
from flow.size.devices import Device
from flow.tree import ROOT

#: The ULX3S: oscillator, the PLL's inner clock, the serial line's baud.
OSCILLATOR_MHZ = 25
VCO_MHZ = 600
BAUD = 3_000_000

#: AXI signals of flow_top's memory masters, as the wrapper connects them.
OUTPUTS = ("arvalid", "araddr", "arlen", "arsize", "arburst", "arid", "rready", "awvalid", "awaddr", "awlen", "awsize",
           "awburst", "awid", "wvalid", "wdata", "wstrb", "wlast", "bready")
INPUTS = ("arready", "rvalid", "rdata", "rresp", "rlast", "rid", "awready", "wready", "bvalid", "bresp", "bid")
#: Ports of the wrapper's AXI-Lite slave: name, direction, width.
LITE_PORTS = (("awaddr", "Input", 32), ("awprot", "Input", 3), ("awvalid", "Input", 1), ("awready", "Output", 1),
              ("wdata", "Input", 32), ("wstrb", "Input", 4), ("wvalid", "Input", 1), ("wready", "Output", 1),
              ("bresp", "Output", 2), ("bvalid", "Output", 1), ("bready", "Input", 1), ("araddr", "Input", 32),
              ("arprot", "Input", 3), ("arvalid", "Input", 1), ("arready", "Output", 1), ("rdata", "Output", 32),
              ("rresp", "Output", 2), ("rvalid", "Output", 1), ("rready", "Input", 1))
_WIDTHS = {"addr": 64, "len": 8, "size": 3, "burst": 2, "id": 8, "cache": 4, "prot": 3, "resp": 2}
#: Outputs that the wrapper changes on their way out.
MOVED = ("araddr", "awaddr")


def cores_in_regions(counts: tuple[int, ...], cores: int) -> tuple[int, ...]:
    """``counts`` if they add up to ``cores``, or else the cores dealt out evenly over as many regions."""
    if sum(counts) == cores:
        return counts
    regions = max(len(counts), 1)
    return tuple(cores // regions + (number < cores % regions) for number in range(regions))


def channel_bases(board: Board, device: Device, channels: int) -> tuple[int, ...]:
    """First byte of each channel's memory on the bus. A SoC's channels are ports to one memory, addressed as it is."""
    if board.platform.one_memory:
        return (0,) * channels
    return tuple(device.memory.bytes_each * number for number in range(channels))


def write_project(hw: HwConfig, device: Device, cores_per_region: tuple[int, ...], out: Path) -> list[Path]:
    """Write ``fpga/`` of the build folder ``out`` (whose ``fpga/config.tcl`` and ``rtl/`` are the emitter's).

    A device without a project gets only a note that says so. Returns the paths written, sorted; the bytes depend on the
    arguments alone. Raises UsageError if the engine has more channels than the board has memories, or a clock that the
    board does not give it.
    """
    files = dict(_files(hw, device, cores_in_regions(cores_per_region, hw.cores)))
    for name, content in sorted(files.items()):
        write_if_changed(out / "fpga" / name, content)
    return [out / "fpga" / name for name in sorted(files)]


def _files(hw: HwConfig, device: Device, cores: tuple[int, ...]) -> Iterator[tuple[str, str | bytes]]:
    board = find_board(device.name)
    plan = plan_for(board.platform, hw) if board else None
    link = link_of(board.platform) if board else None
    yield "README.md", render("fpga/README.md.j2", board=board, device=device, plan=plan, hw=hw, link=link)
    if link:
        yield "host/Makefile", makefile(link, hw, device)
    if board is None or plan is None:
        return
    yield PLAN_FILE, plan_json(board, plan)
    if board.platform.vivado:
        yield from _vivado(hw, device, board, place(cores, hw.channels, board))
    elif board.platform is Platform.QUARTUS_PCIE:
        yield from _quartus(hw, device, board, place(cores, hw.channels, board))
    elif board.platform is Platform.AWS_F2:
        yield from _aws(hw, device)
    elif board.platform is Platform.ECP5_SERIAL:
        yield from _ecp5(hw, device, board)
    elif board.platform is Platform.ASIC:
        yield from asic_files(hw, device)


def plan_json(board: Board, plan: Plan) -> str:
    """What ``flow build`` and people run, as JSON."""
    return json.dumps({"board": board.name, **plan.to_json()}, indent=1) + "\n"


def wrapper(hw: HwConfig, bases: tuple[int, ...]) -> str:
    """The engine with plain ports, in Verilog; bases: first byte of each channel's memory on the bus."""
    outputs = tuple((name, f"{name}_local" if name in MOVED else name) for name in OUTPUTS)
    return render("fpga/flow_wrapper.v.j2", hw=hw, bases=bases, outputs=outputs, inputs=INPUTS)


def master_ports(hw: HwConfig) -> tuple[tuple[str, str, int], ...]:
    """Ports of one of the wrapper's memory masters: name, direction, width."""
    widths = {**_WIDTHS, "data": hw.axi_bytes * 8, "strb": hw.axi_bytes}
    constants = ("arcache", "arprot", "awcache", "awprot")
    named = [*((name, "Output") for name in (*OUTPUTS, *constants)), *((name, "Input") for name in INPUTS)]
    return tuple((name, direction, widths.get(name[2 if name[:2] in ("ar", "aw") else 1:], 1))
                 for name, direction in named)


def _vivado(hw: HwConfig, device: Device, board: Board, placement: Placement) -> Iterator[tuple[str, str | bytes]]:
    bases = channel_bases(board, device, hw.channels)
    yield "flow_wrapper.v", wrapper(hw, bases)
    values = {"board": board, "device": device, "placement": placement, "hw": hw, "bases": bases,
              "memory_bytes": device.memory.bytes_each, "regions": len(device.regions), "tool": "Vivado"}
    yield "board.tcl", render("fpga/board.tcl.j2", **values)
    yield "constraints.xdc", render("fpga/constraints.xdc.j2", **values)
    yield from _copied("vivado")


def _quartus(hw: HwConfig, device: Device, board: Board, placement: Placement) -> Iterator[tuple[str, str | bytes]]:
    bases = channel_bases(board, device, hw.channels)
    yield "flow_wrapper.v", wrapper(hw, bases)
    values = {"board": board, "device": device, "placement": placement, "hw": hw, "bases": bases,
              "memory_bytes": device.memory.bytes_each, "regions": len(device.regions), "tool": "Quartus"}
    yield "board.tcl", render("fpga/board.tcl.j2", **values)
    yield "flow.sdc", render("fpga/flow.sdc.j2", **values)
    yield "flow_engine_hw.tcl", render("fpga/flow_engine_hw.tcl.j2", hw=hw, lite=LITE_PORTS,
                                             master=master_ports(hw))
    yield from _copied("quartus")


def _aws(hw: HwConfig, device: Device) -> Iterator[tuple[str, str | bytes]]:
    if hw.clock_mhz != device.clock_mhz:
        raise UsageError(Problem(f"clock of {device.name}", f"{hw.clock_mhz:g} MHz",
                                 f"the engine runs at the shell's {device.clock_mhz:g} MHz (leave out --clock)"))
    yield from _templates("fpga/aws_f2", hw=hw, channel_bytes=device.memory.bytes_each)
    yield from _copied("aws_f2")


def divisor(hw: HwConfig) -> int:
    """256 x clock / baud of the ULX3S's serial line."""
    return round(256e6 * hw.clock_mhz / BAUD)


def _ecp5(hw: HwConfig, device: Device, board: Board) -> Iterator[tuple[str, str | bytes]]:
    problems = []
    if hw.axi_bytes != device.memory.axi_bytes or hw.channels != 1:
        problems.append(Problem(f"hw.json: axi_bytes, channels on {board.name}", f"{hw.axi_bytes}, {hw.channels}",
                                f"{device.memory.axi_bytes} and 1"))
    if hw.clock_mhz % OSCILLATOR_MHZ or not OSCILLATOR_MHZ <= hw.clock_mhz <= VCO_MHZ / 5:
        problems.append(Problem(f"clock of {board.name}", f"{hw.clock_mhz} MHz",
                                f"a multiple of {OSCILLATOR_MHZ} up to {VCO_MHZ // 5} MHz (--clock)"))
    if problems:
        raise UsageError(problems)
    names = [path.name for path in rtl_files(ROOT)]
    system = [path.name for path in rtl_files(ROOT, "ecp5")]
    yield "synth.ys", render("fpga/synth.ys.j2", rtl=["engine_pkg.sv", *names], system=system,
                             divisor=divisor(hw), memory_bytes=device.memory.bytes_each,
                             output_divider=round(VCO_MHZ / hw.clock_mhz),
                             feedback_divider=round(hw.clock_mhz / OSCILLATOR_MHZ))
    yield from _copied("ecp5")


def _copied(folder: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted((ROOT / "fpga" / folder).iterdir()):
        if path.is_file():
            yield f"{folder}/{path.name}", path.read_bytes()


def _templates(folder: str, **values: object) -> Iterator[tuple[str, str]]:
    top = ROOT / "templates" / folder
    for path in sorted(top.rglob("*.j2")):
        name = path.relative_to(top).with_suffix("")
        yield str(name), render(f"{folder}/{path.relative_to(top)}", **values)
