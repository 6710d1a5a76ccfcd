"""What a graph asks of any engine: one record per engine layer, with shapes only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from flow.graph import ir


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


@dataclass(frozen=True)
class Work:
    """One engine layer for one image.

    Shapes are of the map it reads (in_*, without padding) and writes (out_*). ``taps_h`` x ``taps_w`` is the kernel,
    ``reach_*`` its extent with dilation. ``skip``: a residual add or multiply is fused behind it, or it is one itself.
    ``macs`` are the model's own. ``folds``: the input is a network input, which the host may fold. ``passes``: ALU
    passes over the output. ``source`` and ``operand``: layers whose outputs it and its residual add read, or -1.
    ``last_reader``: the last layer that reads its output if that could stay on the chip all the time, else -1;
    ``border_*``: rows and columns of padding those readers need.
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
    source: int = -1
    operand: int = -1
    last_reader: int = -1
    border_h: int = 0
    border_w: int = 0
    folds: bool = False
    macs: int = 0
    weight_bytes: int = 0


def _plain(graph: ir.Graph, node: ir.Node, kind: Kind) -> Work:
    source, target = graph.tensors[node.inputs[0]], graph.tensors[node.outputs[0]]
    return Work(node.name, kind, *source.shape, *target.shape)


def _windowed(graph: ir.Graph, node: ir.Node, kind: Kind, window: ir.Window) -> Work:
    (kh, kw), (dh, dw) = window.kernel, window.dilation
    return replace(
        _plain(graph, node, kind),
        taps_h=kh,
        taps_w=kw,
        stride_h=window.stride[0],
        stride_w=window.stride[1],
        reach_h=(kh - 1) * dh + 1,
        reach_w=(kw - 1) * dw + 1,
        passes=kh * kw if kind is Kind.POOL else 1,
    )


def _whole_map(work: Work) -> Work:
    """``work`` with a kernel as large as its input."""
    return replace(work, taps_h=work.in_h, taps_w=work.in_w, reach_h=work.in_h, reach_w=work.in_w)


def _layer(graph: ir.Graph, node: ir.Node) -> Work | None:
    if isinstance(node, ir.Conv2D):
        work = _windowed(graph, node, Kind.CONV, node.window)
        return replace(work, macs=work.out_h * work.out_w * node.weights.size, weight_bytes=node.weights.size)
    if isinstance(node, ir.DepthwiseConv2D):
        work = _windowed(graph, node, Kind.DEPTHWISE, node.window)
        return replace(work, macs=work.out_h * work.out_w * node.weights.size, weight_bytes=node.weights.size)
    if isinstance(node, ir.Dense):
        work = _whole_map(_plain(graph, node, Kind.DENSE))
        return replace(work, macs=node.weights.size, weight_bytes=node.weights.size)
    if isinstance(node, (ir.MaxPool2D, ir.AveragePool2D)):
        return _windowed(graph, node, Kind.POOL, node.window)
    if isinstance(node, ir.Mean):
        work = _whole_map(_plain(graph, node, Kind.MEAN))
        return replace(work, passes=work.in_h * work.in_w + 1)
    if isinstance(node, (ir.Add, ir.Multiply, ir.Extremum)):
        return replace(_plain(graph, node, Kind.BINARY), passes=2, skip=True)
    if isinstance(node, (ir.Concatenate, ir.Gather)):
        work = _plain(graph, node, Kind.JOIN)
        return replace(work, in_c=work.out_c)
    if isinstance(node, (ir.Unary, ir.Pad, ir.AddConstant)):
        return _plain(graph, node, Kind.COPY)
    return None  # on the host, or only another name for the same bytes


def works(graph: ir.Graph) -> tuple[Work, ...]:
    """The engine's layers in order, joined as the scheduler joins them: a residual add and a unary function ride on the
    layer before them, a pad on the layers behind."""
    readers: dict[str, list[ir.Node]] = {}
    for node in graph.nodes:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    layers: dict[str, Work] = {}  # by the tensor they make
    sources: dict[str, list[str]] = {}  # tensors a layer reads, by the tensor it makes
    same: dict[str, str] = {}  # tensors that are other names for the same bytes, or padded by their readers

    def resolve(name: str) -> str:
        while name in same:
            name = same[name]
        return name

    outside = set(graph.inputs)  # network inputs, also behind a pad: the host lays them out

    def alone(name: str) -> Work | None:
        """The layer that makes ``name`` if only one node reads it."""
        return layers.get(name) if len(readers[name]) == 1 and name not in graph.outputs else None

    for node in graph.nodes:
        output = node.outputs[0]
        if isinstance(node, ir.Pad) and _rides(graph, node, readers.get(output, [])):
            if node.inputs[0] in outside:
                outside.add(output)
            same[output] = node.inputs[0]
            continue
        layer = _layer(graph, node)
        if layer is None:
            same[output] = node.inputs[0]
            continue
        reads = [resolve(name) for name in node.inputs]
        if isinstance(node, ir.Add):
            for name in node.inputs:
                before = alone(name)
                if before is not None and before.kind in _ARRAY and not before.skip and _same(graph, node):
                    del layers[name]
                    layer = replace(before, name=f"{before.name}+{node.name}", skip=True, passes=before.passes + 1)
                    reads = [*sources.pop(name)[:1], *(resolve(other) for other in node.inputs if other != name)]
                    break
        if isinstance(node, ir.Unary):
            before = alone(node.inputs[0])
            if before is not None:
                del layers[node.inputs[0]]
                layer = replace(before, name=f"{before.name}+{node.name}")
                reads = sources.pop(node.inputs[0])
        if isinstance(node, ir.Conv2D) and node.inputs[0] in outside:
            layer = replace(layer, folds=True)
        layers[output] = layer
        sources[output] = reads
    return _connected(layers, sources, {resolve(name) for name in graph.outputs})


def _connected(layers: dict[str, Work], sources: dict[str, list[str]], outputs: set[str]) -> tuple[Work, ...]:
    """The layers with who reads whom."""
    index = {name: n for n, name in enumerate(layers)}
    found: list[Work] = []
    for name, work in layers.items():
        readers = [layers[other] for other in layers if name in sources[other]]
        where = [index[other] for other in layers if name in sources[other]]
        windows = [layers[other] for other in layers if sources[other][0] == name]
        stays = (
            name not in outputs
            and bool(readers)
            and work.kind in _ARRAY
            and all(reader.kind in _ARRAY for reader in readers)
        )
        reads = [index.get(source, -1) for source in sources[name]]
        found.append(
            replace(
                work,
                source=reads[0],
                operand=reads[1] if len(reads) > 1 else -1,
                last_reader=max(where) if stays else -1,
                border_h=max((max(0, (w.out_h - 1) * w.stride_h + w.reach_h - w.in_h) for w in windows), default=0),
                border_w=max((max(0, (w.out_w - 1) * w.stride_w + w.reach_w - w.in_w) for w in windows), default=0),
            )
        )
    return tuple(found)


_ARRAY = (Kind.CONV, Kind.DENSE, Kind.DEPTHWISE)


def _same(graph: ir.Graph, node: ir.Node) -> bool:
    """Both inputs and the output have one shape."""
    return len({graph.tensors[name].shape for name in (*node.inputs, node.outputs[0])}) == 1


def _rides(graph: ir.Graph, pad: ir.Pad, readers: Iterable[ir.Node]) -> bool:
    """Every reader can pad by itself with the same value."""
    nodes = list(readers)
    zero = graph.tensors[pad.outputs[0]].zero_point
    return (
        bool(nodes)
        and pad.outputs[0] not in graph.outputs
        and all(
            (isinstance(node, (ir.Conv2D, ir.DepthwiseConv2D)) and pad.value == zero)
            or (isinstance(node, ir.MaxPool2D) and pad.value == -128)
            for node in nodes
        )
    )
