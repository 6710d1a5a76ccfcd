"""Worker of the conversion: ``python -m flow.frontend.convert_worker MODEL FOLDER SEED [CALIBRATION]``.

Loads the Keras model (never executing code from the file), quantises it to int8 for a batch of one image, and writes
FOLDER/model.tflite and FOLDER/result.json.
"""

from __future__ import annotations

import gc
import json
import re
import sys
from pathlib import Path
from typing import Any

from flow.errors import FlowError, Problem, UnsupportedError, UsageError
from flow.frontend.calibrate import SAMPLES, Calibration, InputSpec, load
from flow.frontend.keras_model import first_line, layers_of, load_model, rename
from flow.frontend.names import input_names
from flow.frontend.tensorflow_lite import freeze, to_float, to_int8

#: the converter's message about an operation without a kernel: the end of its place, its kind
_UNKNOWN = re.compile(r'"(?:[^"/]*/)?([^"]+)"\]?\)+: \'tf\.(\w+)\' op is neither')


def _inputs(model: Any) -> tuple[InputSpec, ...]:
    tensors = getattr(model, "inputs", None)
    if not tensors:
        raise UsageError(
            Problem("model", "has no defined inputs", "build the model (add an Input layer) before saving it")
        )
    problems, specs = [], []
    for tensor, name in zip(tensors, input_names(tensor.name.split(":")[0] for tensor in tensors), strict=True):
        where = f"input {tensor.name}"
        batch, *shape = tensor.shape
        if batch not in (None, 1):
            problems.append(Problem(where, f"has a fixed batch of {batch}", "save the model with batch size None or 1"))
        if any(n is None for n in shape):
            problems.append(Problem(where, f"has an open shape {tuple(tensor.shape)}", "give the input a fixed size"))
        if len(shape) > 3:
            problems.append(
                Problem(where, f"has {len(shape)} dimensions", "at most height, width and channels are supported")
            )
        if str(tensor.dtype) != "float32":
            remedy = "give the model a float input (whole numbers as floats) and save it again"
            problems.append(Problem(where, f"has type {tensor.dtype}; only floats are quantised", remedy))
        specs.append(InputSpec(name, tuple(n for n in shape if n is not None)))
    if problems:
        raise UnsupportedError(problems)
    return tuple(specs)


def _recurrent(model: Any) -> list[Problem]:
    """Layers with a state from step to step, which TensorFlow's converter may not survive."""
    import keras

    found = [layer for layer in layers_of(model) if isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional)]
    return [
        Problem(
            f"layer {layer.name} ({type(layer).__name__})",
            "is recurrent: it keeps a state from one step to the next",
            "only networks that run straight from input to output are supported; convolutions or dense layers over "
            "the steps can take its place",
        )
        for layer in found
    ]


def _frozen(model_path: Path, folder: Path, seed: int, data: Path | None) -> tuple[Calibration, dict[str, Any]]:
    """Writes the model as a graph of constants; what it is calibrated with and how it is described."""
    model = load_model(model_path, folder)
    inputs = _inputs(model)
    if problems := _recurrent(model):
        raise UnsupportedError(problems)
    calibration = load(data, inputs, seed)
    if data is not None:
        calibration.keep(folder / SAMPLES)
    layers = list(dict.fromkeys(layer.name for layer in layers_of(model)))
    outputs = [tensor.name for tensor in model.outputs]
    rename(model)
    try:
        freeze(model, inputs, folder)
    except Exception as error:  # Keras raises anything
        found, cure = f"Keras itself cannot compute it: {first_line(error)}", "see that it gives an output"
        raise UsageError(Problem("model", found, cure)) from error
    return calibration, {
        "inputs": [spec.name for spec in inputs],
        "outputs": outputs,
        "calibration": calibration.kind,
        "warnings": list(calibration.warnings),
        "layers": layers,
    }


def _quantise(calibration: Calibration, folder: Path) -> None:
    try:
        to_float(folder)
        to_int8(calibration, folder)
    except Exception as error:  # the converter raises anything
        raise UnsupportedError(refusals(str(error) or type(error).__name__)) from error


def refusals(text: str) -> list[Problem]:
    """What TensorFlow's converter says, operation by operation where it names them."""
    cure = "replace the layers it names by ones with an int8 kernel"
    named = dict.fromkeys(_UNKNOWN.findall(text))
    if named:
        return [Problem(f"layer {where}", f"TensorFlow Lite has no {kind}", cure) for where, kind in named]
    lines = [line for line in text.splitlines() if line.strip()][:6]
    return [Problem("TensorFlow Lite converter", "cannot quantise the model to int8:\n" + "\n".join(lines), cure)]


def main(arguments: list[str]) -> None:
    model_path, folder, seed = Path(arguments[0]), Path(arguments[1]), int(arguments[2])
    calibration_path = Path(arguments[3]) if len(arguments) > 3 else None
    result: dict[str, Any]
    try:
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
        calibration, result = _frozen(model_path, folder, seed, calibration_path)
        gc.collect()  # the Keras model
        _quantise(calibration, folder)
    except FlowError as error:
        result = {
            "error": type(error).__name__,
            "problems": [[problem.where, problem.found, problem.remedy] for problem in error.problems],
        }
    (folder / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
