"""The second hardware entry: Intel cards through the OpenCL kernel, AMD cards with the RTL as XRT kernels.

Nothing here was run in a vendor's tool. Names of platforms are from memory (M): check them against the installed ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from flow.emit.templates import render, write_if_changed
from flow.errors import Problem, UsageError
from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.project.board import Board, MemoryPort, Platform, require_board
from flow.project.place import place
from flow.project.render import LITE_PORTS, cores_in_regions, master_ports, plan_json, wrapper
from flow.project.steps import PLAN_FILE, Plan, Step
from flow.size.devices import Device, lookup
from flow.tree import ROOT


@dataclass(frozen=True)
class Target:
    """platform: the card's name for aoc (Intel) or v++ (AMD); banks: die region of each memory of an AMD card, in the
    platform's order; pair: a memory is two of the platform's (pseudo channels of HBM)."""

    board: str
    platform: str
    banks: tuple[int, ...] = ()
    pair: bool = False

    @property
    def entry(self) -> str:
        return "xrt" if self.banks else "opencl"

    def bank(self, number: int) -> str:
        """v++'s name of a memory."""
        return f"HBM[{2 * number}:{2 * number + 1}]" if self.pair else f"DDR[{number}]"


_HBM = (0,) * 16

TARGETS: tuple[Target, ...] = (
    Target("a10-pac", "pac_a10"),
    Target("d5005", "pac_s10_dc"),
    Target("u200", "xilinx_u200_gen3x16_xdma_2_202110_1", (0, 1, 1, 2)),
    Target("u250", "xilinx_u250_gen3x16_xdma_4_1_202210_1", (0, 1, 2, 3)),
    Target("u50", "xilinx_u50_gen3x16_xdma_5_202210_1", _HBM, True),
    Target("u55c", "xilinx_u55c_gen3x16_xdma_3_202210_1", _HBM, True),
    Target("vu9p", "xilinx_vcu1525_xdma_201830_2", (0, 1, 1, 2)),
)

_INTEL_NOTE = ("Not run in aoc: no machine of this project's has it. The vendor has discontinued the FPGA SDK for "
               "OpenCL; its last release with this card's board package is needed. The kernel holds one core. The host "
               "program is built with `make -C opencl host` here.")
_AMD_NOTE = ("Not run in Vivado, v++ or on a card: no machine of this project's has them. The kernel is one core of "
             "the RTL engine, driven through its registers (user-managed control); every core is a compute unit of its "
             "own with its memory. The host program is built with `make -C xrt host` here.")


def target_of(name: str, entry: str = "opencl") -> Target:
    """The target of a device; UsageError if it has none. entry: opencl, or xrt for AMD's cards alone."""
    fit = [target for target in TARGETS if entry in ("opencl", target.entry)]
    found = next((target for target in fit if target.board == lookup(name).name), None)
    if found is None:
        known = ", ".join(target.board for target in fit)
        raise UsageError(Problem(f"--entry {entry}", f"{name} has no such platform",
                                       f"--entry rtl, or one of: {known}"))
    return found


def alternative(name: str) -> str:
    """What to do about a device that has no project of the RTL."""
    if any(target.board == lookup(name).name for target in TARGETS):
        return "--entry xrt makes one for AMD's v++"
    return "flow list fpgas shows the boards that have one"


def write_opencl_project(hw: HwConfig, device: Device, cores_per_region: tuple[int, ...], out: Path) -> list[Path]:
    """Write ``fpga/`` of the build folder ``out`` for the OpenCL entry. Returns the paths written, sorted; the bytes
    depend on the arguments alone. Raises UsageError for a device without an OpenCL platform."""
    target = target_of(device.name)
    if target.banks:
        files = dict(_amd(hw, device, cores_in_regions(cores_per_region, hw.cores), target))
    else:
        files = dict(_intel(hw, device, require_board(device.name), target))
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
    yield "README.md", render("fpga/README.md.j2", board=board, device=device, plan=plan, hw=hw, link=None)
    yield PLAN_FILE, plan_json(board, plan)
    yield "opencl/Makefile", render("fpga/opencl/Makefile.j2", target=target, plan=plan)


def _amd(hw: HwConfig, device: Device, cores_per_region: tuple[int, ...],
         target: Target) -> Iterator[tuple[str, str | bytes]]:
    memories = tuple(MemoryPort(target.bank(number), "", region) for number, region in enumerate(target.banks))
    board = Board(target.board, Platform.VIVADO_PCIE, "", "", memories, None, "", "names of platform and memories M")
    placement = place(cores_per_region, hw.channels, board)
    one = replace(hw, cores=1, channels=1)
    plan = Plan("v++", (
        Step("package", ("vivado", "-mode", "batch", "-nojournal", "-log", "logs/vivado_package.log", "-source",
                         "../xrt/package.tcl"), ("flow.xo",)),
        Step("link", ("v++", "--link", "--target", "hw", "--platform", target.platform, "--config", "../xrt/link.cfg",
                      "--output", "flow.xclbin", "flow.xo"), ("flow.xclbin",)),
    ), "flow.xclbin", _AMD_NOTE)
    base = next(register.offset for register in isa.REGISTERS if register.name == "CONSTANT_BASE_LO")
    yield "README.md", render("fpga/README.md.j2", board=board, device=device, plan=plan, hw=hw, link=None)
    yield PLAN_FILE, plan_json(board, plan)
    yield "flow_wrapper.v", wrapper(one, (0,))
    yield "xrt/flow_xrt.v", render("fpga/xrt/flow_xrt.v.j2", lite=LITE_PORTS, master=master_ports(one))
    yield "xrt/facts.tcl", render("fpga/xrt/facts.tcl.j2", device=device, pointer=base,
                                  register_bytes=isa.CORE_PAGE_BYTES)
    yield "xrt/link.cfg", render("fpga/xrt/link.cfg.j2", hw=hw, placement=placement)
    yield "xrt/Makefile", render("fpga/xrt/Makefile.j2", hw=hw, target=target, plan=plan)
    yield "xrt/package.tcl", (ROOT / "fpga" / "xrt" / "package.tcl").read_bytes()
