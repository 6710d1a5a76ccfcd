"""Tensors of an engine against the oracle's."""

from __future__ import annotations

import numpy as np

from flow.graph.ir import Int8
from flow.verify.verdict import Mismatch

#: mismatches reported per tensor
SHOWN = 4


def mismatches(layer: str, tensor: str, image: int, got: Int8, expected: Int8) -> tuple[int, list[Mismatch]]:
    """Number of differing values and the first of them; (height, width, channels) both. A wrong shape is all wrong."""
    if got.shape != expected.shape:
        return expected.size, [Mismatch(layer, tensor, image, (-1, -1, -1), 0, 0)]
    wrong = np.argwhere(got != expected)
    first = [Mismatch(layer, tensor, image, (int(y), int(x), int(c)), int(got[y, x, c]), int(expected[y, x, c]))
             for y, x, c in wrong[:SHOWN]]
    return len(wrong), first

