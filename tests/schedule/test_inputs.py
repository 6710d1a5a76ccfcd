"""The host's inputs come in the model's order, however the layers use them: files are given by position."""

from __future__ import annotations

import numpy as np

from flow.emit import model
from flow.graph.ir import Graph, Tensor, Unary
from flow.schedule import compile_graph
from tests.engines import ENGINES


def test_order_of_the_model() -> None:
    tensors = {name: Tensor(name, 3, 5, 6, 0.5, 3) for name in ("a", "b", "x", "y")}
    table = np.arange(-128, 128).astype(np.int8)[::-1].copy()
    nodes = (Unary("second", ("b",), ("y",), "negate", table), Unary("first", ("a",), ("x",), "negate", table))
    program = compile_graph(Graph("two", tensors, nodes, ("a", "b"), ("x", "y")), ENGINES["2x8x8"])
    assert [view.name for view in model.inputs(program)] == ["a", "b"]
