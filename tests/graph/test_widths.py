"""The narrowest weights that hold all models."""

from __future__ import annotations

import numpy as np
import pytest

from flow.graph import ir
from flow.graph.widths import weight_bits, width_of


def graph(*weights: list[int]) -> ir.Graph:
    by = ir.Requantise(np.full(1, 1 << 30, np.int32), np.zeros(1, np.int32), 0, -128, 127)
    nodes = tuple(
        ir.Dense(f"dense{n}", ("x",), (f"y{n}",), np.array([row], np.int8), np.zeros(1, np.int32), by)
        for n, row in enumerate(weights)
    )
    return ir.Graph("net", {}, nodes, ("x",), ())


@pytest.mark.parametrize(
    ("low", "high", "bits"), [(-1, 1, 2), (-2, 1, 2), (0, 2, 4), (-8, 7, 4), (-9, 0, 8), (0, 8, 8), (-128, 127, 8)]
)
def test_width_of(low: int, high: int, bits: int) -> None:
    assert width_of(np.array([low, high])) == bits


def test_one_engine_for_all_models() -> None:
    ternary, four, mixed = graph([-1, 0, 1]), graph([-8, 7]), graph([-1, 1], [-31, 5])
    assert [weight_bits([ternary]), weight_bits([ternary, four]), weight_bits([four, mixed])] == [2, 4, 8]
