"""The host's inputs come in the model's order, however the layers use them: files are given by position."""

from __future__ import annotations

from flow.emit import model
from flow.schedule import compile_graph
from tests.engines import ENGINES
from tests.schedule.random_graphs import random_graph


def test_order_of_the_model() -> None:
    several = 0
    for seed in (287430705, *range(20)):
        graph, _ = random_graph(seed, 5)
        names = [view.name for view in model.inputs(compile_graph(graph, ENGINES["2x8x8"]))]
        assert names == [name for name in graph.inputs if name in names], f"seed {seed}"
        several += len(names) > 1
    assert several
