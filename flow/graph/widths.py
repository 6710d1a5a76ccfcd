"""How many bits the weights of a network need."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from flow.graph.ir import Conv2D, Dense, DepthwiseConv2D, Graph

#: widths of weights an engine can have
WIDTHS = (2, 4, 8)


def width_of(weights: np.ndarray) -> int:
    """Narrowest of ``WIDTHS`` that holds these signed integers, the widest if none does."""
    low, high = int(weights.min()), int(weights.max())
    fits = (bits for bits in WIDTHS if low >= -1 << (bits - 1) and high < 1 << (bits - 1))
    return next(fits, WIDTHS[-1])


def weight_bits(graphs: Iterable[Graph]) -> int:
    """Narrowest weights of one engine that runs all these networks."""
    nodes = (node for graph in graphs for node in graph.nodes)
    widths = [width_of(node.weights) for node in nodes if isinstance(node, Conv2D | DepthwiseConv2D | Dense)]
    return max(widths, default=WIDTHS[0])
