"""The requantiser, on int64 arrays that hold int32 values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flow.isa.description import Rounding

Int64 = npt.NDArray[np.int64]


def wrap32(x: Int64) -> Int64:
    """Modulo 2**32 into -2**31..2**31-1."""
    return ((x + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)


def rounding_shift(x: Int64, shift: Int64 | int, rounding: Rounding) -> Int64:
    """x / 2**shift rounded; shift 0 to 31."""
    shift = np.asarray(shift, dtype=np.int64)
    floor = x >> shift
    rest = x - (floor << shift)
    half = (np.int64(1) << shift) >> 1
    match rounding:
        case Rounding.FLOOR:
            up = np.zeros_like(x, dtype=bool)
        case Rounding.HALF_UP:
            up = rest >= half
        case Rounding.HALF_AWAY:
            up = (rest > half) | ((rest == half) & (x >= 0))
        case Rounding.HALF_EVEN:
            up = (rest > half) | ((rest == half) & (floor & 1 == 1))
    return floor + (up & (shift > 0))


def requantise(x: Int64, multiplier: Int64 | int, left: Int64 | int, right: Int64 | int, rounding: Rounding) -> Int64:
    """Left shift modulo 2**32, rounding doubling high multiply (multiplier >= 0), rounding right shift.

    HALF_UP with a right shift rounds only once: the high multiply then takes the floor.
    """
    shifted = wrap32(x << np.asarray(left, dtype=np.int64))
    once = (np.asarray(right, dtype=np.int64) > 0) & (rounding == Rounding.HALF_UP)
    high = (shifted * np.asarray(multiplier, dtype=np.int64) + np.where(once, 0, 1 << 30)) >> 31
    return rounding_shift(high, right, rounding)
