"""Whole networks at 224 x 224 through the RTL: bit-exact, and as fast as they must be."""

from __future__ import annotations

from functools import cache

import pytest

from flow import size
from flow.frontend import Imported, import_model
from flow.schedule import compile_graph
from flow.simulate.driver import MemoryModel
from flow.verify.run import verify
from flow.verify.verdict import Verdict
from models import zoo
from tests.bench.engines import measure, slow

pytestmark = pytest.mark.nightly

#: seconds of CPU, all processes together, for the simulation of ResNet-50's batch of six
SIMULATED = 240


@cache
def imported(name: str) -> Imported:
    return import_model(zoo.make(name), None, 0, name)


@cache
def in_rtl(name: str, goal: size.Goal) -> Verdict:
    """A full batch on one core of the engine sized for ResNet-50."""
    hw = size.choose("vu9p", [imported("resnet50").graph], goal=goal).hw
    model = imported(name)
    verdict = verify(model.graph, model.flatbuffer, compile_graph(model.graph, hw), "rtl")[0].verdict
    assert verdict.bit_exact
    return verdict


@pytest.mark.parametrize(("name", "least"), [("resnet50", 0.90), ("vgg16", 0.88)])
def test_utilisation(name: str, least: float) -> None:
    found = in_rtl(name, size.Goal.THROUGHPUT).utilisation
    assert found is not None and found >= least


def test_one_image_on_the_engine_for_latency() -> None:
    """An image alone takes the time of a batch on the engine for throughput."""
    alone, batch = (in_rtl("resnet50", goal).cycles for goal in (size.Goal.LATENCY, size.Goal.THROUGHPUT))
    assert alone is not None and batch is not None and 2 * alone <= batch


@pytest.mark.parametrize(("bandwidth", "latency"), [(25.6, 100), (51.2, 300)])
def test_no_layer_is_far_above_its_bound(bandwidth: float, latency: int) -> None:
    model = imported("resnet50")
    hw = size.choose("vu9p", [model.graph]).hw
    found = measure(model, hw, MemoryModel(latency=latency, bandwidth=bandwidth, stall_permille=10))
    assert found.images == 6 and len(found.layers) > 50
    assert not slow(found.groups) and not slow(found.layers)
    assert found.processor_seconds <= SIMULATED
