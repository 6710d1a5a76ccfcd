"""Graphs of well-known shapes with zero weights, for sizing only."""

from __future__ import annotations

import numpy as np

from flow.graph import ir

_ONE = np.zeros(1, np.int32)
_REQUANTISE = ir.Requantise(_ONE, _ONE, 0, -128, 127)
_TABLE = np.zeros(256, np.int32)


class Builder:
    """Adds nodes one by one; every method returns the name of the tensor it makes."""

    def __init__(self, name: str, height: int, width: int, channels: int) -> None:
        self.name = name
        self.tensors = {"input": ir.Tensor("input", height, width, channels, 1.0, 0)}
        self.nodes: list[ir.Node] = []

    def _new(self, height: int, width: int, channels: int) -> str:
        name = f"t{len(self.tensors)}"
        self.tensors[name] = ir.Tensor(name, height, width, channels, 1.0, 0)
        return name

    def _same(self, x: str, stride: int) -> tuple[int, int]:
        return -(-self.tensors[x].height // stride), -(-self.tensors[x].width // stride)

    def conv(self, x: str, out: int, kernel: int = 1, stride: int = 1) -> str:
        height, width = self._same(x, stride)
        y = self._new(height, width, out)
        weights = np.broadcast_to(np.int8(0), (out, kernel, kernel, self.tensors[x].channels))
        side = (kernel - 1) // 2
        self.nodes.append(
            ir.Conv2D(
                f"conv{len(self.nodes)}",
                (x,),
                (y,),
                ir.Window((kernel, kernel), (stride, stride), padding=ir.Padding(side, side, side, side)),
                weights,
                np.broadcast_to(np.int32(0), (out,)),
                _REQUANTISE,
            )
        )
        return y

    def pad(self, x: str, side: int, value: int = 0) -> str:
        tensor = self.tensors[x]
        y = self._new(tensor.height + 2 * side, tensor.width + 2 * side, tensor.channels)
        self.nodes.append(ir.Pad(f"pad{len(self.nodes)}", (x,), (y,), ir.Padding(side, side, side, side), value))
        return y

    def valid(self, x: str, out: int, kernel: int, stride: int) -> str:
        tensor = self.tensors[x]
        y = self._new((tensor.height - kernel) // stride + 1, (tensor.width - kernel) // stride + 1, out)
        weights = np.broadcast_to(np.int8(0), (out, kernel, kernel, tensor.channels))
        self.nodes.append(
            ir.Conv2D(
                f"conv{len(self.nodes)}",
                (x,),
                (y,),
                ir.Window((kernel, kernel), (stride, stride)),
                weights,
                np.broadcast_to(np.int32(0), (out,)),
                _REQUANTISE,
            )
        )
        return y

    def depthwise(self, x: str, stride: int = 1) -> str:
        height, width = self._same(x, stride)
        channels = self.tensors[x].channels
        y = self._new(height, width, channels)
        self.nodes.append(
            ir.DepthwiseConv2D(
                f"depthwise{len(self.nodes)}",
                (x,),
                (y,),
                ir.Window((3, 3), (stride, stride), padding=ir.Padding(1, 1, 1, 1)),
                np.broadcast_to(np.int8(0), (3, 3, channels)),
                np.broadcast_to(np.int32(0), (channels,)),
                _REQUANTISE,
            )
        )
        return y

    def pool(self, x: str, kernel: int, stride: int) -> str:
        tensor = self.tensors[x]
        y = self._new((tensor.height - kernel) // stride + 1, (tensor.width - kernel) // stride + 1, tensor.channels)
        self.nodes.append(
            ir.MaxPool2D(f"pool{len(self.nodes)}", (x,), (y,), ir.Window((kernel, kernel), (stride, stride)), -128, 127)
        )
        return y

    def add(self, a: str, b: str) -> str:
        tensor = self.tensors[a]
        y = self._new(tensor.height, tensor.width, tensor.channels)
        self.nodes.append(ir.Add(f"add{len(self.nodes)}", (a, b), (y,), _TABLE, _TABLE, _REQUANTISE))
        return y

    def mean(self, x: str) -> str:
        y = self._new(1, 1, self.tensors[x].channels)
        self.nodes.append(ir.Mean(f"mean{len(self.nodes)}", (x,), (y,), 0, _REQUANTISE))
        return y

    def dense(self, x: str, out: int) -> str:
        y = self._new(1, 1, out)
        weights = np.broadcast_to(np.int8(0), (out, self.tensors[x].size))
        self.nodes.append(
            ir.Dense(f"dense{len(self.nodes)}", (x,), (y,), weights, np.broadcast_to(np.int32(0), (out,)), _REQUANTISE)
        )
        return y

    def graph(self, output: str) -> ir.Graph:
        return ir.Graph(self.name, self.tensors, tuple(self.nodes), ("input",), (output,))


def resnet50(side: int = 224) -> ir.Graph:
    """53 convolutions, 16 adds, 2 pads, one pool, one mean, one dense layer."""
    b = Builder("resnet50", side, side, 3)
    x = b.pool(b.pad(b.valid(b.pad("input", 3), 64, 7, 2), 1, -128), 3, 2)
    for stage, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            y = b.conv(b.conv(b.conv(x, width, 1, stride), width, 3), 4 * width)
            shortcut = b.conv(x, 4 * width, 1, stride) if not block else x
            x = b.add(shortcut, y)
    return b.graph(b.dense(b.mean(x), 1000))


def vgg16(side: int = 224) -> ir.Graph:
    b = Builder("vgg16", side, side, 3)
    x = "input"
    for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            x = b.conv(x, width, 3)
        x = b.pool(x, 2, 2)
    return b.graph(b.dense(b.dense(b.dense(x, 4096), 4096), 1000))


def small(side: int = 16, channels: int = 3) -> ir.Graph:
    """A few layers of each kind."""
    b = Builder("small", side, side, channels)
    x = b.conv("input", 16, 3)
    x = b.pool(b.add(x, b.conv(x, 16, 3)), 2, 2)
    return b.graph(b.dense(b.mean(b.depthwise(x)), 10))
