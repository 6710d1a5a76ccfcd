"""The program's cycle model against the RTL, a network as a whole and every layer that takes over 1 % of it.

The bounds are a little wider than what was measured (RESULTS.md). Networks of a few thousand cycles are a handful of
latencies: of those only the whole counts.
"""

from __future__ import annotations

import pytest

from flow.errors import CapacityError
from flow.frontend import import_model
from flow.graph.ir import Graph
from models import zoo
from tests.bench.model import COMPARED, NETWORKS, compare
from tests.size.graphs import small

#: cycles below which a network is small
SMALL = 100_000


def _held(graph: Graph, engine: str) -> None:
    found = compare(graph, engine)
    large = found.rtl > SMALL
    assert abs(found.difference) <= (0.035 if large else 0.05), found
    assert not large or abs(found.worst.model / found.worst.rtl - 1) <= 0.12, found


@pytest.mark.full
@pytest.mark.parametrize("engine", ["1x4x4", "2x8x8", "1x16x8", "3x8x8"])
def test_small_network(engine: str) -> None:
    _held(small(24), engine)


@pytest.mark.nightly
@pytest.mark.parametrize("engine", COMPARED)
@pytest.mark.parametrize("network", NETWORKS)
def test_zoo(network: str, engine: str) -> None:
    try:
        _held(import_model(zoo.make(network), None, 0, network).graph, engine)
    except CapacityError:
        pytest.skip(f"{network} does not fit {engine}")
