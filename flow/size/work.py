"""What a graph asks of any engine: one record per engine layer, shapes only, joined as the scheduler joins them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from flow.graph import ir
from flow.graph.macs import macs
from flow.schedule.placement import Access, Step


class Kind(Enum):
    """How a layer runs: on the array (depthwise and concatenation block-diagonally), or by ALU passes alone."""

    CONV = "conv"
    DENSE = "dense"
    DEPTHWISE = "depthwise"
    POOL = "pool"
    MEAN = "mean"
    BINARY = "binary"
    JOIN = "join"
    COPY = "copy"

    @property
    def access(self) -> Access:
        """What it may do with maps that stay on the chip."""
        return _ACCESS.get(self, Access.NONE)


_ACCESS = {
    Kind.CONV: Access.ARRAY,
    Kind.DENSE: Access.ARRAY,
    Kind.DEPTHWISE: Access.ARRAY,
    Kind.POOL: Access.POOL,
    Kind.MEAN: Access.SUM,
}


@dataclass(frozen=True)
class Work:
    """One engine layer for one image.

    Shapes are of the map it reads (in_*, without padding) and writes (out_*). ``taps_h`` x ``taps_w`` is the kernel,
    ``reach_*`` its extent with dilation. ``skip``: a residual add or multiply is fused behind it, or it is one itself.
    ``macs`` are the model's own. ``folds``: the input is a network input, which the host may fold. ``passes``: ALU
    passes over the output. ``sources``: layers whose outputs it reads, -1 for a network input; the second one is the
    operand of ``skip``. ``border``: rows and columns outside its map that it reads as ``pad_value``. ``output``: its
    result is one of the network's. ``table``: a table is applied to its result. ``offsets``: a table, and then a
    constant of each channel, to its input. ``parts``: channels of the maps that a concatenation joins.
    """

    name: str
    kind: Kind
    in_h: int
    in_w: int
    in_c: int
    out_h: int
    out_w: int
    out_c: int
    taps_h: int = 1
    taps_w: int = 1
    stride_h: int = 1
    stride_w: int = 1
    reach_h: int = 1
    reach_w: int = 1
    passes: int = 1
    skip: bool = False
    sources: tuple[int, ...] = (-1,)
    border: ir.Padding = ir.Padding()
    pad_value: int = 0
    output: bool = False
    table: bool = False
    offsets: bool = False
    parts: tuple[int, ...] = ()
    folds: bool = False
    macs: int = 0
    weight_bytes: int = 0

    @property
    def step(self) -> Step:
        """What deciding where maps lie needs to know of it."""
        shape = (self.out_h, self.out_w, self.out_c)
        return Step(self.kind.access, *shape, self.output, self.sources, self.border, self.pad_value)


def works(graph: ir.Graph) -> tuple[Work, ...]:
    """The engine's layers in order, joined as the scheduler joins them: a residual add and a unary function ride on the
    layer before them, a pad on the layers behind."""
    return _Walk(graph).run()


class _Walk:
    """layers and the tensors they read, by the tensor they make; same: other names for the same bytes; pads: maps that
    their readers pad, with the padding."""

    def __init__(self, graph: ir.Graph) -> None:
        self.graph = graph
        self.uses = Counter([*(name for node in graph.nodes for name in node.inputs), *graph.outputs])
        self.takers: dict[str, list[ir.Node]] = {}
        for node in graph.nodes:
            for name in node.inputs:
                self.takers.setdefault(name, []).append(node)
        self.layers: dict[str, Work] = {}
        self.reads: dict[str, list[str]] = {}
        self.same: dict[str, str] = {}
        self.pads: dict[str, tuple[str, ir.Padding]] = {}

    def run(self) -> tuple[Work, ...]:
        for node in self.graph.nodes:
            self._node(node)
        index = {name: n for n, name in enumerate(self.layers)}
        outputs = {self._resolve(name) for name in self.graph.outputs}
        return tuple(
            replace(work, sources=tuple(index.get(name, -1) for name in self.reads[made]), output=made in outputs)
            for made, work in self.layers.items()
        )

    def _resolve(self, name: str) -> str:
        while name in self.same:
            name = self.same[name]
        return name

    def _node(self, node: ir.Node) -> None:
        output = node.outputs[0]
        if isinstance(node, ir.Softmax) or (isinstance(node, ir.Reshape) and self._is_renaming(node)):
            self.same[output] = node.inputs[0]
            return
        if isinstance(node, ir.Pad) and self._rides(node):
            self.pads[output] = (node.inputs[0], node.padding)
            return
        if isinstance(node, ir.Unary):
            before = self._before(node.inputs[0])
            if before is not None and before.kind is not Kind.JOIN and not before.table:
                self._replace(node.inputs[0], output, replace(before, name=f"{before.name}+{node.name}", table=True))
                return
        if isinstance(node, ir.Add) and self._fused(node):
            return
        name, padding = self.pads.get(node.inputs[0], (node.inputs[0], ir.Padding()))
        source = self.graph.tensors[self._resolve(name)]
        self.layers[output] = self._layer(node, source, padding)
        self.reads[output] = [self._resolve(name), *(self._resolve(other) for other in node.inputs[1:])]

    def _before(self, name: str) -> Work | None:
        """The layer that makes ``name`` if only one node reads it."""
        return self.layers.get(name) if self.uses[name] == 1 else None

    def _replace(self, made: str, output: str, work: Work, operand: str | None = None) -> None:
        """``work``, which makes ``output`` and also reads ``operand``, instead of the layer that made ``made``."""
        del self.layers[made]
        reads = self.reads.pop(made)
        self.layers[output] = work
        self.reads[output] = reads if operand is None else [reads[0], operand]

    def _fused(self, node: ir.Add) -> bool:
        """Whether the sum rides on the layer that makes one of its operands; then that is done."""
        output = node.outputs[0]
        alike = len({self.graph.tensors[name].shape for name in (*node.inputs, output)}) == 1
        for name, other in (node.inputs, node.inputs[::-1]):
            before = self._before(name)
            if before is None or before.kind.access is not Access.ARRAY or before.skip or before.table or not alike:
                continue
            work = replace(before, name=f"{before.name}+{node.name}", skip=True, passes=before.passes + 1)
            self._replace(name, output, work, self._resolve(other))
            return True
        return False

    def _is_renaming(self, node: ir.Reshape) -> bool:
        """The bytes stay where they are; else every value is moved."""
        source, output = self.graph.tensors[self._resolve(node.inputs[0])], self.graph.tensors[node.outputs[0]]
        ends = all(isinstance(n, (ir.Dense, ir.Reshape, ir.Softmax)) for n in self.takers.get(output.name, []))
        return source.shape == output.shape or (output.height == output.width == 1 and ends)

    def _rides(self, pad: ir.Pad) -> bool:
        """Every reader can pad by itself with the same value."""
        name = pad.outputs[0]
        nodes, zero = self.takers.get(name, []), self.graph.tensors[name].zero_point
        return (
            bool(nodes)
            and name not in self.graph.outputs
            and all(
                (isinstance(node, (ir.Conv2D, ir.DepthwiseConv2D)) and pad.value == zero)
                or (isinstance(node, ir.MaxPool2D) and pad.value == -128)
                for node in nodes
            )
        )

    def _layer(self, node: ir.Node, source: ir.Tensor, pad: ir.Padding) -> Work:
        """The layer of ``node``, which reads ``source`` with ``pad`` around it."""
        target = self.graph.tensors[node.outputs[0]]
        plain = Work(node.name, Kind.COPY, *source.shape, *target.shape, macs=macs(node, self.graph))
        zero = self.graph.tensors[node.inputs[0]].zero_point
        match node:
            case ir.Conv2D() | ir.DepthwiseConv2D():
                kind = Kind.CONV if isinstance(node, ir.Conv2D) else Kind.DEPTHWISE
                window = node.window if node.weights.dtype == np.int8 else _narrow(node.weights)
                work = _weighted(_windowed(plain, kind, window, pad, zero), node)
                return replace(work, folds=kind is Kind.CONV and source.name in self.graph.inputs)
            case ir.Dense():
                whole = ir.Window((source.height, source.width), (1, 1))
                work = _weighted(_windowed(plain, Kind.DENSE, whole, ir.Padding(), zero), node)
                return replace(work, folds=source.name in self.graph.inputs)
            case ir.MaxPool2D() | ir.AveragePool2D():
                average = isinstance(node, ir.AveragePool2D)
                work = _windowed(plain, Kind.POOL, node.window, pad, 0 if average else -128)
                return replace(work, passes=work.taps_h * work.taps_w + average)
            case ir.Mean():
                whole = ir.Window((source.height, source.width), (1, 1))
                work = _windowed(plain, Kind.MEAN, whole, ir.Padding(), 0)
                return replace(work, passes=work.in_h * work.in_w + 1)
            case ir.Add() | ir.Multiply() | ir.Extremum():
                shapes = {self.graph.tensors[name].shape for name in node.inputs}
                return replace(plain, kind=Kind.BINARY, passes=2, skip=len(shapes) == 1)
            case ir.Concatenate():
                parts = tuple(self.graph.tensors[name].channels for name in node.inputs)
                return replace(plain, kind=Kind.JOIN, in_c=target.channels, parts=parts)
            case ir.Gather() | ir.Reshape():
                return replace(plain, kind=Kind.JOIN, in_c=target.channels)
            case ir.Unary():
                return replace(plain, table=True)
            case ir.AddConstant():
                return replace(plain, offsets=True)
        return plain


def _narrow(weights: ir.Int8 | ir.Int16) -> ir.Window:
    """The taps of a factor of 9 bits: int8 values that add up to it."""
    highest, lowest = max(int(weights.max()), 0), max(-int(weights.min()), 0)
    return ir.Window((1, max(-(-highest // 127), -(-lowest // 128))), (1, 1), (1, 0))


def _windowed(work: Work, kind: Kind, window: ir.Window, pad: ir.Padding, value: int) -> Work:
    (kh, kw), (sh, sw), (dh, dw) = window.kernel, window.stride, window.dilation
    reach_h, reach_w = (kh - 1) * dh + 1, (kw - 1) * dw + 1
    top, left = window.padding.top + pad.top, window.padding.left + pad.left
    span_h, span_w = (work.out_h - 1) * sh + reach_h, (work.out_w - 1) * sw + reach_w
    border = ir.Padding(top, max(0, span_h - top - work.in_h), left, max(0, span_w - left - work.in_w))
    return replace(
        work,
        kind=kind,
        taps_h=kh,
        taps_w=kw,
        stride_h=sh,
        stride_w=sw,
        reach_h=reach_h,
        reach_w=reach_w,
        border=border,
        pad_value=value,
    )


def _weighted(work: Work, node: ir.Conv2D | ir.DepthwiseConv2D | ir.Dense) -> Work:
    """With the passes of a bias finer than the products and of a result that wraps."""
    passes = 1 + bool(node.bias_shift) + node.requantise.wrap
    return replace(work, weight_bytes=node.weights.size, passes=passes)
