"""The oracle that belongs to a graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flow.graph.ir import Graph, Int8
from flow.oracle import qkeras_run
from flow.oracle.cut import without_softmax
from flow.oracle.run import Aborted, run


def expected(
    graph: Graph, model: bytes, inputs: Sequence[dict[str, Int8]], keep: Iterable[str] | None = None
) -> list[dict[str, Int8]]:
    """Values of the tensors named in ``keep`` (None: all) for each image, as the graph's oracle computes them.

    model: the bytes the oracle runs (``Imported.flatbuffer``). QKeras shows its layers' outputs only: tensors inside
    a layer are missing in its answer, as are ``graph.inside`` and names that are no tensors of the graph. Raises
    ToolError if the oracle fails. TensorFlow Lite's softmax aborts on many nearly equal values: where it does, the
    answer is that of the network before it, and its results are missing, too.
    """
    if graph.oracle == "tflite":
        hidden = set(graph.inside)
        known = None if keep is None else [name for name in keep if name in graph.tensors and name not in hidden]
        try:
            return run(model, inputs, known)
        except Aborted:
            cut, gone = without_softmax(model)
            if not gone:
                raise
            return run(cut, inputs, None if known is None else [name for name in known if name not in gone])
    return qkeras_run.run(model, graph, inputs, keep)
