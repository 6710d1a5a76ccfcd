"""ASIC: sized by area, by speed, and by both."""

from __future__ import annotations

import pytest

from flow.errors import CapacityError, UsageError
from flow.size import choose, silicon
from flow.size.choose import area_of
from tests.size.graphs import resnet50, small


@pytest.mark.parametrize("area", [2.0, 5.0, 20.0])
def test_an_area_is_kept(area: float) -> None:
    sizing = choose("asic", [small()], area_mm2=area)
    assert sizing.fits and area_of(sizing) <= area
    assert f"of {area:g} mm2" in sizing.to_text() and "NAND2 0.798" in sizing.to_text()


@pytest.mark.full
def test_more_area_is_never_slower() -> None:
    speeds = [choose("asic", [resnet50()], area_mm2=area).models[0].fps for area in (2.0, 4.0, 8.0)]
    assert speeds == sorted(speeds) and speeds[0] < speeds[-1]


@pytest.mark.full
def test_a_speed_gives_the_smallest_that_reaches_it() -> None:
    slow, fast = (choose("asic", [small()], target_fps=target) for target in (1.0, 1e5))
    assert slow.models[0].fps >= 1 and fast.models[0].fps >= 1e5
    assert area_of(slow) < area_of(fast)
    assert area_of(choose("asic", [small()], target_fps=1e5, area_mm2=100.0)) == area_of(fast)
    with pytest.raises(CapacityError, match="--target-fps 100000"):
        choose("asic", [small()], target_fps=1e5, area_mm2=area_of(fast) / 2)


def test_a_speed_on_an_fpga_gives_a_smaller_engine() -> None:
    full, target = choose("zcu102", [resnet50()]), 10.0
    small_one = choose("zcu102", [resnet50()], target_fps=target)
    assert target <= small_one.models[0].fps < full.models[0].fps
    assert small_one.core.total.dsp < full.core.total.dsp


@pytest.mark.parametrize(("device", "options", "says"), [
    ("asic", {}, "neither --area nor --target-fps"),
    ("asic", {"area_mm2": -1.0}, "above 0"),
    ("u200", {"area_mm2": 2.0}, "the area it has"),
])
def test_what_makes_no_sense_is_refused(device: str, options: dict[str, float], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        choose(device, [small()], **options)


def test_too_small_a_die_is_refused_with_the_least() -> None:
    with pytest.raises(CapacityError, match="the smallest engine takes"):
        choose("asic", [small()], area_mm2=0.01)


def test_macros_are_those_they_were_fitted_to() -> None:
    for width, depth, one_port in ((32, 64, 1240.624), (64, 512, 17301.438)):
        assert abs(silicon.macro_um2(width, depth) / silicon.TWO_PORTS - one_port) < 2
