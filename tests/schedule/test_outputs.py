"""Network outputs in every relation to the map that holds their bytes: softmax, flattening, both."""

from __future__ import annotations

import numpy as np
import pytest

from flow.build.progress import Silent
from flow.graph import ir
from flow.graph.evaluate import evaluate
from flow.graph.verify import verify
from flow.schedule import compile_graph
from flow.verify.engines import ReferenceEngine
from tests.engines import ENGINES

Shape = tuple[int, int, int]


def network(shapes: tuple[Shape, ...], softmax: bool, inner: bool) -> ir.Graph:
    """A map seen in several shapes one after the other, perhaps a softmax at the end; ``inner``: the map is a layer's
    output, else the network's input."""
    tensors = [ir.Tensor(f"t{n}", *shape, 0.05, 3) for n, shape in enumerate(shapes)]
    nodes: list[ir.Node] = [ir.Reshape(f"reshape{n}", (tensors[n].name,), (tensors[n + 1].name,))
                            for n in range(len(shapes) - 1)]
    first = tensors[0]
    if inner:
        first = ir.Tensor("x", *shapes[0], 0.05, 3)
        table = np.random.default_rng(1).permutation(np.arange(-128, 128)).astype(np.int8)
        nodes.insert(0, ir.Unary("unary", ("x",), ("t0",), "any", table))
        tensors.insert(0, first)
    if softmax:
        tensors.append(ir.Tensor("y", *shapes[-1], 1 / 256, -128))
        nodes.append(ir.Softmax("softmax", (tensors[-2].name,), ("y",)))
    graph = ir.Graph("net", {tensor.name: tensor for tensor in tensors}, tuple(nodes), (first.name,),
                     (tensors[-1].name,))
    verify(graph)
    return graph


@pytest.mark.parametrize("inner", [True, False])
@pytest.mark.parametrize("softmax", [True, False])
@pytest.mark.parametrize("shapes", [
    ((3, 2, 5),), ((3, 2, 5), (1, 1, 30)), ((3, 2, 5), (1, 1, 30), (1, 1, 30)), ((3, 2, 5), (1, 1, 30), (2, 3, 5)),
    ((1, 1, 6), (2, 3, 1)), ((2, 3, 5), (3, 2, 5)),
], ids=str)
def test_output(shapes: tuple[Shape, ...], softmax: bool, inner: bool) -> None:
    graph, hw = network(shapes, softmax, inner), ENGINES["2x8x8"]
    if not graph.nodes:
        return
    random = np.random.default_rng(2)
    images = [{name: random.integers(-128, 128, graph.tensors[name].shape).astype(np.int8) for name in graph.inputs}
              for _ in range(hw.pix)]
    for trace in (False, True):
        engine = ReferenceEngine(compile_graph(graph, hw, trace), graph, Silent())
        for image, got in zip(images, engine.run(images).outputs, strict=True):
            want = evaluate(graph, image)
            for name in graph.outputs:
                assert got[name].shape == want[name].shape
                assert np.array_equal(got[name], want[name])
