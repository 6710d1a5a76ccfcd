"""Multipliers for functions of any slope: every sum, against the function itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from flow.frontend.qkeras import lines
from flow.frontend.qkeras.exact import Accumulator, Inexact, engine, fit
from flow.frontend.qkeras.steps import Float64, Grid


def accumulator(low: np.ndarray, high: np.ndarray) -> Accumulator:
    zeros = np.zeros(len(low), np.int64)
    return Accumulator(zeros, zeros.astype(np.float64), low, high)


def normalised(scale: np.ndarray, offset: np.ndarray, slope: float) -> Callable[[Float64], Float64]:
    """Batch normalisation in float32, then halves to even, 6 bits; negative values times ``slope``."""

    def apply(values: Float64) -> Float64:
        x = values.astype(np.float32) * scale.astype(np.float32) + offset.astype(np.float32)
        upper = np.clip(np.rint(x), 0, 31)
        lower = np.clip(np.rint(x * np.float32(slope)), -32, 0)
        return (upper + lower).astype(np.float64)

    return apply


@pytest.mark.parametrize("slope", [1.0, 0.25])
@pytest.mark.parametrize("seed", range(6))
def test_any_scale_and_offset(seed: int, slope: float) -> None:
    print(f"seed {seed}")
    random = np.random.default_rng(seed)
    channels = 5
    low = -random.integers(1, 20_000, channels)
    high = random.integers(1, 20_000, channels)
    scale = 2.0 ** random.uniform(-14, 0, channels)
    scale[0] = 0.0  # a dead channel
    apply = normalised(scale, random.normal(0, 10, channels), slope)
    found = fit(accumulator(low, high), apply, Grid(0, slope))
    for channel in range(channels):
        sums = np.arange(low[channel], high[channel] + 1)[:, None] * np.ones(channels, np.int64)
        assert np.array_equal(engine(found, sums)[:, channel], apply(sums.astype(np.float64))[:, channel])


def test_an_offset_between_the_sums() -> None:
    """Two slopes meet where no sum lies: the addend is finer than a sum."""
    apply = normalised(np.array([0.3]), np.array([0.137]), 0.5)
    found = fit(accumulator(np.array([-200]), np.array([200])), apply, Grid(0, 0.5))
    sums = np.arange(-200, 201)[:, None]
    assert found.scale > 0 and np.array_equal(engine(found, sums), apply(sums.astype(np.float64)))


def test_thresholds() -> None:
    bottom, top = np.array([-50, 0]), np.array([50, 3])

    def result(sums: np.ndarray) -> np.ndarray:
        return sums // 10

    found = lines.thresholds(np.array([[-5], [0], [1], [9]]), bottom, top, result)
    assert found.tolist() == [[-50, 0], [0, 0], [10, 4], [51, 4]]


def test_no_line_is_refused() -> None:
    bottom, top = np.array([-100]), np.array([100])
    with pytest.raises(lines.NoLine, match="equal width"):
        lines.line((lines.Part(0, 3),), bottom, top, lambda sums: np.searchsorted([1, 2, 90], sums, "right"))


def test_sums_too_large_for_their_steps_are_refused() -> None:
    bottom, top = np.array([-(1 << 29)]), np.array([(1 << 29)])
    with pytest.raises(Inexact):
        fit(accumulator(bottom, top), normalised(np.array([1.7e-8]), np.array([0.3]), 0.25), Grid(0, 0.25))
