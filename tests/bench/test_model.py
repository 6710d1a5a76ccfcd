"""The program's cycle model against the RTL: 3 % of a network, 10 % of every layer that takes over 1 % of it."""

from __future__ import annotations

import pytest

from flow.errors import CapacityError
from flow.frontend import import_model
from flow.graph.ir import Graph
from models import zoo
from tests.bench.model import COMPARED, NETWORKS, compare
from tests.size.graphs import small


def _held(graph: Graph, engine: str, per_layer: float) -> None:
    found = compare(graph, engine)
    assert abs(found.difference) <= 0.03, found
    worst = found.worst
    assert abs(worst.model / worst.rtl - 1) <= per_layer, found


@pytest.mark.full
@pytest.mark.parametrize("engine", ["1x4x4", "2x8x8", "1x16x8", "3x8x8"])
def test_small_network(engine: str) -> None:
    _held(small(24), engine, 0.1)


@pytest.mark.nightly
@pytest.mark.parametrize("engine", COMPARED)
@pytest.mark.parametrize("network", NETWORKS)
def test_zoo(network: str, engine: str) -> None:
    try:
        _held(import_model(zoo.make(network), None, 0, network).graph, engine, 0.1)
    except CapacityError:
        pytest.skip(f"{network} does not fit {engine}")
