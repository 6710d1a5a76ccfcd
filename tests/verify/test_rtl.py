"""The RTL is proven with the memory its device has, so that simulated figures are the device's."""

from __future__ import annotations

import pytest

from flow import schedule
from flow.build.progress import Silent
from flow.schedule.timing import estimate
from flow.verify.rtl import RtlEngine
from flow.verify.stimuli import images
from tests.engines import ENGINES
from tests.schedule.random_graphs import random_graph


@pytest.mark.full
def test_memory_is_the_one_it_was_scheduled_for() -> None:
    graph, _ = random_graph(1)
    hw = ENGINES["2x8x8"]
    cycles = []
    for bytes_per_cycle in (8.0, 1.0):
        program = schedule.compile(graph, hw, bytes_per_cycle=bytes_per_cycle)
        engine = RtlEngine(program, 0, Silent())
        found = engine.run(images(graph, hw.pix, 0)).cycles
        assert found is not None and abs(estimate(program).cycles / found - 1) < 0.1
        cycles.append(found)
    assert cycles[1] > 2 * cycles[0]
