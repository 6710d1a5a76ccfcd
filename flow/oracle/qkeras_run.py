"""Asks a QKeras model's own ``predict`` for the tensors of its layers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from flow.errors import Problem, ToolError
from flow.graph.ir import Graph, Int8, Tensor
from flow.oracle.process import run_worker

ORACLE, ORACLE_WIDE = "qkeras", "qkeras float64"
_WHERE = "oracle (QKeras)"


def run(
    model: bytes, graph: Graph, inputs: Sequence[dict[str, Int8]], keep: Iterable[str] | None = None
) -> list[dict[str, Int8]]:
    """Values of the tensors named in ``keep`` (None: all) that are outputs of Keras layers, for each image.

    model: the .h5 file's bytes; inputs: for each image the int8 network inputs, whose real values are fed. A layer's
    floats are given as the int8 values they stand for; raises ToolError if one stands for none. Tensors inside a layer
    are left out.
    """
    if not inputs:
        return []
    wanted = [name for name in (graph.tensors if keep is None else keep) if "/" not in name]
    names = list(graph.inputs)
    floats = predict(
        model,
        {name: np.stack([real(image[name], graph.tensors[name]) for image in inputs]) for name in names},
        wanted,
        graph.oracle == ORACLE_WIDE,
    )
    whole = {
        name: quantised(values.reshape(len(inputs), *graph.tensors[name].shape), graph.tensors[name])
        for name, values in floats.items()
    }
    return [{name: values[index] for name, values in whole.items()} for index in range(len(inputs))]


def predict(model: bytes, inputs: dict[str, np.ndarray], layers: list[str], wide: bool) -> dict[str, np.ndarray]:
    """Outputs of the named layers as float64 (images first) for real inputs, computed in float32 or (wide) float64."""
    with tempfile.TemporaryDirectory(prefix="flow-oracle-") as place:
        folder = Path(place)
        (folder / "model.h5").write_bytes(model)
        (folder / "request.json").write_text(json.dumps({"inputs": list(inputs), "layers": layers, "wide": wide}))
        np.savez(folder / "in.npz", **{str(index): values for index, values in enumerate(inputs.values())})
        outcome = run_worker("flow.oracle.qkeras_worker", str(folder))
        if outcome.code:
            how = f"was killed by {outcome.signal}" if outcome.signal else f"failed (exit {outcome.code})"
            raise ToolError(
                Problem(_WHERE, f"{how}:\n{outcome.message}", "run the model in QKeras to see the same message")
            )
        with np.load(folder / "out.npz") as archive:
            return {name: archive[str(index)] for index, name in enumerate(layers)}


def real(values: Int8, tensor: Tensor) -> np.ndarray:
    """What int8 values stand for, exactly."""
    return (values.astype(np.float64) - tensor.zero_point) * tensor.scale


def quantised(values: np.ndarray, tensor: Tensor) -> Int8:
    """The int8 values that stand for ``values``, exactly. Raises ToolError if there are none."""
    scaled = values / tensor.scale + tensor.zero_point
    result = np.clip(scaled, -128, 127).astype(np.int8)
    if not np.array_equal(result, scaled):
        wrong = float(values.reshape(-1)[np.flatnonzero((result != scaled).reshape(-1))[0]])
        raise ToolError(
            Problem(
                f"{_WHERE}, layer {tensor.name}",
                f"gives {wrong}, which is no int8 multiple of {tensor.scale}",
                "this is a fault of the flow: please report it with the model",
            )
        )
    return result
