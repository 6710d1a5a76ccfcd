"""Worker of the conversion: ``python -m flow.frontend.convert_worker MODEL FOLDER SEED [CALIBRATION]``.

Loads the Keras model (never executing code from the file), quantises it to int8 for a batch of one image, and writes
FOLDER/model.tflite and FOLDER/result.json.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flow.errors import FlowError, Problem, UnsupportedError, UsageError
from flow.frontend.calibrate import SAMPLES, Calibration, InputSpec, load


def _load_model(path: Path) -> Any:
    import keras

    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises anything; whatever it is, the file cannot be used
        text = str(error).strip().splitlines() or [type(error).__name__]
        raise UsageError(
            Problem(
                str(path), f"Keras cannot load it: {text[0][:300]}", "save the model again with Keras 2.13 or newer"
            )
        ) from error


def _inputs(model: Any) -> tuple[InputSpec, ...]:
    tensors = getattr(model, "inputs", None)
    if not tensors:
        raise UsageError(
            Problem("model", "has no defined inputs", "build the model (add an Input layer) before saving it")
        )
    problems, specs = [], []
    for tensor in tensors:
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
            problems.append(Problem(where, f"has type {tensor.dtype}", "only float32 inputs are quantised"))
        specs.append(
            InputSpec(
                re.sub(r"[^A-Za-z0-9_]", "_", tensor.name.split(":")[0]), tuple(n for n in shape if n is not None)
            )
        )
    if problems:
        raise UnsupportedError(problems)
    return tuple(specs)


def _convert(model: Any, inputs: tuple[InputSpec, ...], calibration: Calibration) -> bytes:
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = [tf.TensorSpec((1, *spec.shape), tf.float32, name=spec.name) for spec in inputs]

    @tf.function(input_signature=signature)
    def one_image(*tensors: Any) -> Any:
        return tf.nest.flatten(model(list(tensors) if len(tensors) > 1 else tensors[0], training=False))

    def samples() -> Iterator[list[Any]]:
        for sample in calibration.samples:
            yield list(sample)

    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [convert_variables_to_constants_v2(one_image.get_concrete_function())]
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    try:
        return bytes(converter.convert())
    except Exception as error:  # the converter raises anything
        text = [line for line in str(error).splitlines() if line.strip()][:6] or [type(error).__name__]
        raise UnsupportedError(
            Problem(
                "TensorFlow Lite converter",
                "cannot quantise the model to int8:\n" + "\n".join(text),
                "replace the layers it names by ones with an int8 kernel",
            )
        ) from error


def _layer_names(model: Any) -> Iterator[str]:
    """Names of all layers, those of nested models included."""
    for layer in model.layers:
        yield layer.name
        if hasattr(layer, "layers"):
            yield from _layer_names(layer)


def main(arguments: list[str]) -> None:
    model_path, folder, seed = Path(arguments[0]), Path(arguments[1]), int(arguments[2])
    calibration_path = Path(arguments[3]) if len(arguments) > 3 else None
    result: dict[str, Any]
    try:
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
        model = _load_model(model_path)
        inputs = _inputs(model)
        calibration = load(calibration_path, inputs, seed)
        if calibration_path is not None:
            calibration.keep(folder / SAMPLES)
        (folder / "model.tflite").write_bytes(_convert(model, inputs, calibration))
        result = {
            "inputs": [spec.name for spec in inputs],
            "outputs": [tensor.name for tensor in model.outputs],
            "calibration": calibration.kind,
            "warnings": list(calibration.warnings),
            "layers": list(dict.fromkeys(_layer_names(model))),
        }
    except FlowError as error:
        result = {
            "error": type(error).__name__,
            "problems": [[problem.where, problem.found, problem.remedy] for problem in error.problems],
        }
    (folder / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
