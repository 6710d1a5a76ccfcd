"""A small int8 flatbuffer with float edges, as a user's own converter might leave it."""

from __future__ import annotations

import numpy as np

from models.builder import Builder


def direct() -> bytes:
    """Two convolutions, a residual, a pool, a mean, a dense layer, a softmax; 10 x 14 x 3 float to 9 float."""
    generator = np.random.default_rng(11)

    def weights(*shape: int) -> np.ndarray:
        return generator.integers(-127, 128, shape).astype(np.int8)

    def bias(count: int) -> np.ndarray:
        return generator.integers(-3000, 3001, count).astype(np.int32)

    net = Builder()
    x = net.float_input("image", (1, 10, 14, 3), 1 / 127, -3)
    x = net.conv(
        x, "first", weights(6, 3, 3, 3), generator.uniform(0.001, 0.002, 6), bias(6), 0.012, -128, activation="RELU"
    )
    y = net.conv(x, "second", weights(6, 1, 1, 6), [0.003], bias(6), 0.02, 5)
    x = net.binary("ADD", x, y, "sum", 0.025, -7, "RELU6")
    x = net.pool("AVERAGE_POOL_2D", x, "pool", (3, 3), (2, 2), "SAME")
    x = net.mean(x, "mean", 0.01, -100)
    x = net.dense(x, "dense", weights(9, 6), generator.uniform(0.01, 0.02, 9), bias(9), 0.05, 3)
    return net.build([net.float_output(net.softmax(x, "softmax"), "classes")])
