"""Float Keras model -> int8 flatbuffer, by TensorFlow's converter in a process of its own."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from flow import errors
from flow.errors import FlowError, Problem, ToolError
from flow.frontend.calibrate import SAMPLES, Float32, read_samples
from flow.frontend.tensorflow_lite import INT8
from flow.oracle.process import run_worker


@dataclass(frozen=True)
class Converted:
    """The quantised model; inputs, outputs and layers are Keras's names, in the model's order.

    samples: the first ones of the user's calibration data, arrays (1, ...) by input; none if it is synthetic.
    """

    flatbuffer: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layers: tuple[str, ...]
    calibration: str
    warnings: tuple[str, ...]
    samples: tuple[dict[str, Float32], ...]


def convert(model: Path, calibration: Path | None, seed: int) -> Converted:
    """Quantise the model for a batch of one. The same arguments give the same bytes.

    Raises UsageError (calibration data, unreadable model), UnsupportedError (not quantisable), ToolError (the converter
    died).
    """
    with tempfile.TemporaryDirectory(prefix="flow-convert-") as name:
        folder = Path(name)
        outcome = run_worker(
            "flow.frontend.convert_worker",
            str(model.resolve()),
            str(folder),
            str(seed),
            *([] if calibration is None else [str(calibration.resolve())]),
        )
        if outcome.code:
            how = f"was killed by {outcome.signal}" if outcome.signal else f"failed (exit {outcome.code})"
            raise ToolError(
                Problem(
                    "TensorFlow Lite converter",
                    f"{how}:\n{outcome.message}",
                    "see the message; if memory ran out, use a smaller model or calibration set",
                )
            )
        result = json.loads((folder / "result.json").read_text())
        if "error" in result:
            kind: type[FlowError] = getattr(errors, result["error"])
            raise kind([Problem(*problem) for problem in result["problems"]])
        return Converted(
            (folder / INT8).read_bytes(),
            tuple(result["inputs"]),
            tuple(result["outputs"]),
            tuple(result["layers"]),
            result["calibration"],
            tuple(result["warnings"]),
            read_samples(folder / SAMPLES, result["inputs"]),
        )
