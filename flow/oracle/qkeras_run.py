"""Asks a QKeras model's own ``predict`` for the tensors of its layers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from flow.errors import Problem, ToolError
from flow.graph.ir import Graph, Int8, Tensor
from flow.oracle.process import run_worker

ORACLE, ORACLE_WIDE = "qkeras", "qkeras float64"
#: a layer's output before its own activation
INSIDE = "/linear"
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
    planes = {plane: wide for wide in graph.wide for plane in wide.planes}
    kept = list(graph.tensors if keep is None else keep)
    layers = dict.fromkeys(planes[name].name if name in planes else name for name in kept)
    wanted = [name for name in layers if "/" not in name.removesuffix(INSIDE)]
    names = list(graph.inputs)
    floats = predict(
        model,
        {name: np.stack([real(image[name], graph.tensors[name]) for image in inputs]) for name in names},
        wanted,
        graph.oracle == ORACLE_WIDE,
    )
    whole: dict[str, Int8] = {}
    for name, values in floats.items():
        if name in graph.tensors:
            tensor = graph.tensors[name]
            whole[name] = quantised(values.reshape(len(inputs), *tensor.shape), tensor)
    for wide in graph.wide:
        if wide.name in floats:
            tensors = [graph.tensors[plane] for plane in wide.planes]
            split = digits(floats[wide.name].reshape(len(inputs), *tensors[0].shape), tensors, wide.name)
            whole |= {plane: part for plane, part in zip(wide.planes, split, strict=True) if plane in kept}
    return [{name: values[index] for name, values in whole.items()} for index in range(len(inputs))]


def predict(
    model: bytes, inputs: dict[str, np.ndarray], layers: list[str], wide: bool, plain: bool = False
) -> dict[str, np.ndarray]:
    """Outputs of the named layers as float64 (images first) for real inputs, computed in float32 or (wide) float64.

    plain: without the quantisers of weights and activations, as far as QKeras can leave them out.
    """
    with tempfile.TemporaryDirectory(prefix="flow-oracle-") as place:
        folder = Path(place)
        (folder / "model.h5").write_bytes(model)
        request = {"inputs": list(inputs), "layers": layers, "wide": wide, "plain": plain}
        (folder / "request.json").write_text(json.dumps(request))
        arrays: dict[str, Any] = {str(index): values for index, values in enumerate(inputs.values())}
        np.savez(folder / "in.npz", **arrays)
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


def digits(values: np.ndarray, planes: list[Tensor], layer: str) -> list[Int8]:
    """The planes of an output wider than 8 bits (``flow.graph.ir.Wide``). Raises ToolError if they cannot hold it."""
    rest = values / planes[0].scale
    result = []
    for _ in planes:
        digit = np.mod(rest + 128, 256) - 128
        result.append(digit.astype(np.int8))
        rest = (rest - digit) / 256
        if not np.array_equal(result[-1], digit):
            break
    if len(result) < len(planes) or rest.any() or not np.array_equal(result[-1], digit):
        found = f"gives values that are no {len(planes)}-byte multiples of {planes[0].scale}"
        raise ToolError(Problem(f"{_WHERE}, layer {layer}", found, "this is a fault of the flow: please report it"))
    return result


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
