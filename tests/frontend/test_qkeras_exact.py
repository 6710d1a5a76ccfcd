"""Requantisation of QKeras's functions: pinned cases, refusals, random accumulators."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from flow.frontend.qkeras.exact import Accumulator, Exact, Inexact, engine, fit, fit_average, window_of
from flow.frontend.qkeras.fixed import common_exponent, exponents, integers
from flow.frontend.qkeras.steps import Float64, Grid
from flow.graph.evaluate import requantise
from flow.graph.ir import Rounding


def bits(width: int, fraction: int) -> Callable[[Float64], Float64]:
    """quantized_bits: halves to even, clipped."""
    top = 2.0 ** (width - 1)
    return lambda x: np.clip(np.rint(x * 2.0**fraction), -top, top - 1) / 2.0**fraction


def sums(exponent: int, low: int, high: int, fraction: float = 0.0) -> Accumulator:
    one = np.ones(1, np.int64)
    return Accumulator(exponent * one, np.full(1, fraction), low * one, high * one)


def everything(found: Exact, low: int, high: int) -> np.ndarray:
    return engine(found, np.arange(low, high + 1)[:, None])[:, 0]


def test_half_to_even_is_pinned() -> None:
    found = fit(sums(2, -40, 40), bits(8, 0), Grid(0))
    values = dict(zip(range(-40, 41), everything(found, -40, 40).tolist(), strict=True))
    assert [values[n] for n in (-10, -6, -2, 2, 6, 10, 14)] == [-2, -2, 0, 0, 2, 2, 4]  # -2.5, -1.5, -0.5, 0.5, ...
    assert found.parts[0].rounding is Rounding.HALF_EVEN


def test_negative_average_is_pinned() -> None:
    def value(total: np.ndarray) -> np.ndarray:
        return total / 6

    by = fit_average(-48, 42, 1 / 6, value, bits(4, 0), Grid(0), (-8, 7, 0))
    means = requantise(np.array([[-9], [-15], [-21], [-10], [9], [15]]), by)[:, 0].tolist()
    assert means == [-2, -2, -4, -2, 2, 2]  # -1.5, -2.5, -3.5, -1.67, 1.5, 2.5


@pytest.mark.parametrize("seed", range(20))
def test_random_accumulators(seed: int) -> None:
    print(f"seed {seed}")
    random = np.random.default_rng(seed)
    exponent, fraction = int(random.integers(-1, 10)), int(random.integers(0, 6))
    rest = float(random.choice([0.0, 0.5, 0.125, 0.6]))
    width = int(random.integers(2, 9))
    low, high = -int(random.integers(1, 3000)), int(random.integers(1, 3000))
    found = fit(sums(exponent, low, high, rest), bits(width, fraction), Grid(fraction))
    exact = bits(width, fraction)((np.arange(low, high + 1) + rest) * 2.0**-exponent) * 2.0**fraction
    assert np.array_equal(everything(found, low, high), exact)


def test_leaky_halves() -> None:
    def leaky(x: Float64) -> Float64:
        return np.clip(np.rint(x * 4), 0, 7) / 4 + np.clip(np.rint(x * 4 / 8), -1, 0) / 4

    found = fit(sums(6, -900, 900), leaky, Grid(2, 0.125))
    assert len(found.parts) == 2
    assert np.array_equal(everything(found, -900, 900), leaky(np.arange(-900, 901) / 64) * 4)


@pytest.mark.parametrize("threshold", [0.33, 0.5, 1.7])
def test_levels(threshold: float) -> None:
    def ternary(x: Float64) -> Float64:
        return np.where(np.abs(x) >= np.float32(threshold), np.sign(x), 0.0)

    found = fit(sums(7, -900, 900), ternary, Grid(0))
    assert np.array_equal(everything(found, -900, 900), ternary(np.arange(-900, 901) / 128))


def test_a_curve_is_refused() -> None:
    with pytest.raises(Inexact, match="equal width"):
        fit(sums(8, -1000, 1000), lambda x: np.rint(np.tanh(x) * 64) / 64, Grid(6))


def test_more_than_eight_bits_are_refused() -> None:
    assert (window_of(-128, 127), window_of(0, 255)) == (0, -128)
    with pytest.raises(Inexact, match="needs 9 bits"):
        window_of(-1, 255)


def test_exponents() -> None:
    values = np.array([0.0, 1.0, 0.75, -12.0, 2.0**-30])
    assert exponents(values)[1:].tolist() == [0, 2, -2, 30]
    assert common_exponent(values) == 30
    assert integers(values[:4], 2).tolist() == [0, 4, 3, -48]
