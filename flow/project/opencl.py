"""The second hardware entry: Intel cards through the OpenCL kernel, AMD cards with the RTL as an XRT kernel.

Nothing here was run in a vendor's tool. Names of platforms are from memory (M): check them against the installed ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flow.emit.templates import render, write_if_changed
from flow.errors import Problem, UnsupportedError
from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.isa.render import ROOT
from flow.project.board import Board, Platform, find_board
from flow.project.place import Placement, place
from flow.project.render import LITE_PORTS, cores_in_regions, master_ports, plan_json, wrapper
from flow.project.steps import PLAN_FILE, Plan, Step
from flow.size.devices import Device, lookup


@dataclass(frozen=True)
class Target:
    """platform: the card's name for aoc (Intel) or v++ (AMD)."""

    board: str
    platform: str


TARGETS: tuple[Target, ...] = (
    Target("a10-pac", "pac_a10"),
    Target("d5005", "pac_s10_dc"),
    Target("u200", "xilinx_u200_gen3x16_xdma_2_202110_1"),
    Target("u250", "xilinx_u250_gen3x16_xdma_4_1_202210_1"),
    Target("vu9p", "xilinx_vcu1525_xdma_201830_2"),
)

_INTEL_NOTE = ("Not run in aoc: no machine of this project's has it. The vendor has discontinued the FPGA SDK for "
               "OpenCL; its last release with this card's board package is needed. The kernel holds one core. The host "
               "program is built with `make -C opencl host` here.")
_AMD_NOTE = ("Not run in Vivado or v++: no machine of this project's has them. The engine is the RTL, packaged as a "
             "kernel that its host drives through its registers (user-managed control); the firmware's transport for "
             "XRT is not written.")


def target_of(name: str) -> Target:
    """The OpenCL target of a device; UnsupportedError if it has none."""
    found = next((target for target in TARGETS if target.board == lookup(name).name), None)
    if found is None:
        known = ", ".join(target.board for target in TARGETS)
        raise UnsupportedError(Problem("--entry opencl", f"{name} has no OpenCL platform",
                                       f"--entry rtl, or one of: {known}"))
    return found


def write_opencl_project(hw: HwConfig, device: Device, cores_per_region: tuple[int, ...], out: Path) -> list[Path]:
    """Write ``fpga/`` of the build folder ``out`` for the OpenCL entry. Returns the paths written, sorted; the bytes
    depend on the arguments alone. Raises UnsupportedError for a device without an OpenCL platform."""
    target = target_of(device.name)
    board = find_board(device.name)
    assert board is not None
    cores = cores_in_regions(cores_per_region, hw.cores)
    files = dict(_intel(hw, device, board, target) if board.platform is Platform.QUARTUS_PCIE
                 else _amd(hw, device, board, place(cores, hw.channels, board), target))
    for name, content in sorted(files.items()):
        write_if_changed(out / "fpga" / name, content)
    return [out / "fpga" / name for name in sorted(files)]


def _aoc(platform: str, *options: str) -> tuple[str, ...]:
    return ("aoc", "-DFLOW_VENDOR_INTEL", f"-board={platform}", *options, "../../opencl/flow_engine.cl")


def _intel(hw: HwConfig, device: Device, board: Board, target: Target) -> Iterator[tuple[str, str | bytes]]:
    plan = Plan("aoc", (
        Step("report", _aoc(target.platform, "-rtl", "-report", "-o", "flow_engine.aocr"), ("flow_engine.aocr",)),
        Step("bitstream", _aoc(target.platform, "-report", "-o", "flow_engine.aocx"), ("flow_engine.aocx",)),
    ), "flow_engine.aocx", _INTEL_NOTE)
    yield "README.md", render("fpga/README.md.j2", board=board, device=device, plan=plan, hw=hw)
    yield PLAN_FILE, plan_json(board, plan)
    yield "opencl/Makefile", render("fpga/opencl/Makefile.j2", target=target, plan=plan)


def _amd(hw: HwConfig, device: Device, board: Board, placement: Placement,
         target: Target) -> Iterator[tuple[str, str | bytes]]:
    plan = Plan("v++", (
        Step("package", ("vivado", "-mode", "batch", "-nojournal", "-log", "logs/vivado_package.log", "-source",
                         "../xrt/package.tcl"), ("flow.xo",)),
        Step("link", ("v++", "--link", "--target", "hw", "--platform", target.platform, "--config", "../xrt/link.cfg",
                      "--output", "flow.xclbin", "flow.xo"), ("flow.xclbin",)),
    ), "flow.xclbin", _AMD_NOTE)
    memories = tuple(board.memories.index(port) for port in placement.memories)
    regions = {core.region for core in placement.cores}
    first = {core.channel: core.core for core in reversed(placement.cores)}
    base = next(register.offset for register in isa.REGISTERS if register.name == "CONSTANT_BASE_LO")
    pointers = tuple(first[channel] * isa.CORE_PAGE_BYTES + base for channel in range(hw.channels))
    yield "README.md", render("fpga/README.md.j2", board=board, device=device, plan=plan, hw=hw)
    yield PLAN_FILE, plan_json(board, plan)
    yield "flow_wrapper.v", wrapper(hw, (0,) * hw.channels)
    yield "xrt/flow_xrt.v", render("fpga/opencl/flow_xrt.v.j2", hw=hw, lite=LITE_PORTS, master=master_ports(hw))
    yield "xrt/facts.tcl", render("fpga/opencl/facts.tcl.j2", hw=hw, device=device, pointers=pointers,
                                  register_bytes=hw.cores * isa.CORE_PAGE_BYTES)
    yield "xrt/link.cfg", render("fpga/opencl/link.cfg.j2", hw=hw, memories=memories,
                                 region=next(iter(regions)) if len(regions) == 1 else None)
    yield "xrt/package.tcl", (ROOT / "fpga" / "xrt" / "package.tcl").read_bytes()
