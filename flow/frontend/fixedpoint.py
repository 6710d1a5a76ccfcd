"""The constants that TensorFlow Lite's kernels derive from scales when they prepare, computed as they do."""

from __future__ import annotations

import math

import numpy as np

from flow.graph.ir import Int32


def quantise_multiplier(real: float) -> tuple[int, int]:
    """(multiplier, shift) with real ~ multiplier * 2**(shift - 31); a shift below -31 becomes the multiplier 0.

    Raises OverflowError for a shift beyond 31.
    """
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = _round_half_away(fraction * (1 << 31))
    if multiplier == 1 << 31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    if shift > 31:
        raise OverflowError(f"a factor of {real:g} between scales")
    return multiplier, shift


def quantise_multipliers(reals: list[float]) -> tuple[Int32, Int32]:
    """As ``quantise_multiplier`` for each value: (multipliers, shifts), int32 arrays of the list's length."""
    pairs = [quantise_multiplier(real) for real in reals]
    return (
        np.array([pair[0] for pair in pairs], dtype=np.int32),
        np.array([pair[1] for pair in pairs], dtype=np.int32),
    )


def activation_range(activation: str, scale: float, zero_point: int) -> tuple[int, int]:
    """The int8 range to which a fused NONE, RELU, RELU6 or RELU_N1_TO_1 clamps.

    Raises KeyError on another, OverflowError where 6 or 1 is more than 2^31 steps of ``scale``.
    """
    low, high = {"NONE": (None, None), "RELU": (0.0, None), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0)}[
        activation
    ]

    def quantise(real: float) -> int:
        with np.errstate(over="ignore"):
            quotient = float(np.float32(real) / np.float32(scale))
        if not abs(quotient) < 1 << 31:
            raise OverflowError(f"{real} in steps of {scale} passes 32 bits")
        return zero_point + _round_half_away(quotient)

    return (-128 if low is None else max(-128, quantise(low)), 127 if high is None else min(127, quantise(high)))


def reduced_multiplier(real: float, count: int) -> tuple[int, int]:
    """(multiplier, shift) of a mean over ``count`` values: the count is divided out of the quantised multiplier."""
    multiplier, shift = quantise_multiplier(real)
    spare = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << spare) // count, shift - spare


def multiply_by_quantised_multiplier(values: np.ndarray, multiplier: Int32 | int, shift: Int32 | int) -> np.ndarray:
    """int64 result of TensorFlow Lite's double rounding for int32 ``values``; multiplier and shift broadcast."""
    wide = np.asarray(values, dtype=np.int64)
    exponent = np.asarray(shift, dtype=np.int64)
    shifted = (wide << np.maximum(exponent, 0)).astype(np.int32).astype(np.int64)
    product = shifted * np.asarray(multiplier, dtype=np.int64)
    nudge = np.where(product >= 0, np.int64(1 << 30), np.int64(1 - (1 << 30)))
    total = product + nudge
    high = np.where(total >= 0, total >> 31, -((-total) >> 31))
    right = np.maximum(-exponent, 0)
    mask = (np.int64(1) << right) - 1
    threshold = (mask >> 1) + (high < 0)
    return (high >> right) + ((high & mask) > threshold)


def _round_half_away(value: float) -> int:
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)
