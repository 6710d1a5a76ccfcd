"""Random operations as flatbuffers, and the comparison of their integer graph with the reference kernels."""

from __future__ import annotations

import numpy as np

from flow import oracle
from flow.frontend.importer import graph_of
from flow.graph.evaluate import evaluate
from models.builder import Builder

Random = np.random.Generator


def check(net: Builder, outputs: list[int], seed: int, images: int = 2) -> None:
    flatbuffer = net.build(outputs)
    graph = graph_of(flatbuffer, "test", f"seed {seed}")
    random = np.random.default_rng(seed)
    inputs = [
        {name: random.integers(-128, 128, graph.tensors[name].shape).astype(np.int8) for name in graph.inputs}
        for _ in range(images)
    ]
    for image, expected in zip(inputs, oracle.run(flatbuffer, inputs), strict=True):
        got = evaluate(graph, image)
        assert set(got) - set(graph.inside) == set(expected)
        for node in graph.nodes:
            name = node.outputs[0]
            if name in graph.inside:
                continue
            different = np.argwhere(got[name] != expected[name])
            assert not len(different), (
                f"seed {seed}: {type(node).__name__} {node}: {len(different)} of {got[name].size} differ, "
                f"first at {different[0]}: {got[name][tuple(different[0])]} for "
                f"{expected[name][tuple(different[0])]}"
            )


def scale(random: Random, low: float = -9, high: float = -2) -> float:
    """A float32 with all bits of its fraction in use."""
    return float(np.float32(2.0 ** random.uniform(low, high)))


def zero(random: Random) -> int:
    return int(random.choice([-128, 127, 0, random.integers(-128, 128)]))


def source(net: Builder, random: Random, name: str, channels: int | None = None, size: int = 11) -> int:
    height, width = random.integers(1, size + 1, 2)
    shape = (1, int(height), int(width), channels or int(random.integers(1, 10)))
    return net.input(f"{name}/in", shape, scale(random), zero(random))


def int8(random: Random, *shape: int) -> np.ndarray:
    return random.integers(-127, 128, shape).astype(np.int8)
