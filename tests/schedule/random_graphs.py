"""Random integer graphs, straight from the types: every operation, odd sizes, fan-out, several inputs and outputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flow.graph import ir
from flow.graph.evaluate import evaluate


class RandomGraph:
    """Grows a graph node by node; keeps the maps small so that engines of any size finish quickly."""

    def __init__(self, seed: int, largest_map: int = 12, largest_channels: int = 24) -> None:
        self.random = np.random.default_rng(seed)
        self.seed = seed
        self.largest_map, self.largest_channels = largest_map, largest_channels
        self.tensors: dict[str, ir.Tensor] = {}
        self.nodes: list[ir.Node] = []
        self.flat: set[str] = set()

    def between(self, low: int, high: int) -> int:
        return int(self.random.integers(low, max(low, high) + 1))

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def tensor(self, height: int, width: int, channels: int, zero_point: int | None = None) -> ir.Tensor:
        zero = self.between(-128, 127) if zero_point is None else zero_point
        made = ir.Tensor(f"t{len(self.tensors)}", height, width, channels, 0.05, zero)
        self.tensors[made.name] = made
        return made

    def pick(self, maps: bool = False) -> ir.Tensor:
        names = [name for name in self.tensors if name not in self.flat]
        if maps:
            names = [n for n in names if self.tensors[n].height * self.tensors[n].width > 1] or names
        weights = np.arange(1, len(names) + 1, dtype=float) ** 2
        return self.tensors[names[int(self.random.choice(len(names), p=weights / weights.sum()))]]

    def requantise(self, channels: int, reach: float, zero: int) -> ir.Requantise:
        """A requantisation that brings sums of about ``reach`` to the int8 range."""
        real = 60.0 / max(reach, 1.0) * self.random.uniform(0.5, 2.0, channels)
        mantissa, exponent = np.frexp(real)
        multiplier = np.round(mantissa * (1 << 31)).astype(np.int64)
        exponent = exponent + (multiplier == 1 << 31)
        multiplier = np.where(multiplier == 1 << 31, 1 << 30, multiplier)
        low, high = (-128, 127) if self.chance(0.6) else sorted((self.between(-128, 0), self.between(1, 127)))
        rounding = ir.Rounding.HALF_AWAY if self.chance(0.7) else list(ir.Rounding)[self.between(0, 3)]
        return ir.Requantise(multiplier.astype(np.int32), np.clip(exponent, -31, 30).astype(np.int32), zero, low, high,
                             rounding)

    def window(self, source: ir.Tensor, pool: bool = False) -> tuple[ir.Window, int, int] | None:
        kernel = (self.between(1, 5), self.between(1, 5))
        if self.chance(0.3):
            kernel = (1, 1)
        stride = (self.between(1, 3), self.between(1, 3)) if self.chance(0.5) else (1, 1)
        dilation = (self.between(1, 2), self.between(1, 2)) if self.chance(0.2) and not pool else (1, 1)
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
        size = (source.height, source.width)
        if self.chance(0.6):  # SAME
            total = [max(0, (-(-s // st) - 1) * st + r - s) for s, st, r in zip(size, stride, reach, strict=True)]
        else:
            total = [max(0, r - s) for s, r in zip(size, reach, strict=True)]
            if pool:
                total = [0, 0]
        padding = ir.Padding(total[0] // 2, total[0] - total[0] // 2, total[1] // 2, total[1] - total[1] // 2)
        out = [(s + t - r) // st + 1 for s, t, r, st in zip(size, total, reach, stride, strict=True)]
        if min(out) < 1:
            return None
        return ir.Window(kernel, stride, dilation, padding), out[0], out[1]

    # operations -------------------------------------------------------------------------------------------------

    def convolution(self) -> None:
        source = self.pick()
        found = self.window(source)
        if found is None:
            return
        window, height, width = found
        depthwise = self.chance(0.25)
        multiplier = self.between(1, 2) if depthwise else 1
        outputs = source.channels * multiplier if depthwise else self.between(1, self.largest_channels)
        shape = ((*window.kernel, outputs) if depthwise else (outputs, *window.kernel, source.channels))
        weights = self.random.integers(-127, 128, shape).astype(np.int8)
        taps = window.kernel[0] * window.kernel[1] * (1 if depthwise else source.channels)
        bias = self.random.integers(-2000, 2000, outputs).astype(np.int32)
        output = self.tensor(height, width, outputs)
        kind = ir.DepthwiseConv2D if depthwise else ir.Conv2D
        self.nodes.append(kind(f"conv{len(self.nodes)}", (source.name,), (output.name,), window, weights, bias,
                               self.requantise(outputs, 5000 * taps**0.5, output.zero_point)))

    def factors(self) -> None:
        """A factor of 9 bits for each channel."""
        source = self.pick()
        weights = self.random.integers(-255, 256, (1, 1, source.channels)).astype(np.int16)
        weights[..., 0] = self.random.choice([-255, 255])
        output = self.tensor(*source.shape)
        bias = np.zeros(source.channels, np.int32)
        self.nodes.append(ir.DepthwiseConv2D(f"factors{len(self.nodes)}", (source.name,), (output.name,),
                                             ir.Window((1, 1), (1, 1)), weights, bias,
                                             self.requantise(source.channels, 16000, output.zero_point)))

    def offsets(self) -> None:
        """A constant for each channel."""
        source = self.pick()
        output = self.tensor(*source.shape)
        table = ((np.arange(-128, 128) - source.zero_point) * self.between(1 << 17, 1 << 19)).astype(np.int32)
        values = self.random.integers(-(1 << 25), 1 << 25, source.channels).astype(np.int32)
        self.nodes.append(ir.AddConstant(f"offsets{len(self.nodes)}", (source.name,), (output.name,), table, values,
                                         self.requantise(1, 60 << 18, output.zero_point)))

    def dense(self) -> None:
        source = self.pick()
        if source.size > 600:
            return
        outputs = self.between(1, self.largest_channels)
        name = source.name
        if source.height * source.width > 1 and self.chance(0.5):
            flat = replace(source, name=f"t{len(self.tensors)}", height=1, width=1, channels=source.size)
            self.tensors[flat.name] = flat
            self.flat.add(flat.name)
            self.nodes.append(ir.Reshape(f"flatten{len(self.nodes)}", (name,), (flat.name,)))
            name = flat.name
        weights = self.random.integers(-127, 128, (outputs, source.size)).astype(np.int8)
        output = self.tensor(1, 1, outputs)
        bias = self.random.integers(-2000, 2000, outputs).astype(np.int32)
        self.nodes.append(ir.Dense(f"dense{len(self.nodes)}", (name,), (output.name,), weights, bias,
                                   self.requantise(outputs, 5000 * source.size**0.5, output.zero_point)))

    def binary(self) -> None:
        first = self.pick()
        broadcast = self.chance(0.3)
        shape = (1, 1, first.channels) if broadcast else first.shape
        matching = [t for t in self.tensors.values() if t.shape == shape and t.name not in self.flat]
        if not matching:
            return
        second = matching[self.between(0, len(matching) - 1)]
        output = self.tensor(*first.shape)
        name = f"binary{len(self.nodes)}"
        pair = (first.name, second.name)
        if self.chance(0.3):
            tables = [(np.arange(-128, 128) - t.zero_point).astype(np.int32) for t in (first, second)]
            self.nodes.append(ir.Multiply(name, pair, (output.name,), *tables,
                                          self.requantise(1, 4000, output.zero_point)))
            return
        tables = [((np.arange(-128, 128) - t.zero_point) * self.between(1 << 17, 1 << 19)).astype(np.int32)
                  for t in (first, second)]
        self.nodes.append(ir.Add(name, pair, (output.name,), *tables,
                                 self.requantise(1, 60 << 18, output.zero_point)))

    def pool(self) -> None:
        source = self.pick(maps=True)
        found = self.window(source, pool=True)
        if found is None:
            return
        window, height, width = found
        output = self.tensor(height, width, source.channels, source.zero_point)
        low, high = (-128, 127) if self.chance(0.7) else (self.between(-128, 0), self.between(1, 127))
        kind = ir.MaxPool2D if self.chance(0.5) else ir.AveragePool2D
        self.nodes.append(kind(f"pool{len(self.nodes)}", (source.name,), (output.name,), window, low, high))

    def mean(self) -> None:
        source = self.pick(maps=True)
        output = self.tensor(1, 1, source.channels)
        count = source.height * source.width
        self.nodes.append(ir.Mean(f"mean{len(self.nodes)}", (source.name,), (output.name,), -count * source.zero_point,
                                  self.requantise(1, 100 * count, output.zero_point)))

    def pad(self) -> None:
        source = self.pick()
        padding = ir.Padding(*(self.between(0, 3) for _ in range(4)))
        height, width = source.height + padding.top + padding.bottom, source.width + padding.left + padding.right
        if max(height, width) > 2 * self.largest_map:
            return
        output = self.tensor(height, width, source.channels, source.zero_point)
        value = source.zero_point if self.chance(0.8) else -128
        self.nodes.append(ir.Pad(f"pad{len(self.nodes)}", (source.name,), (output.name,), padding, value))

    def unary(self) -> None:
        source = self.pick()
        output = self.tensor(*source.shape)
        table = self.random.integers(-128, 128, 256).astype(np.int8)
        self.nodes.append(ir.Unary(f"unary{len(self.nodes)}", (source.name,), (output.name,), "random", table))

    def concatenate(self) -> None:
        first = self.pick()
        same = [t for t in self.tensors.values() if t.shape[:2] == first.shape[:2]
                and t.zero_point == first.zero_point and t.name not in self.flat]
        count = self.between(1, 3)
        parts = [first] + [same[self.between(0, len(same) - 1)] for _ in range(count)]
        channels = sum(part.channels for part in parts)
        if channels > 3 * self.largest_channels:
            return
        output = self.tensor(first.height, first.width, channels, first.zero_point)
        self.nodes.append(ir.Concatenate(f"concat{len(self.nodes)}", tuple(p.name for p in parts), (output.name,)))

    def extremum(self) -> None:
        first = self.pick()
        matching = [t for t in self.tensors.values() if t.shape in (first.shape, (1, 1, first.channels))
                    and t.zero_point == first.zero_point and t.name not in self.flat]
        second = matching[self.between(0, len(matching) - 1)]
        output = self.tensor(*first.shape, first.zero_point)
        self.nodes.append(ir.Extremum(f"extremum{len(self.nodes)}", (first.name, second.name), (output.name,),
                                      self.chance(0.5)))

    def gather(self) -> None:
        """A slice, a repetition, a transposition, a shuffle, or nothing regular at all."""
        source = self.pick()
        order = np.arange(source.size, dtype=np.int32).reshape(source.shape)
        match self.between(0, 5):
            case 0:
                order = order[self.between(0, source.height - 1) :: self.between(1, 3), :: self.between(1, 3),
                              : self.between(1, source.channels)]
            case 1:
                order = order.repeat(self.between(1, 2), axis=0).repeat(self.between(1, 3), axis=1)
            case 2:
                order = order.transpose(self.random.permutation(3))
            case 3:
                order = order[:, :, self.random.permutation(source.channels)]
            case 4:
                order = np.pad(order, [(self.between(0, 2), self.between(0, 2))] * 3, constant_values=-1)
            case 5:
                shape = [self.between(1, 5) for _ in range(3)]
                order = self.random.integers(-1, source.size, shape).astype(np.int32)
        if order.shape[0] * order.shape[1] > 4 * self.largest_map**2 or order.shape[2] > 3 * self.largest_channels:
            return
        output = self.tensor(*order.shape, source.zero_point)
        value = self.between(-128, 127) if self.chance(0.7) else 0
        self.nodes.append(ir.Gather(f"gather{len(self.nodes)}", (source.name,), (output.name,),
                                    np.ascontiguousarray(order), value))

    def reshape(self) -> None:
        source = self.pick()
        divisors = [n for n in range(1, source.size + 1) if source.size % n == 0]
        channels = divisors[self.between(0, len(divisors) - 1)]
        if channels > 3 * self.largest_channels or source.size > 800:
            return
        rows = [n for n in divisors if source.size // channels % n == 0]
        height = rows[self.between(0, len(rows) - 1)]
        output = self.tensor(height, source.size // channels // height, channels, source.zero_point)
        self.nodes.append(ir.Reshape(f"reshape{len(self.nodes)}", (source.name,), (output.name,)))

    def build(self, nodes: int) -> ir.Graph:
        inputs = [self.tensor(self.between(1, self.largest_map), self.between(1, self.largest_map),
                              self.between(1, self.largest_channels if self.chance(0.5) else 4))
                  for _ in range(1 if self.chance(0.7) else 2)]
        makers = [self.convolution] * 4 + [
            self.dense, self.factors, self.offsets, self.binary, self.binary, self.pool, self.pool, self.mean, self.pad,
            self.unary, self.concatenate, self.extremum, self.gather, self.gather, self.reshape]
        while len(self.nodes) < nodes:
            makers[self.between(0, len(makers) - 1)]()
        used = {name for node in self.nodes for name in node.inputs}
        made = [node.outputs[0] for node in self.nodes]
        outputs = [name for name in made if name not in used]
        extra = [name for name in made if name in used and name not in self.flat]
        if extra and self.chance(0.3):
            outputs.append(extra[self.between(0, len(extra) - 1)])
        live = [t for t in inputs if t.name in used] or inputs[:1]
        tensors = {name: t for name, t in self.tensors.items() if name in made or t in live}
        return ir.Graph(f"random{self.seed}", tensors, tuple(self.nodes), tuple(t.name for t in live), tuple(outputs))

    def images(self, graph: ir.Graph, count: int) -> list[dict[str, ir.Int8]]:
        return [{name: self.random.integers(-128, 128, graph.tensors[name].shape).astype(np.int8)
                 for name in graph.inputs} for _ in range(count)]


def random_graph(seed: int, nodes: int = 6) -> tuple[ir.Graph, RandomGraph]:
    maker = RandomGraph(seed)
    return maker.build(nodes), maker


__all__ = ["RandomGraph", "evaluate", "random_graph"]
