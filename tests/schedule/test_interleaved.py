"""A pooling runs between the tiles of the convolution it reads, on the chip; still equal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flow.schedule.lower import lower
from flow.schedule.residency import interleaved, plan_residency
from tests.engines import ENGINES

from .random_graphs import random_graph
from .test_random_graphs import compare


@pytest.mark.parametrize("engine", ["1x4x4", "1x16x8", "2x16x4"])
def test_networks_with_a_pooling_beside_a_convolution(engine: str) -> None:
    hw = replace(ENGINES[engine], inp_depth=4 * ENGINES[engine].inp_depth)
    found = 0
    for seed in range(2000, 2060):
        graph, _ = random_graph(seed, 6)
        lowered = lower(graph, hw, False)
        resident = plan_residency(lowered.layers, graph.outputs, hw).tensors
        if interleaved(lowered.layers, resident):
            compare(seed, hw, False)
            found += 1
    assert found >= 3
