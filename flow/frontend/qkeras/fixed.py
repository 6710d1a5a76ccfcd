"""Floats as integers times powers of two, exactly."""

from __future__ import annotations

import numpy as np

from flow.frontend.qkeras.steps import Float64

#: exponent of a value that is zero
NONE = -(1 << 20)


def exponents(values: Float64) -> np.ndarray:
    """For each value the smallest e for which value * 2**e is an integer (NONE for 0)."""
    mantissa, power = np.frexp(np.asarray(values, np.float64))
    whole = (mantissa * 2.0**53).astype(np.int64)
    zeros = np.log2((whole & -whole).astype(np.float64), where=whole != 0, out=np.zeros(whole.shape)).astype(np.int64)
    return np.where(whole == 0, NONE, 53 - power - zeros)


def common_exponent(values: Float64, axis: tuple[int, ...] | None = None) -> np.ndarray:
    """The smallest exponent that makes all values along ``axis`` integers; 0 where all are zero."""
    found = exponents(values).max(axis=axis)
    return np.where(found == NONE, 0, found)


def integers(values: Float64, exponent: np.ndarray | int) -> np.ndarray:
    """values * 2**exponent as int64; the exponent must make them integers below 2**62."""
    scaled = np.ldexp(np.asarray(values, np.float64), exponent)
    result = scaled.astype(np.int64)
    if not np.array_equal(result, scaled):
        raise AssertionError("not integers at this exponent")
    return result
