"""Projects for the tests: a board, an engine for it, the folder as ``flow build`` leaves it."""

from __future__ import annotations

from pathlib import Path

from flow.emit.templates import render
from flow.hardware.config import HwConfig
from flow.hardware.filelist import rtl_files
from flow.isa import description as isa
from flow.isa.render import engine_package
from flow.project.board import find_board
from flow.project.place import Placement, place
from flow.project.render import write_project
from flow.size.devices import Device, lookup
from flow.tree import ROOT

#: Cores per region and memory channels of the engine on each board.
SHAPES: dict[str, tuple[tuple[int, ...], int]] = {
    "vu9p": ((2, 1, 1), 3), "u200": ((1, 1, 1), 3), "u250": ((1, 1, 1, 1), 4), "zcu102": ((3,), 2),
    "ultra96": ((2,), 2),
    "pynq-z2": ((1,), 1),
    "d5005": ((2,), 2), "a10-pac": ((1,), 1), "aws-f2": ((1, 1, 1), 3), "ulx3s": ((1,), 1),
    "asic": ((1,), 1),
}
VIVADO = ("vu9p", "u200", "u250", "zcu102", "ultra96", "pynq-z2")
QUARTUS = ("d5005", "a10-pac")


class Named:
    """The only thing the configuration's template asks of a program."""

    name = "tiny"


def engine(board: str) -> tuple[HwConfig, Device]:
    device = lookup(board)
    cores, channels = SHAPES[board]
    return HwConfig(pix=1, rows=16, cols=16, axi_bytes=device.memory.axi_bytes, cores=sum(cores), channels=channels,
                    clock_mhz=device.clock_mhz).check(), device


def make(board: str, out: Path) -> Path:
    """Write the parts of a build folder that a project reads; returns its ``fpga``."""
    hw, device = engine(board)
    (out / "rtl").mkdir(parents=True)
    (out / "rtl" / "engine_pkg.sv").write_text(engine_package(hw))
    names = ["rtl/engine_pkg.sv"]
    for path in rtl_files(ROOT):
        (out / "rtl" / path.name).write_bytes(path.read_bytes())
        names.append(f"rtl/{path.name}")
    (out / "fpga").mkdir()
    (out / "fpga" / "config.tcl").write_text(
        render("folder/config.tcl.j2", program=Named, hw=hw, isa=isa, rtl=names, device_bytes=0))
    write_project(hw, device, SHAPES[board][0], out)
    return out / "fpga"


def placement(board: str, shape: tuple[tuple[int, ...], int] | None = None) -> Placement:
    known = find_board(board)
    assert known is not None
    cores, channels = shape or SHAPES[board]
    return place(cores, channels, known)


def hierarchy(board: str, shape: tuple[tuple[int, ...], int] | None = None) -> tuple[str, ...]:
    """Names of cells and pins in the netlist that the constraints speak of; shape: cores per region and channels."""
    top = "flow_bd_i/engine/inst"
    cores = [f"{top}/i_flow_top/gen_channel[{core.channel}].gen_core[{core.slot}].i_core"
             for core in placement(board, shape).cores]
    return (*cores, *(f"{top}/irq_meta_reg[{n}]/D" for n in range(len(cores))))
