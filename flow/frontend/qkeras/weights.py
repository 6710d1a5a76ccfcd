"""Integer weights of the engine's convolutions: widths, repeated inputs, sums as convolutions."""

from __future__ import annotations

import numpy as np

from flow.frontend.qkeras import steps
from flow.graph.ir import Window

#: how often an input may be repeated for weights of more than 8 bits
MOST_REPEATS = 4


def repeats(weights: np.ndarray) -> int:
    """How many int8 weights add up to each of these."""
    return max(1, -(-int(weights.max()) // 127), -(int(weights.min()) // 128))


def full(weights: np.ndarray, channels: int) -> np.ndarray:
    """Depthwise weights (KH, KW, I * multiplier) as those of a convolution (KH, KW, I, O)."""
    outputs = weights.shape[2]
    full = np.zeros((*weights.shape[:2], channels, outputs), weights.dtype)
    full[:, :, np.arange(outputs) // (outputs // channels), np.arange(outputs)] = weights
    return full


def depthwise(core: steps.Step, window: Window) -> steps.Linear:
    """Sums over a window, each channel by itself."""
    channels = core.shape[2]
    ones = np.ones((*window.kernel, channels))
    return steps.Linear(core.name, core.layer, core.inputs, core.shape, ones, np.zeros(channels), window, True, "", "")


def fits(weights: np.ndarray, bits: int) -> bool:
    """Whether signed integers fit this many bits."""
    return -1 << (bits - 1) <= int(weights.min()) and int(weights.max()) < 1 << (bits - 1)


def shared_out(weights: np.ndarray, times: int) -> list[np.ndarray]:
    """``times`` arrays of int8 weights that add up to ``weights``."""
    return [weights * (n + 1) // times - weights * n // times for n in range(times)]
