"""What a project needs to know of a board beyond the device table: interfaces, places, flash."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from flow.errors import Problem, UnsupportedError
from flow.size.devices import lookup


class Platform(Enum):
    """How the host reaches the engine, and the tool that builds it."""

    VIVADO_PCIE = "pcie"
    VIVADO_ZYNQMP = "zynqmp"
    VIVADO_ZYNQ7 = "zynq7"
    AWS_F2 = "aws_f2"
    QUARTUS_PCIE = "quartus_pcie"
    ECP5_SERIAL = "ecp5_serial"
    ASIC = "asic"

    @property
    def vivado(self) -> bool:
        return self in (Platform.VIVADO_PCIE, Platform.VIVADO_ZYNQMP, Platform.VIVADO_ZYNQ7)

    @property
    def one_memory(self) -> bool:
        """Whether all channels are ports to the memory of processor and engine, addressed as it is."""
        return self in (Platform.VIVADO_ZYNQMP, Platform.VIVADO_ZYNQ7)


@dataclass(frozen=True)
class MemoryPort:
    """One memory: the board's names of its pins and of its reference clock, and the die region it lies in."""

    interface: str
    clock: str
    region: int


@dataclass(frozen=True)
class Flash:
    """Configuration memory. ``start`` is where the image begins: early U200 and U250 hold a golden image below it."""

    interface: str
    megabytes: int
    start: int


@dataclass(frozen=True)
class Board:
    """``name`` is the device table's; ``board_part`` the vendor's board file; ``memories`` in the order of preference
    within a region; ``source`` as in the device table (V read in a public source, M to be checked)."""

    name: str
    platform: Platform
    board_part: str
    family: str
    memories: tuple[MemoryPort, ...]
    flash: Flash | None
    pcie: str
    source: str


def _ddr4(regions: tuple[int, ...]) -> tuple[MemoryPort, ...]:
    return tuple(MemoryPort(f"ddr4_sdram_c{n}", f"default_300mhz_clk{n}", region) for n, region in enumerate(regions))


def _high_performance(count: int) -> tuple[MemoryPort, ...]:
    return tuple(MemoryPort(f"S_AXI_HP{n}", "", 0) for n in range(count))


def _emif(count: int) -> tuple[MemoryPort, ...]:
    return tuple(MemoryPort(f"ddr4_{n}", f"ddr4_{n}_refclk", 0) for n in range(count))


_QUAD_SPI = Flash("SPIx4", 128, 0x01002000)

BOARDS: tuple[Board, ...] = (
    Board("vu9p", Platform.VIVADO_PCIE, "xilinx.com:vcu1525:part0:1.3", "", _ddr4((0, 1, 1, 2)),
          Flash("SPIx4", 128, 0), "pci_express_x16", "board part and interface names V (board store); regions M"),
    Board("u200", Platform.VIVADO_PCIE, "xilinx.com:au200:part0:1.3", "", _ddr4((0, 1, 1, 2)), _QUAD_SPI,
          "pci_express_x16", "board part, interface names (board store) and flash V; regions M"),
    Board("u250", Platform.VIVADO_PCIE, "xilinx.com:au250:part0:1.3", "", _ddr4((0, 1, 2, 3)), _QUAD_SPI,
          "pci_express_x16", "board part, interface names (board store) and flash V; regions M"),
    Board("zcu102", Platform.VIVADO_ZYNQMP, "xilinx.com:zcu102:part0:3.4", "", _high_performance(4), None, "",
          "board part V (board store)"),
    Board("ultra96", Platform.VIVADO_ZYNQMP, "avnet.com:ultra96v1:part0:1.2", "", _high_performance(2), None, "",
          "board part V (board store)"),
    Board("pynq-z2", Platform.VIVADO_ZYNQ7, "tul.com.tw:pynq-z2:part0:1.0", "", _high_performance(1), None, "",
          "board part V (board store)"),
    Board("aws-f2", Platform.AWS_F2, "", "", (), None, "", "shell V"),
    Board("d5005", Platform.QUARTUS_PCIE, "", "Stratix 10", _emif(4), None,
          "Gen3x8, Interface - 256 bit, 250 MHz",
          "part, PCIe bridge and its parameters V (public scripts); of x16 half is used; memory parameters M"),
    Board("a10-pac", Platform.QUARTUS_PCIE, "", "Arria 10", _emif(2), None,
          "Gen3x8, Interface - 256 bit, 250 MHz",
          "part and PCIe parameter names V (public scripts); link, interrupt and memory parameters M"),
    Board("ulx3s", Platform.ECP5_SERIAL, "", "", (), None, "", "V"),
    Board("asic", Platform.ASIC, "", "", (), None, "", "areas of cells and macros V, of macros with two ports M"),
)


def find_board(name: str) -> Board | None:
    """The board of a device, or None if there is no project for it."""
    return next((board for board in BOARDS if board.name == name), None)


def has_project(name: str) -> bool:
    """Whether a build for the device of this name, alias or part leaves a project. UsageError for an unknown one."""
    return find_board(lookup(name).name) is not None


def require_board(name: str) -> Board:
    """The board of a device; UnsupportedError if there is no project for it."""
    board = find_board(name)
    if board is None:
        known = ", ".join(board.name for board in BOARDS)
        raise UnsupportedError(Problem(f"--fpga {name}", "there is no project for this board yet",
                                       f"use the RTL in rtl/ in a project of your own, or one of: {known}"))
    return board
