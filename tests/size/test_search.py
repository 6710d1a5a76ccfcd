"""The search: an engine for every device and network, the same each time, and why."""

from __future__ import annotations

import pytest

from flow.errors import CapacityError, UsageError
from flow.hardware.config import HwConfig
from flow.size import DEVICES, Goal, choose, evaluate
from flow.size.devices import Family, Resources, lookup
from flow.size.resources import core
from tests.size.graphs import Builder, resnet50, small, vgg16


def _large() -> object:
    b = Builder("large", 1, 1, 8192)
    return b.graph(b.dense("input", 8192))


@pytest.mark.parametrize("device", [device for device in DEVICES if device.family is not Family.ASIC],
                         ids=lambda device: device.name)
@pytest.mark.parametrize("graph", [small(), resnet50()], ids=["small", "resnet50"])
def test_every_device_holds_an_engine(device, graph) -> None:
    if device.name == "ulx3s" and graph.name == resnet50().name:
        with pytest.raises(CapacityError, match="too large for the device's memory"):
            choose(device.name, [graph])
        return
    sizing = choose(device.name, [graph])
    hw = sizing.hw.check()
    assert sizing.fits and hw.cores == sum(region.cores for region in sizing.regions) >= 1
    assert hw.axi_bytes == device.memory.axi_bytes
    assert hw.acc_depth >= 64 and hw.wgt_depth >= 4 * hw.tile_words and hw.inp_vectors >= 512
    again = core(hw, device.family, device.has_uram).total
    for region, limit in zip(sizing.regions, device.usable, strict=True):
        assert (again * region.cores).fits(limit)
        assert region.used == again * region.cores
    assert sizing.models[0].fps > 0 and 0 < sizing.models[0].utilisation <= 1
    assert hw.packed == (device.family.value == "ultrascale_plus")


def test_a_network_of_dense_layers_alone_has_engines() -> None:
    b = Builder("dense", 1, 1, 16)
    graph = b.graph(b.dense(b.dense("input", 64), 5))
    for device in ("vu9p", "zcu102", "pynq-z2", "a10-pac"):
        assert choose(device, [graph]).fits


def test_a_network_of_a_few_pixels_has_an_engine_where_a_larger_one_has() -> None:
    """Its shallow buffers would be made of LUTs, which the device lacks."""
    for side in (4, 16):
        tiny = Builder("tiny", side, side, 4)
        assert choose("ulx3s", [tiny.graph(tiny.conv(tiny.conv("input", 6, 3), 4))]).fits


def test_vu9p_for_resnet50() -> None:
    sizing = choose("vu9p", [resnet50()])
    hw = sizing.hw
    assert hw.macs_per_cycle * hw.cores >= 9000
    assert (hw.pix, hw.rows, hw.cols, hw.cores, hw.channels) == (6, 32, 16, 3, 3)
    assert [region.cores for region in sizing.regions] == [1, 1, 1]
    assert hw.acc_depth >= 512 and hw.out_depth >= 2 * hw.acc_depth and hw.wgt_depth == 4096
    assert hw.inp_vectors >= 40_000
    assert sizing.models[0].utilisation > 0.9
    shapes = {(r.hw.pix, r.hw.rows, r.hw.cols) for r in sizing.runners_up}
    assert len(shapes) == len(sizing.runners_up) >= 3 and (6, 32, 16) not in shapes
    assert any("does not fit" in r.why for r in sizing.runners_up)


def test_deterministic_and_complete_on_paper() -> None:
    one, two = choose("vu9p", [resnet50()]), choose("vu9p", [resnet50()])
    assert one.to_json() == two.to_json() and one.to_text() == two.to_text()
    text = one.to_text()
    for word in (
        "INPUT",
        "WEIGHT",
        "ACC",
        "URAM288",
        "RAMB36",
        "why:",
        "next best:",
        "estimated",
        "9216 MACs per cycle",
    ):
        assert word in text
    assert HwConfig.from_json(one.to_json()["engine"]) == one.hw
    named = {name for names, _ in one.reasons for name in names.replace(",", "").split()}
    assert {"pix", "rows", "cols", "cores", "channels", "axi_bytes", "inp_depth", "acc_depth", "wgt_depth"} <= named


@pytest.mark.full
def test_one_engine_for_two_models() -> None:
    both = choose("vu9p", [resnet50(), vgg16()])
    assert [model.name for model in both.models] == ["resnet50", "vgg16"]
    mean = (both.models[0].fps * both.models[1].fps) ** 0.5
    for graph in (resnet50(), vgg16()):
        other = evaluate(choose("vu9p", [graph]).hw, [resnet50(), vgg16()], "vu9p")
        assert mean >= 0.985 * (other.models[0].fps * other.models[1].fps) ** 0.5
    assert choose("vu9p", [vgg16(), resnet50()]).hw == both.hw


@pytest.mark.full
def test_target_gives_the_smallest_that_reaches_it() -> None:
    best = choose("vu9p", [resnet50()])
    taken = [choose("vu9p", [resnet50()], target_fps=target) for target in (20.0, 100.0, 300.0)]
    sizes = []
    for sizing, target in zip(taken, (20.0, 100.0, 300.0), strict=True):
        assert sizing.models[0].fps >= target and sizing.fits
        sizes.append(sum((region.used for region in sizing.regions), Resources()).dsp)
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1]
    assert sizes[-1] < sum((region.used for region in best.regions), Resources()).dsp
    with pytest.raises(CapacityError) as raised:
        choose("vu9p", [resnet50()], target_fps=1e5)
    assert "target" in str(raised.value)


def test_latency_is_never_longer_than_the_throughput_engines() -> None:
    fast = choose("vu9p", [resnet50()], goal=Goal.LATENCY)
    assert fast.models[0].milliseconds < choose("vu9p", [resnet50()]).models[0].milliseconds


@pytest.mark.full
def test_a_larger_region_is_never_slower() -> None:
    assert choose("u250", [resnet50()]).models[0].fps > choose("vu9p", [resnet50()]).models[0].fps
    assert choose("vu9p", [resnet50()]).models[0].fps > choose("u200", [resnet50()]).models[0].fps
    slow, quick = (choose("vu9p", [resnet50()], clock_mhz=clock) for clock in (150.0, 300.0))
    assert slow.hw.clock_mhz == 150.0 and slow.models[0].fps < quick.models[0].fps


def test_given_engine_is_judged() -> None:
    good = choose("vu9p", [small()])
    same = evaluate(good.hw, [small()], "vu9p")
    assert same.fits and same.models == good.models and same.regions == good.regions
    assert not evaluate(choose("vu9p", [resnet50()]).hw, [small()], "ultra96").fits


def test_refusals() -> None:
    with pytest.raises(UsageError, match="known device"):
        choose("nothing-like-it", [small()])
    with pytest.raises(UsageError, match="target-fps"):
        choose("vu9p", [small()], goal=Goal.AREA)
    with pytest.raises(UsageError, match="no model"):
        choose("vu9p", [])
    with pytest.raises(UsageError, match="clock"):
        choose("vu9p", [small()], clock_mhz=0.0)
    assert lookup("ulx3s").memory.bytes_each < 8192 * 8192
    with pytest.raises(CapacityError, match="too large for the device's memory"):
        choose("ulx3s", [_large()])
