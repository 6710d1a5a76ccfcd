"""The constants of layers with weights, where they decide: sums that lie between two int8 values."""

from __future__ import annotations

import numpy as np
import pytest

from models.builder import Builder
from tests.graph.checks import check


@pytest.mark.parametrize(("kind", "has_bias"), [("dense", True), ("dense", False), ("conv", True), ("depthwise", True)])
def test_scales_are_multiplied_in_double_precision(kind: str, has_bias: bool) -> None:
    """Every other sum is half an output's step, but for the rounding of the scales."""
    random = np.random.default_rng(1)
    b = Builder()
    x = b.input("x", (1, 1, 1, 1), 0.37, 3)
    layers = []
    for n in range(48):
        outputs, half = (1, 5)[n % 2], int(random.integers(20, 128))
        scale = round(float(random.uniform(0.001, 0.09)), 3)
        scales, step = [scale] * (1 if n % 4 < 2 else outputs), 0.37 * scale * 2 * half
        values = half * random.choice([-1, 1], (outputs, 1)).astype(np.int8)
        bias = 2 * half * random.integers(-40, 40, outputs) if has_bias else None
        if kind == "dense":
            layers.append(b.dense(x, f"layer{n}", values, scales, bias, step, 0))
        else:
            weights = values.reshape((1, 1, 1, outputs) if kind == "depthwise" else (outputs, 1, 1, 1))
            layers.append(b.conv(x, f"layer{n}", weights, scales, bias, step, 0, depthwise=kind == "depthwise"))
    check(b, layers, 1, images=8)
