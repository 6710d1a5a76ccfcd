"""The program's cycle model against the RTL, a network as a whole and every layer that takes over 1 % of it.

Measured: RESULTS.md.
"""

from __future__ import annotations

from functools import cache

import pytest

from flow.errors import CapacityError
from flow.frontend import import_model
from flow.graph.ir import Graph
from models import zoo
from tests.bench.model import COMPARED, NETWORKS, Comparison, compare
from tests.engines import ENGINES
from tests.size.graphs import small

#: differences allowed: of a network as a whole, of a layer
WHOLE, LAYER = 0.03, 0.10


@cache
def _graph(network: str) -> Graph:
    return import_model(zoo.make(network), None, 0, network).graph


def _judge(found: Comparison) -> None:
    assert abs(found.difference) <= WHOLE, found
    assert abs(found.worst.model / found.worst.rtl - 1) <= LAYER, found


@pytest.mark.full
@pytest.mark.parametrize("engine", ENGINES)
def test_small_network(engine: str) -> None:
    _judge(compare(small(24), engine))


@pytest.mark.nightly
@pytest.mark.parametrize("engine", COMPARED)
@pytest.mark.parametrize("network", NETWORKS)
def test_zoo(network: str, engine: str) -> None:
    try:
        found = compare(_graph(network), engine)
    except CapacityError:
        pytest.skip(f"{network} does not fit {engine}")
    _judge(found)


@pytest.mark.nightly
@pytest.mark.parametrize("network", ["resnet50", "vgg16"])
def test_whole_networks(network: str) -> None:
    """At 224 x 224; of these the sizing model, too."""
    found = compare(_graph(network), "6x32x16")
    _judge(found)
    assert abs(found.sizing / found.rtl - 1) <= WHOLE, found
