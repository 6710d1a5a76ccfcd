"""The requantiser against exact rational arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from flow.isa.description import Rounding
from flow.reference.requantise import requantise, rounding_shift
from flow.schedule.average import reciprocal


def exact(value: Fraction, rounding: Rounding) -> int:
    floor = value.numerator // value.denominator
    rest = value - floor
    half = Fraction(1, 2)
    match rounding:
        case Rounding.FLOOR:
            return floor
        case Rounding.HALF_UP:
            return floor + (rest >= half)
        case Rounding.HALF_AWAY:
            return floor + (rest > half or (rest == half and value > 0))
        case Rounding.HALF_EVEN:
            return floor + (rest > half or (rest == half and floor % 2 == 1))


@pytest.mark.parametrize("rounding", list(Rounding))
def test_rounding_shift(rounding: Rounding) -> None:
    random = np.random.default_rng(int(rounding))
    values = np.concatenate([np.arange(-40, 41), random.integers(-(1 << 31), 1 << 31, 200)])
    for shift in range(32):
        got = rounding_shift(values.astype(np.int64), shift, rounding)
        assert got.tolist() == [exact(Fraction(int(v), 1 << shift), rounding) for v in values]


def test_high_multiply_rounds_towards_plus_infinity_at_halves() -> None:
    assert requantise(np.array([3, -3], np.int64), 1 << 29, 0, 0, Rounding.FLOOR).tolist() == [1, -1]
    assert requantise(np.array([2, -2], np.int64), 1 << 29, 0, 0, Rounding.FLOOR).tolist() == [1, 0]


def test_identity_multiplier() -> None:
    values = np.array([-(1 << 30) + 1, -7, 0, 5, (1 << 30) - 1], np.int64)
    assert requantise(values, 1 << 30, 1, 0, Rounding.FLOOR).tolist() == values.tolist()


def test_left_shift_wraps() -> None:
    assert requantise(np.array([1 << 30], np.int64), 1 << 30, 2, 0, Rounding.FLOOR).tolist() == [0]


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 7, 9, 12, 16, 25, 36, 49, 64, 81, 121, 169, 196, 1000, 3136])
def test_reciprocal(count: int) -> None:
    multiplier, left, right = reciprocal(count)
    for total in (-128 * count, -count - count // 2, -count // 2, -1, 0, count // 2, count + count // 2, 127 * count):
        magnitude = (2 * abs(total) + count) // (2 * count)
        got = requantise(np.array([total], np.int64), multiplier, left, right, Rounding.HALF_AWAY)
        assert int(got[0]) == (magnitude if total >= 0 else -magnitude)
