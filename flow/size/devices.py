"""The device table: what each board has, what a shell takes away, and what may be filled.

Every row carries the mark of its source: ``V`` was read in a vendor's or a maintained public source, ``M`` is from
memory or secondary and must be checked before it is relied on. A note says which part of a row the mark is about.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import Enum

from flow.errors import Problem, UsageError


class Family(Enum):
    """Device families that differ in what a DSP block or a memory block is."""

    ULTRASCALE_PLUS = "ultrascale_plus"
    SEVEN_SERIES = "seven_series"
    ARRIA10 = "arria10"
    STRATIX10 = "stratix10"
    AGILEX7 = "agilex7"
    CYCLONE5 = "cyclone5"
    ECP5 = "ecp5"
    ASIC = "asic"


@dataclass(frozen=True)
class Resources:
    """Counts of logic cells (LUT6, LUT4 or ALM), flip-flops, DSP blocks, block RAMs of the family, and UltraRAMs.

    Of an ASIC: lut is um2 of cells (flip-flops included), dsp multipliers, bram um2 of memory macros."""

    lut: int = 0
    ff: int = 0
    dsp: int = 0
    bram: int = 0
    uram: int = 0

    def values(self) -> tuple[int, int, int, int, int]:
        return (self.lut, self.ff, self.dsp, self.bram, self.uram)

    def __add__(self, other: "Resources") -> "Resources":
        return Resources(*(a + b for a, b in zip(self.values(), other.values(), strict=True)))

    def __sub__(self, other: "Resources") -> "Resources":
        """Never below zero."""
        return Resources(*(max(a - b, 0) for a, b in zip(self.values(), other.values(), strict=True)))

    def __mul__(self, count: int) -> "Resources":
        return Resources(*(value * count for value in self.values()))

    def fits(self, limit: "Resources") -> bool:
        return all(a <= b for a, b in zip(self.values(), limit.values(), strict=True))

    def filled(self, percent: "Resources") -> "Resources":
        """``percent`` of each count, rounded down."""
        return Resources(*(a * b // 100 for a, b in zip(self.values(), percent.values(), strict=True)))


#: Percent of a region that may be filled and still close timing (the limits FINN uses).
FILL_LIMITS = Resources(lut=70, ff=50, dsp=80, bram=80, uram=80)


@dataclass(frozen=True)
class OffChip:
    """Off-chip memory: ``channels`` independent ones of ``bytes_each`` and ``gigabytes_per_second`` each.

    ``controller`` is the cost of one soft memory controller; every region that holds a core has one.
    ``axi_bytes`` is the width of the engine's master on one channel.
    """

    kind: str
    channels: int
    bytes_each: int
    gigabytes_per_second: float
    axi_bytes: int
    controller: Resources = Resources()

    @property
    def soft_controller(self) -> bool:
        return self.controller != Resources()


@dataclass(frozen=True)
class Device:
    """One board. ``regions`` are whole die regions; ``shell`` is what vendor or own infrastructure takes in each."""

    name: str
    aliases: tuple[str, ...]
    part: str
    family: Family
    regions: tuple[Resources, ...]
    shell: tuple[Resources, ...]
    memory: OffChip
    pcie: str
    clock_mhz: float
    source: str
    note: str

    @property
    def link_gigabytes_per_second(self) -> float | None:
        """Assumed rate of the host's PCIe link, each way: three quarters of the lanes'; None where there is no PCIe."""
        if not self.pcie.startswith("Gen"):
            return None
        generation, lanes = self.pcie.removeprefix("Gen").split(" x")
        return 0.75 * int(lanes) * 2 ** (int(generation) - 3)

    @property
    def usable(self) -> tuple[Resources, ...]:
        """Per region: (region - shell - memory controller) x fill limits."""
        return tuple(
            (region - shell - self.memory.controller).filled(FILL_LIMITS)
            for region, shell in zip(self.regions, self.shell, strict=True)
        )

    @property
    def has_uram(self) -> bool:
        return any(region.uram for region in self.regions)


_GIB = 1 << 30
_MIB = 1 << 20

#: A soft DDR4 controller on UltraScale+ (V).
_DDR4 = Resources(lut=33_000, ff=45_000, bram=100)
#: PCIe DMA with one channel each way, of a design without a vendor shell, in one region (M).
_XDMA = Resources(lut=36_000, ff=45_000, bram=60)
_NOTHING = Resources()

_VU9P_SLR = Resources(394_080, 788_160, 2280, 720, 320)
_U200_SLR = Resources(385_920, 771_840, 2268, 714, 320)
_U200_MIDDLE = Resources(199_680, 399_360, 1320, 420, 160)
_U250_SLR = Resources(432_000, 864_000, 3072, 672, 320)
_VU47P_SLR = Resources(434_560, 869_120, 3008, 672, 320)
_U50_SLR = Resources(435_840, 871_680, 2976, 672, 320)
_ECP5_85 = Resources(83_640, 83_640, 156, 208, 0)


def _ddr4(channels: int, total_gigabytes_per_second: float, gibibytes_each: int = 16) -> OffChip:
    return OffChip("DDR4", channels, gibibytes_each * _GIB, total_gigabytes_per_second / channels, 64, _DDR4)


def _hbm(gibibytes: int, total_gigabytes_per_second: float) -> OffChip:
    # Pseudo channels are used in pairs: one 64-byte master each.
    return OffChip("HBM", 16, gibibytes * _GIB // 16, total_gigabytes_per_second / 16, 64)


DEVICES: tuple[Device, ...] = (
    Device(
        "vu9p",
        ("vcu1525", "xcvu9p", "xcvu9p-fsgd2104-2l-e"),
        "xcvu9p-fsgd2104-2L-e",
        Family.ULTRASCALE_PLUS,
        (_VU9P_SLR,) * 3,
        (_XDMA, _NOTHING, _NOTHING),
        _ddr4(4, 77.0),
        "Gen3 x16",
        300.0,
        "V",
        "die V; memory bandwidth M; PCIe DMA size M, and what fits region 0 hangs on it",
    ),
    Device(
        "aws-f1",
        ("f1",),
        "xcvu9p-flgb2104-2-i",
        Family.ULTRASCALE_PLUS,
        (_VU9P_SLR,) * 3,
        (_VU9P_SLR - _U200_SLR, _VU9P_SLR - _U200_MIDDLE, _VU9P_SLR - _U200_SLR),
        _ddr4(4, 77.0),
        "Gen3 x16",
        250.0,
        "V",
        "retired 2025-12-20; die V; shell taken to be as large as the U200's, M",
    ),
    Device(
        "u200",
        ("alveo-u200", "xcu200"),
        "xcu200-fsgd2104-2-e",
        Family.ULTRASCALE_PLUS,
        (_VU9P_SLR,) * 3,
        (_VU9P_SLR - _U200_SLR, _VU9P_SLR - _U200_MIDDLE, _VU9P_SLR - _U200_SLR),
        _ddr4(4, 77.0),
        "Gen3 x16",
        300.0,
        "V",
        "die and shell V; memory bandwidth M",
    ),
    Device(
        "u250",
        ("alveo-u250", "xcu250"),
        "xcu250-figd2104-2L-e",
        Family.ULTRASCALE_PLUS,
        (_U250_SLR,) * 4,
        (Resources(100_000, 130_000, 0, 170, 0), *(Resources(8_000, 16_000, 0, 0, 0),) * 3),
        _ddr4(4, 77.0),
        "Gen3 x16",
        300.0,
        "V",
        "die V; shell and memory bandwidth M",
    ),
    Device(
        "aws-f2",
        ("f2", "vu47p", "xcvu47p"),
        "xcvu47p-fsvh2892-2-e",
        Family.ULTRASCALE_PLUS,
        (_VU47P_SLR,) * 3,
        (Resources(90_000, 120_000, 0, 120, 0), Resources(20_000, 40_000, 0, 0, 0), _NOTHING),
        _hbm(16, 460.0),
        "Gen4 x8",
        250.0,
        "V",
        "die and HBM V; shell M; its 64 GB of DDR4 is not used",
    ),
    Device(
        "u50",
        ("alveo-u50", "xcu50"),
        "xcu50-fsvh2104-2-e",
        Family.ULTRASCALE_PLUS,
        (_U50_SLR,) * 2,
        (Resources(80_000, 110_000, 0, 120, 0), Resources(40_000, 60_000, 0, 60, 0)),
        _hbm(8, 316.0),
        "Gen3 x16",
        300.0,
        "V",
        "die V; shell, HBM bandwidth and PCIe M",
    ),
    Device(
        "u55c",
        ("alveo-u55c", "xcu55c"),
        "xcu55c-fsvh2892-2L-e",
        Family.ULTRASCALE_PLUS,
        (_VU47P_SLR,) * 3,
        (Resources(80_000, 110_000, 0, 120, 0), Resources(20_000, 40_000, 0, 0, 0), _NOTHING),
        _hbm(16, 460.0),
        "Gen3 x16",
        300.0,
        "M",
        "row M; shell M",
    ),
    Device(
        "zcu102",
        ("zu9eg", "xczu9eg"),
        "xczu9eg-ffvb1156-2-e",
        Family.ULTRASCALE_PLUS,
        (Resources(274_080, 548_160, 2520, 912, 0),),
        (Resources(8_000, 12_000, 0, 0, 0),),
        OffChip("port to the processor's DDR4", 4, 1 * _GIB, 4.8, 16),
        "SoC",
        300.0,
        "V",
        "die V; memory bandwidth, its size and the interconnect M",
    ),
    Device(
        "ultra96",
        ("ultra96-v2", "zu3eg", "xczu3eg"),
        "xczu3eg-sbva484-1-e",
        Family.ULTRASCALE_PLUS,
        (Resources(70_560, 141_120, 360, 216, 0),),
        (Resources(5_000, 8_000, 0, 0, 0),),
        OffChip("port to the processor's LPDDR4", 2, 1 * _GIB, 4.0, 16),
        "SoC",
        250.0,
        "M",
        "row M",
    ),
    Device(
        "pynq-z2",
        ("pynq", "zynq7020", "xc7z020"),
        "xc7z020clg400-1",
        Family.SEVEN_SERIES,
        (Resources(53_200, 106_400, 220, 140, 0),),
        (Resources(3_000, 5_000, 0, 0, 0),),
        OffChip("DDR3 of the processor", 1, 512 * _MIB, 2.1, 8),
        "SoC",
        125.0,
        "V",
        "die V; memory M",
    ),
    Device(
        "a10-pac",
        ("arria10-pac", "arria10", "10ax115"),
        "10AX115N2F40E2LG",
        Family.ARRIA10,
        (Resources(427_200, 1_708_800, 1518, 2713, 0),),
        (Resources(50_000, 200_000, 0, 250, 0),),
        OffChip("DDR4", 2, 4 * _GIB, 17.0, 64, Resources(8_000, 20_000, 0, 30, 0)),
        "Gen3 x8",
        275.0,
        "V",
        "die and memory V; shell and controller M",
    ),
    Device(
        "d5005",
        ("stratix10", "s10-pac", "1sx280"),
        "1SX280HN2F43E2VG",
        Family.STRATIX10,
        (Resources(933_120, 3_732_480, 5760, 11_721, 0),),
        (Resources(90_000, 360_000, 0, 500, 0),),
        OffChip("DDR4", 4, 8 * _GIB, 19.2, 64, Resources(32_000, 80_000, 0, 120, 0)),
        "Gen3 x16",
        300.0,
        "V",
        "die and memory V; shell and controllers (all four in the one region) M",
    ),
    Device(
        "agilex-f014",
        ("agilex", "agilex7", "agfb014"),
        "AGFB014R24B2E2V",
        Family.AGILEX7,
        (Resources(487_200, 1_948_800, 4510, 7110, 0),),
        (Resources(60_000, 240_000, 0, 300, 0),),
        OffChip("DDR4 of the board", 2, 8 * _GIB, 19.2, 64, Resources(8_000, 20_000, 0, 30, 0)),
        "Gen4 x16",
        400.0,
        "M",
        "row M; the board's memory is assumed",
    ),
    Device(
        "de10-nano",
        ("cyclone5", "de10", "5cseba6"),
        "5CSEBA6U23I7",
        Family.CYCLONE5,
        (Resources(41_910, 167_640, 112, 553, 0),),
        (Resources(2_000, 8_000, 0, 0, 0),),
        OffChip("DDR3 of the processor", 1, 1 * _GIB, 3.2, 16),
        "SoC",
        100.0,
        "M",
        "row M",
    ),
    Device(
        "ulx3s",
        ("ulx3s-85f", "lfe5u-85f"),
        "LFE5U-85F-6BG381C",
        Family.ECP5,
        (_ECP5_85,),
        (Resources(41_500, 2_500, 0, 4, 0),),
        OffChip("block RAM", 1, 128 << 10, 0.133, 8, Resources(1_500, 1_500, 0, 64, 0)),
        "USB serial",
        50.0,
        "V",
        "die V; shell M, with half the logic left free so that the open tools are done in minutes; 64 blocks are the "
        "engine's memory, a beat in three cycles; the board's SDRAM is not used",
    ),
    Device(
        "ecpix5",
        ("ecpix-5", "lfe5um5g-85f"),
        "LFE5UM5G-85F-8BG554I",
        Family.ECP5,
        (_ECP5_85,),
        (Resources(2_500, 2_500, 0, 4, 0),),
        OffChip("DDR3", 1, 512 * _MIB, 1.6, 16, Resources(4_000, 4_000, 0, 6, 0)),
        "USB serial",
        75.0,
        "V",
        "die V; memory, shell and controller M",
    ),
    Device(
        "asic",
        (),
        "standard cells",
        Family.ASIC,
        (Resources(100_000_000, 0, 1_000_000, 100_000_000, 0),),
        (_NOTHING,),
        OffChip("AXI bus of the chip", 1, 4 * _GIB, 8.0, 16),
        "on the chip's bus",
        500.0,
        "M",
        "sized by --area; cell and macro areas in flow/size/silicon.py; bus and clock assumed",
    ),
)


def lookup(name: str) -> Device:
    """The device of that name, alias or tool string, whatever its case. Raises UsageError with the nearest names."""
    wanted = name.strip().lower()
    known: dict[str, Device] = {}
    for device in DEVICES:
        for accepted in (device.name, *device.aliases, device.part):
            known.setdefault(accepted.lower(), device)
    if wanted in known:
        return known[wanted]
    near: list[str] = []
    for accepted in difflib.get_close_matches(wanted, known, n=5, cutoff=0.4):
        if known[accepted].name not in near:
            near.append(known[accepted].name)
    hint = f"did you mean {' or '.join(near[:3])}? " if near else ""
    raise UsageError(
        Problem(
            "--fpga", f"{name!r} is no known device", f"{hint}known: {', '.join(device.name for device in DEVICES)}"
        )
    )
