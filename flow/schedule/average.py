"""Division by a constant in the requantiser, proved over every sum that can occur."""

from __future__ import annotations

from functools import cache

import numpy as np

from flow.errors import Problem, UnsupportedError
from flow.isa.description import Rounding
from flow.reference.requantise import requantise


@cache
def reciprocal(count: int, layer: str = "") -> tuple[int, int, int]:
    """(multiplier, left shift, right shift) that divides every sum of ``count`` int8 values, halves away from zero.

    Raises UnsupportedError if none of the candidates is exact (for windows of many thousands of taps).
    """
    sums = np.arange(-128 * count, 127 * count + 1, dtype=np.int64)
    exact = np.sign(sums) * ((2 * np.abs(sums) + count) // (2 * count))
    for left in (0, 1, 2, 3):
        for right in (0, 1, 2):
            ideal = (1 << (31 + right - left)) / count
            for multiplier in (int(-(-(1 << (31 + right - left)) // count)), int(ideal), int(ideal) + 2):
                if 0 <= multiplier < 1 << 31 and np.array_equal(
                        requantise(sums, multiplier, left, right, Rounding.HALF_AWAY), exact):
                    return multiplier, left, right
    raise UnsupportedError(Problem(f"layer {layer}", f"an average over {count} values has no exact multiplier",
                                   "use global average pooling (a mean) or a smaller window"))
