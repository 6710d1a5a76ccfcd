"""Useful work of a layer: the products that its definition asks for, whatever an engine does."""

from __future__ import annotations

from flow.graph.ir import Conv2D, Dense, DepthwiseConv2D, Graph, Node


def macs(node: Node, graph: Graph) -> int:
    """Multiply-accumulates of one image; 0 for everything but convolutions and dense layers.

    Products with padding count, as is usual.
    """
    target = graph.tensors[node.outputs[0]]
    match node:
        case Conv2D():
            return target.size * node.window.kernel[0] * node.window.kernel[1] * node.weights.shape[3]
        case DepthwiseConv2D():
            return target.size * node.window.kernel[0] * node.window.kernel[1]
        case Dense():
            return int(node.weights.size)
        case _:
            return 0
