"""The device table: what is usable of each, names and aliases."""

from __future__ import annotations

import pytest

from flow.errors import UsageError
from flow.size.devices import DEVICES, FILL_LIMITS, Resources, lookup

TOTALS = {  # name: (LUT or ALM, DSP, block RAM, URAM) of the die, regions
    "vu9p": (1_182_240, 6840, 2160, 960, 3),
    "aws-f1": (1_182_240, 6840, 2160, 960, 3),
    "u200": (1_182_240, 6840, 2160, 960, 3),
    "u250": (1_728_000, 12_288, 2688, 1280, 4),
    "aws-f2": (1_303_680, 9024, 2016, 960, 3),
    "u50": (871_680, 5952, 1344, 640, 2),
    "u55c": (1_303_680, 9024, 2016, 960, 3),
    "zcu102": (274_080, 2520, 912, 0, 1),
    "ultra96": (70_560, 360, 216, 0, 1),
    "pynq-z2": (53_200, 220, 140, 0, 1),
    "a10-pac": (427_200, 1518, 2713, 0, 1),
    "d5005": (933_120, 5760, 11_721, 0, 1),
    "agilex-f014": (487_200, 4510, 7110, 0, 1),
    "de10-nano": (41_910, 112, 553, 0, 1),
    "ulx3s": (83_640, 156, 208, 0, 1),
    "ecpix5": (83_640, 156, 208, 0, 1),
    "asic": (100_000_000, 1_000_000, 100_000_000, 0, 1),  # um2 of cells and of macros: a bound, --area decides
}


def test_every_row_is_there() -> None:
    assert {device.name for device in DEVICES} == set(TOTALS)


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_row(device) -> None:
    lut, dsp, bram, uram, regions = TOTALS[device.name]
    total = sum(device.regions, Resources())
    assert (total.lut, total.dsp, total.bram, total.uram, len(device.regions)) == (lut, dsp, bram, uram, regions)
    assert len(device.shell) == regions
    assert device.source in ("V", "M") and device.note
    assert device.family.value != "ultrascale_plus" or total.ff == 2 * total.lut


def test_shell_and_fill_limits_of_the_u200() -> None:
    outer, middle, other = lookup("u200").usable
    assert outer == other
    assert (outer.dsp, middle.dsp) == (2268 * 80 // 100, 1320 * 80 // 100)
    assert outer.lut == (385_920 - 33_000) * 70 // 100
    assert middle.bram == (420 - 100) * 80 // 100
    assert FILL_LIMITS.values() == (70, 50, 80, 80, 80)


def test_names_aliases_and_tool_strings_are_one_device_each() -> None:
    seen: dict[str, str] = {}
    for device in DEVICES:
        for name in (device.name, *device.aliases, device.part):
            assert seen.setdefault(name.lower(), device.name) == device.name
            assert lookup(name.upper()) is device


@pytest.mark.parametrize(
    ("typed", "meant"), [("vu9", "vu9p"), ("u205", "u200"), ("pinq-z2", "pynq-z2"), ("ulx", "ulx3s")]
)
def test_unknown_device_offers_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(UsageError) as raised:
        lookup(typed)
    remedy = raised.value.problems[0].remedy
    assert meant in remedy.split("?")[0]
    assert typed in raised.value.problems[0].found
