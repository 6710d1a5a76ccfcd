"""Real values as the int8 values of a tensor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flow.graph.ir import Int8, Tensor


def quantise(values: npt.NDArray[np.generic], tensor: Tensor, half_even: bool = False) -> Int8:
    """float -> int8 as TFLite's QUANTIZE does it: float32 quotient, halves away from zero, clamped. NaN has no meaning.

    half_even: as QKeras rounds.
    """
    with np.errstate(over="ignore"):
        quotient = np.clip(np.asarray(values, np.float32) / np.float32(tensor.scale), -1024, 1024)
    whole = np.trunc(quotient)
    away = whole + np.where(np.abs(quotient - whole) >= 0.5, np.sign(quotient), np.float32(0))
    rounded = np.rint(quotient) if half_even else away
    result: Int8 = np.clip(rounded + tensor.zero_point, -128, 127).astype(np.int8)
    return result
