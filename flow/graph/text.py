"""The integer graph as text: deterministic, one node a line, arrays by shape, range and hash."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from enum import Enum
from typing import Any

import numpy as np

from flow.graph.ir import Graph, Node, Padding, Requantise, Window


def to_text(graph: Graph) -> str:
    """Printable form; equal graphs give equal text and different ones different text."""
    lines = [f"graph {graph.name} (oracle {graph.oracle})"]
    lines += [f"note   {note}" for note in graph.notes]
    lines += [f"input  {_tensor(graph, name)}" for name in graph.inputs]
    lines += [f"output {_tensor(graph, name)}" for name in graph.outputs]
    lines += [f"inside {name}" for name in graph.inside]
    lines.append("")
    lines += [_node(graph, node) for node in graph.nodes]
    return "\n".join(lines) + "\n"


def _tensor(graph: Graph, name: str) -> str:
    tensor = graph.tensors[name]
    shape = "x".join(map(str, tensor.shape))
    return f"{name} {shape} scale {tensor.scale!r} zero {tensor.zero_point}"


def _node(graph: Graph, node: Node) -> str:
    own = [f for f in fields(node) if f.name not in ("name", "inputs", "outputs")]
    parts = [f"    {f.name} {_value(getattr(node, f.name))}" for f in own]
    head = f"{node.name} = {type(node).__name__}({', '.join(node.inputs)})"
    outputs = [f"    -> {_tensor(graph, name)}" for name in node.outputs]
    return "\n".join([head, *parts, *outputs])


def _value(value: Any) -> str:
    match value:
        case np.ndarray():
            shape = "x".join(map(str, value.shape))
            digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:16]
            if value.size == 1:
                return f"{value.reshape(-1)[0]}"
            return f"{value.dtype} {shape} in [{value.min()}, {value.max()}] sha256 {digest}"
        case Window():
            text = f"{value.kernel[0]}x{value.kernel[1]} stride {value.stride[0]}x{value.stride[1]}"
            return f"{text} dilation {value.dilation[0]}x{value.dilation[1]} padding {_value(value.padding)}"
        case Padding():
            return f"top {value.top} bottom {value.bottom} left {value.left} right {value.right}"
        case Requantise():
            return (
                f"multiplier {_value(value.multiplier)}, shift {_value(value.shift)}, zero point {value.zero_point}, "
                f"clamp [{value.minimum}, {value.maximum}], {value.rounding.value}"
                + (f", left {value.left}" if value.left else "")
            )
        case Enum():
            return str(value.value)
        case _:
            return repr(value)
