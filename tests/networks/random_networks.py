"""Random int8 networks as flatbuffers: every operation, odd sizes, fan-out, several inputs and outputs."""

from __future__ import annotations

import numpy as np

from flow.frontend.importer import graph_of
from flow.graph.ir import Graph, Int8
from models.builder import Builder

ACTIVATIONS = ("NONE", "NONE", "RELU", "RELU6", "RELU_N1_TO_1")
UNARY = ("LOGISTIC", "TANH", "HARD_SWISH", "RELU", "RELU6", "ABS")
LARGEST_MAP, LARGEST_CHANNELS = 10, 20


class RandomNetwork:
    """Grows a flatbuffer operation by operation from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.net = Builder()
        self.made: list[int] = []
        self.used: set[int] = set()
        self.count = 0

    def between(self, low: int, high: int) -> int:
        return int(self.random.integers(low, max(low, high) + 1))

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def scale(self) -> float:
        return float(np.float32(2.0 ** self.random.uniform(-6, -3)))

    def zero(self) -> int:
        return int(self.random.choice([-128, 0, 127, self.between(-128, 127)]))

    def activation(self) -> str:
        return ACTIVATIONS[self.between(0, len(ACTIVATIONS) - 1)]

    def pick(self, rank: int = 4) -> int | None:
        """A tensor, later ones more often."""
        candidates = [index for index in self.made if len(self.net.shape(index)) == rank]
        if not candidates:
            return None
        weights = np.arange(1, len(candidates) + 1, dtype=float) ** 2
        return candidates[int(self.random.choice(len(candidates), p=weights / weights.sum()))]

    def keep(self, result: int, *sources: int) -> None:
        self.used.update(sources)
        self.made.append(result)

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    # operations -------------------------------------------------------------------------------------------------

    def convolution(self) -> None:
        source = self.pick()
        if source is None:
            return
        _, height, width, channels = self.net.shape(source)
        depthwise = self.chance(0.3)
        outputs = channels * self.between(1, 2) if depthwise else self.between(1, LARGEST_CHANNELS)
        kernel = [1, 1] if self.chance(0.3) else [self.between(1, 5), self.between(1, 5)]
        stride = (self.between(1, 3), self.between(1, 3)) if self.chance(0.5) else (1, 1)
        dilation = (self.between(1, 2), self.between(1, 2)) if stride == (1, 1) and self.chance(0.3) else (1, 1)
        padding = "SAME" if self.chance(0.6) else "VALID"
        if padding == "VALID":
            kernel = [min(k, (size - 1) // d + 1)
                      for k, size, d in zip(kernel, (height, width), dilation, strict=True)]
        shape = (1, *kernel, outputs) if depthwise else (outputs, *kernel, channels)
        weights = self.random.integers(-127, 128, shape).astype(np.int8)
        scales = [float(np.float32(2.0 ** self.random.uniform(-10, -7))) for _ in range(outputs)]
        bias = self.random.integers(-3000, 3001, outputs)
        taps = kernel[0] * kernel[1] * (1 if depthwise else channels)
        result = self.net.scale(source)[0] * scales[0] * np.sqrt(taps) * 100 * 2.0 ** self.random.uniform(-1, 1)
        self.keep(self.net.conv(source, self.name("conv"), weights, scales, bias, float(np.float32(result)),
                                self.zero(), stride, dilation, padding, self.activation(), depthwise), source)

    def dense(self) -> None:
        source = self.pick(2) if self.chance(0.5) else self.pick(4)
        if source is None or np.prod(self.net.shape(source)) > 500:
            return
        if len(self.net.shape(source)) == 4:
            flat = self.net.reshape(source, self.name("flatten"), (1, int(np.prod(self.net.shape(source)))))
            self.keep(flat, source)
            source = flat
        inputs, outputs = self.net.shape(source)[1], self.between(1, LARGEST_CHANNELS)
        weights = self.random.integers(-127, 128, (outputs, inputs)).astype(np.int8)
        scales = [float(np.float32(2.0 ** self.random.uniform(-10, -7)))]
        bias = self.random.integers(-3000, 3001, outputs)
        result = self.net.scale(source)[0] * scales[0] * np.sqrt(inputs) * 100
        self.keep(self.net.dense(source, self.name("dense"), weights, scales, bias, float(np.float32(result)),
                                 self.zero(), self.activation()), source)

    def binary(self) -> None:
        first = self.pick(4)
        if first is None:
            return
        shape = self.net.shape(first)
        if self.chance(0.3):
            shape = (1, 1, 1, shape[3])
        matching = [index for index in self.made if self.net.shape(index) == shape]
        if not matching:
            return
        second = matching[self.between(0, len(matching) - 1)]
        kind = "MUL" if self.chance(0.3) else "ADD"
        scale = self.net.scale(first)[0] + self.net.scale(second)[0]
        if kind == "MUL":
            scale = self.net.scale(first)[0] * self.net.scale(second)[0] * 64
        self.keep(self.net.binary(kind, first, second, self.name("binary"), float(np.float32(scale)), self.zero(),
                                  self.activation()), first, second)

    def constants(self) -> None:
        """A sum, difference or product with a constant of each channel, or one for all."""
        source = self.pick(4)
        if source is None:
            return
        kind = ("ADD", "SUB", "MUL")[self.between(0, 2)]
        count = self.net.shape(source)[3] if self.chance(0.7) else 1
        own = self.net.scale(source)[0]
        near = float(np.float32(own * 2.0 ** self.random.uniform(-2, 2)))
        values = self.random.integers(-127, 128, count).astype(np.int8)
        constant = self.net.constant(self.name("constant"), values, [near], [self.zero()])
        operands = [source, constant] if self.chance(0.5) else [constant, source]
        scale = own * near * 64 if kind == "MUL" else own + near
        self.keep(self.net.binary(kind, *operands, self.name("constants"), float(np.float32(scale)), self.zero(),
                                  self.activation()), source)

    def pool(self) -> None:
        source = self.pick()
        if source is None:
            return
        padding = "SAME" if self.chance(0.5) else "VALID"
        kernel = [self.between(1, 5), self.between(1, 5)]
        if padding == "VALID":
            kernel = [min(k, size) for k, size in zip(kernel, self.net.shape(source)[1:3], strict=True)]
        stride = (self.between(1, 4), self.between(1, 4))
        kind = "MAX_POOL_2D" if self.chance(0.5) else "AVERAGE_POOL_2D"
        self.keep(self.net.pool(kind, source, self.name("pool"), (kernel[0], kernel[1]), stride, padding,
                                self.activation()), source)

    def mean(self) -> None:
        source = self.pick()
        if source is not None:
            self.keep(self.net.mean(source, self.name("mean"), self.net.scale(source)[0] / 2, self.zero(),
                                    keep=self.chance(0.5)), source)

    def pad(self) -> None:
        source = self.pick()
        if source is None or max(self.net.shape(source)[1:3]) > LARGEST_MAP + 4:
            return
        self.keep(self.net.pad(source, self.name("pad"), *(self.between(0, 3) for _ in range(4))), source)

    def unary(self) -> None:
        source = self.pick(4 if self.chance(0.8) else 2)
        if source is None:
            return
        kind = UNARY[self.between(0, len(UNARY) - 1)]
        scale, zero = self.scale(), self.zero()
        if kind == "LOGISTIC":
            scale, zero = 1 / 256, -128
        if kind == "TANH":
            scale, zero = 1 / 128, 0
        if kind == "ABS":
            scale, zero = self.net.scale(source)
        self.keep(self.net.unary(kind, source, self.name(kind.lower()), scale, zero), source)

    def leaky_relu(self) -> None:
        source = self.pick()
        if source is not None:
            self.keep(self.net.leaky_relu(source, self.name("leaky"), 0.125, self.scale(), self.zero()), source)

    def concatenate(self) -> None:
        first = self.pick()
        if first is None:
            return
        same = [index for index in self.made if self.net.shape(index)[:3] == self.net.shape(first)[:3]
                and len(self.net.shape(index)) == 4 and self.net.scale(index) == self.net.scale(first)]
        parts = [first] + [same[self.between(0, len(same) - 1)] for _ in range(self.between(1, 2))]
        if sum(self.net.shape(part)[3] for part in parts) <= 3 * LARGEST_CHANNELS:
            self.keep(self.net.concatenate(parts, self.name("concat")), *parts)

    def grow(self, operations: int) -> bytes:
        """The flatbuffer of a network of about ``operations`` operations; its outputs are what nothing reads."""
        for number in range(1 if self.chance(0.7) else 2):
            channels = self.between(1, LARGEST_CHANNELS if self.chance(0.5) else 4)
            shape = (1, self.between(1, LARGEST_MAP), self.between(1, LARGEST_MAP), channels)
            self.made.append(self.net.input(f"input{number}", shape, self.scale(), self.zero()))
        inputs = set(self.made)
        makers = [self.convolution] * 4 + [self.dense, self.binary, self.binary, self.pool, self.pool, self.mean,
                                           self.pad, self.unary, self.leaky_relu, self.concatenate, self.constants]
        while self.count < operations or not inputs <= self.used:
            if self.count >= operations:  # an input that nothing reads yet
                loose = min(inputs - self.used)
                self.keep(self.net.pool("MAX_POOL_2D", loose, self.name("pool"), (1, 1), (1, 1), "SAME"), loose)
                continue
            makers[self.between(0, len(makers) - 1)]()
        outputs = [index for index in self.made if index not in self.used]
        spare = [index for index in self.made if index in self.used and index not in inputs
                 and len(self.net.shape(index)) == 4]
        if spare and self.chance(0.3):
            outputs.append(spare[self.between(0, len(spare) - 1)])
        return self.net.build(outputs)

    def images(self, graph: Graph, count: int) -> list[dict[str, Int8]]:
        return [{name: self.random.integers(-128, 128, graph.tensors[name].shape).astype(np.int8)
                 for name in graph.inputs} for _ in range(count)]


def random_network(seed: int, operations: int, images: int) -> tuple[bytes, Graph, list[dict[str, Int8]]]:
    """(flatbuffer, integer graph, inputs) of one random network."""
    maker = RandomNetwork(seed)
    flatbuffer = maker.grow(operations)
    graph = graph_of(flatbuffer, f"random{seed}", f"seed {seed}")
    return flatbuffer, graph, maker.images(graph, images)
