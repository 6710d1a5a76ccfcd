"""Seeded images for every network input: uniform noise and smooth pictures in turn, over the whole int8 range."""

from __future__ import annotations

import numpy as np

from flow.graph.ir import Graph, Int8, Tensor


def images(graph: Graph, count: int, seed: int) -> list[dict[str, Int8]]:
    """``count`` images, each with all inputs of the network, (height, width, channels) int8."""
    return [{name: _one(graph.tensors[name], index, np.random.default_rng([seed, index, position]))
             for position, name in enumerate(graph.inputs)} for index in range(count)]


def _one(tensor: Tensor, index: int, random: np.random.Generator) -> Int8:
    if index % 2 or tensor.size == 1:
        return random.integers(-128, 128, tensor.shape, np.int8)
    return _smooth(tensor, random)


def _smooth(tensor: Tensor, random: np.random.Generator) -> Int8:
    """A few waves per channel, stretched to the whole range, with a little noise."""
    y = np.linspace(0, 1, tensor.height)[:, None, None]
    x = np.linspace(0, 1, tensor.width)[None, :, None]
    total = np.zeros(tensor.shape)
    for _ in range(4):
        frequency = random.uniform(-3, 3, (2, tensor.channels))
        phase = random.uniform(0, 2 * np.pi, tensor.channels)
        total += random.uniform(0.2, 1) * np.sin(2 * np.pi * (y * frequency[0] + x * frequency[1]) + phase)
    total += random.normal(0, 0.1, tensor.shape)
    low, high = float(total.min()), float(total.max())
    spread = (total - low) / (high - low or 1.0)
    values: Int8 = np.round(spread * 255 - 128).astype(np.int8)
    return values
