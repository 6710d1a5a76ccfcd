"""Asks TensorFlow Lite's reference kernels for every tensor of a network."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from flow.errors import Problem, ToolError
from flow.graph.ir import Int8
from flow.oracle.process import Outcome, run_worker


class Aborted(ToolError):
    """The kernels ended their process instead of giving a result."""


_WHERE = "oracle (TensorFlow Lite reference kernels)"


def run(
    flatbuffer: bytes, inputs: Sequence[dict[str, Int8]], keep: Iterable[str] | None = None
) -> list[dict[str, Int8]]:
    """Values of the int8 tensors named in ``keep`` (None: all activations, inputs included) for each image.

    inputs: for each image the int8 network inputs by the graph's tensor name, arrays (height, width, channels).
    Returns for each image name -> (height, width, channels) int8. Runs in a process of its own; raises ToolError if
    that fails (Aborted if the kernels abort).
    """
    if not inputs:
        return []
    with tempfile.TemporaryDirectory(prefix="flow-oracle-") as name:
        folder = Path(name)
        (folder / "model.tflite").write_bytes(flatbuffer)
        names = list(inputs[0])
        request = {"images": len(inputs), "inputs": names, "keep": None if keep is None else list(keep)}
        (folder / "keep.json").write_text(json.dumps(request))
        for index, image in enumerate(inputs):
            arrays: dict[str, Any] = {str(position): image[name] for position, name in enumerate(names)}
            np.savez(folder / f"in{index}.npz", **arrays)
        outcome = run_worker("flow.oracle.worker", str(folder))
        if outcome.code:
            raise (Aborted if outcome.signal else ToolError)(explain(outcome))
        return [_read(folder / f"out{index}.npz") for index in range(len(inputs))]


def explain(outcome: Outcome) -> Problem:
    """What a failed run of the reference kernels means for the user."""
    if not outcome.signal:
        return Problem(
            _WHERE,
            f"failed (exit {outcome.code}):\n{outcome.message}",
            "the kernels refuse this model; run it in TensorFlow Lite to see the same message",
        )
    return Problem(
        _WHERE,
        f"aborted with {outcome.signal}:\n{outcome.message}",
        "the kernels give up on degenerate numbers, for example a softmax over more than 512 nearly equal logits "
        "(typical for an untrained network): train the model, or give calibration data that excites every layer",
    )


def _read(path: Path) -> dict[str, Int8]:
    with np.load(path) as archive:
        return {str(name): archive[str(position)] for position, name in enumerate(archive["names"])}
