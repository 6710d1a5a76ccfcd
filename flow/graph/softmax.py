"""TensorFlow Lite's int8 softmax (reference kernel) in fixed point, to the bit. The firmware computes the same in C.

The kernel aborts where the sum of the exponentials reaches 512, or the input's scale is below 2**-26; here the same
formula goes on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from flow.graph.ir import Int8

_DIFFERENCE_BITS = 5  # integer bits of the scaled difference
_SUM_BITS = 12  # integer bits of the sum of exponentials
_MAX = (1 << 31) - 1

#: exp(-1/4 ... -16) as Q31, by the bit of the difference that stands for it (exponent -> value)
_EXPONENTIALS = (
    (-2, 1672461947),
    (-1, 1302514674),
    (0, 790015084),
    (1, 290630308),
    (2, 39332535),
    (3, 720401),
    (4, 242),
)
_EXP_MINUS_EIGHTH = 1895147668
_THIRD = 715827883


@dataclass(frozen=True)
class SoftmaxConstants:
    """multiplier (Q31) and left shift scale a difference of inputs to Q5.26; differences below ``minimum`` give 0."""

    multiplier: int
    left_shift: int
    minimum: int


def softmax_constants(scale: float, beta: float) -> SoftmaxConstants:
    """For an input of this scale; also for one so small that the reference kernel aborts."""
    real = min(float(np.float32(beta)) * float(np.float32(scale)) * (1 << (31 - _DIFFERENCE_BITS)), float(_MAX))
    fraction, shift = math.frexp(real) if real > 1.0 else (real, 0)
    multiplier = math.floor(fraction * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier, shift = multiplier // 2, shift + 1
    largest = float((1 << _DIFFERENCE_BITS) - 1) * (1 << (31 - _DIFFERENCE_BITS)) / (1 << shift)
    return SoftmaxConstants(multiplier, shift, -math.floor(largest))


def softmax_int8(values: Int8, scale: float, beta: float = 1.0) -> Int8:
    """Softmax over the last axis; the result has scale 1/256 and zero point -128."""
    constants = softmax_constants(scale, beta)
    rows = values.reshape(-1, values.shape[-1]).astype(np.int64)
    difference = rows - rows.max(axis=1, keepdims=True)
    active = difference >= constants.minimum
    safe = np.where(active, difference, 0)
    scaled = _double_high(_wrap(safe << constants.left_shift), np.int64(constants.multiplier))
    exponentials = np.where(active, _exp_on_negative(scaled), 0)
    sums = np.where(active, _round_shift(exponentials, _SUM_BITS), 0).sum(axis=1)
    results = np.empty_like(rows)
    for index, total in enumerate(sums):
        reciprocal, bits_over_unit = _reciprocal(int(total))
        product = _double_high(np.int64(reciprocal), exponentials[index])
        results[index] = np.clip(_round_shift(product, bits_over_unit + 31 - 8) - 128, -128, 127)
    results = np.where(active, results, -128)
    return results.astype(np.int8).reshape(values.shape)


def _wrap(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=np.int64).astype(np.int32).astype(np.int64)


def _double_high(a: np.ndarray | np.int64, b: np.ndarray | np.int64) -> np.ndarray:
    """Saturating rounding doubling high multiply of int32 values."""
    product = np.asarray(a, dtype=np.int64) * b
    total = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    high = np.where(total >= 0, total >> 31, -(-total >> 31))
    return np.minimum(high, _MAX)


def _round_shift(values: np.ndarray, right: int) -> np.ndarray:
    """Rounding right shift, halves away from zero."""
    if right == 0:
        return values
    rest = values & ((1 << right) - 1)
    return (values >> right) + (rest > ((1 << right) - 1 >> 1) + (values < 0))


def _saturating_left(values: np.ndarray | np.int64, left: int) -> np.ndarray:
    return np.clip(np.asarray(values) << left, -(1 << 31), _MAX)


def _exp_on_negative(scaled: np.ndarray) -> np.ndarray:
    """exp of Q5.26 values <= 0, as Q31: a Taylor series on (-1/4, 0], times exp(-2**k) for each bit of the rest."""
    fraction_bits = 31 - _DIFFERENCE_BITS
    quarter = 1 << (fraction_bits - 2)
    reduced = (scaled & (quarter - 1)) - quarter  # in [-1/4, 0)
    result = _exp_small(_saturating_left(reduced, _DIFFERENCE_BITS))
    remainder = reduced - scaled
    for exponent, factor in _EXPONENTIALS:
        if exponent < _DIFFERENCE_BITS:
            hit = (remainder >> (fraction_bits + exponent)) & 1
            result = np.where(hit == 1, _double_high(result, np.int64(factor)), result)
    return np.where(scaled == 0, _MAX, result)


def _exp_small(a: np.ndarray) -> np.ndarray:
    """exp of Q31 values in [-1/4, 0): around -1/8, to the fourth order."""
    x = a + (1 << 28)
    x2 = _double_high(x, x)
    x3 = _double_high(x2, x)
    x4 = _double_high(x2, x2)
    higher = _round_shift(_double_high(_round_shift(x4, 2) + x3, np.int64(_THIRD)) + x2, 1)
    return _wrap(_EXP_MINUS_EIGHTH + _double_high(np.int64(_EXP_MINUS_EIGHTH), x + higher))


def _reciprocal(total: int) -> tuple[int, int]:
    """1 / total as Q31 in [1/2, 1), and how many bits total stands above one; total is Q12.19."""
    leading_zeros = 32 - total.bit_length()
    shifted = ((total << leading_zeros) - (1 << 31)) & 0xFFFFFFFF
    return _one_over_one_plus(shifted), _SUM_BITS - leading_zeros


def _one_over_one_plus(x: int) -> int:
    """1 / (1 + x) for Q31 x in [0, 1): three Newton steps on the half denominator."""
    half = (x + _MAX + 1) >> 1  # rounding half sum of x and one
    value = 1515870810 + int(_double_high(np.int64(half), np.int64(-1010580540)))  # 48/17 - 32/17 * half, Q2.29
    for _ in range(3):
        product = int(_double_high(np.int64(half), np.int64(value)))
        error = (1 << 29) - product
        step = int(_double_high(np.int64(value), np.int64(error)))
        value = value + int(_saturating_left(np.int64(step), 2))
    return int(_saturating_left(np.int64(value), 1))
