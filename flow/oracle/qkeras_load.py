"""Loads a QKeras file with the legacy Keras it was made for. Only worker processes use this: it starts TensorFlow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flow.errors import Problem, UsageError

os.environ["TF_USE_LEGACY_KERAS"] = "1"


def load(path: Path) -> Any:
    """The Keras model. Raises UsageError if it cannot be loaded."""
    import tensorflow as tf
    from qkeras.utils import load_qmodel

    tf.config.experimental.enable_op_determinism()
    tf.random.set_seed(0)  # or a model with random quantisers cannot even be loaded, and so not be refused by name
    try:
        return load_qmodel(str(path), compile=False)
    except Exception as error:  # Keras and QKeras raise anything; whatever it is, the file cannot be used
        text = str(error).strip().splitlines() or [type(error).__name__]
        raise UsageError(
            Problem(
                str(path),
                f"QKeras cannot load it: {text[0][:300]}",
                "save the model as .h5 (model.save('model.h5')) with QKeras 0.9 and legacy Keras "
                "(TF_USE_LEGACY_KERAS=1)",
            )
        ) from error


def nodes(model: Any) -> list[Any]:
    """The model's calls of layers, inputs first."""
    by_depth = model._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def without_quantisers(model: Any) -> None:
    """Let the model compute with its float weights and unrounded activations."""
    for layer in model.layers:
        for part in ("kernel", "bias", "depthwise", "gamma", "beta", "mean", "variance"):
            if getattr(layer, f"{part}_quantizer_internal", None) is not None:
                setattr(layer, f"{part}_quantizer_internal", _as_it_is)
        functions: list[Any] = [getattr(layer, "quantizer", None), getattr(layer, "activation", None)]
        for function in functions:
            if hasattr(function, "qnoise_factor"):
                function.qnoise_factor = 0.0


def _as_it_is(values: Any) -> Any:
    return values
