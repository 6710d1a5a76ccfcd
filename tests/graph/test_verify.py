"""The rules of the integer graph hold for good graphs and catch each kind of damage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from flow.frontend.importer import graph_of
from flow.graph.ir import Conv2D, Graph, Padding, Tensor
from flow.graph.macs import macs
from flow.graph.text import to_text
from flow.graph.verify import GraphError, verify
from models.direct import direct


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of(direct(), "direct", "direct")


def first(graph: Graph, **changes: object) -> Graph:
    return replace(graph, nodes=(replace(graph.nodes[0], **changes), *graph.nodes[1:]))


def conv(graph: Graph) -> Conv2D:
    node = graph.nodes[0]
    assert isinstance(node, Conv2D)
    return node


DAMAGE: dict[str, Callable[[Graph], Graph]] = {
    "order": lambda g: replace(g, nodes=g.nodes[::-1]),
    "twice": lambda g: replace(g, nodes=(*g.nodes, replace(g.nodes[0], name="again"))),
    "name": lambda g: first(g, name=g.nodes[1].name),
    "weights type": lambda g: first(g, weights=conv(g).weights.astype(np.int32)),
    "weights shape": lambda g: first(g, weights=conv(g).weights[:, :2]),
    "bias": lambda g: first(g, bias=conv(g).bias[:-1]),
    "stride": lambda g: first(g, window=replace(conv(g).window, stride=(2, 1))),
    "padding": lambda g: first(g, window=replace(conv(g).window, padding=Padding(1, 2, 1, 1))),
    "clamp": lambda g: first(g, requantise=replace(conv(g).requantise, minimum=5, maximum=4)),
    "zero point": lambda g: first(g, requantise=replace(conv(g).requantise, zero_point=200)),
    "multiplier": lambda g: first(g, requantise=replace(conv(g).requantise, multiplier=-conv(g).requantise.multiplier)),
    "output": lambda g: replace(g, outputs=("nothing",)),
    "unused": lambda g: replace(g, tensors={**g.tensors, "lost": Tensor("lost", 1, 1, 1, 1.0, 0)}),
    "scale": lambda g: replace(g, tensors={**g.tensors, "mean": replace(g.tensors["mean"], scale=0.0)}),
}


def test_good(graph: Graph) -> None:
    verify(graph)


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage(graph: Graph, damage: str) -> None:
    with pytest.raises(GraphError):
        verify(DAMAGE[damage](graph))


def test_text_tells_graphs_apart(graph: Graph) -> None:
    assert to_text(graph) == to_text(graph_of(direct(), "direct", "elsewhere"))
    weights = conv(graph).weights.copy()
    weights[0, 0, 0, 0] ^= 1
    assert to_text(first(graph, weights=weights)) != to_text(graph)
    for node in graph.nodes:
        assert node.name in to_text(graph)


def test_macs(graph: Graph) -> None:
    assert macs(graph.nodes[0], graph) == 10 * 14 * 6 * 3 * 3 * 3
    assert sum(macs(node, graph) for node in graph.nodes) == 10 * 14 * 6 * (27 + 6) + 9 * 6
