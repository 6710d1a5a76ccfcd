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


#: options of a layer that only matter while weights are made or trained
_TRAINING = (
    "kernel_quantizer",
    "bias_quantizer",
    "depthwise_quantizer",
    "kernel_constraint",
    "bias_constraint",
    "depthwise_constraint",
    "kernel_initializer",
    "bias_initializer",
    "depthwise_initializer",
    "kernel_range",
    "bias_range",
    "depthwise_range",
)
_FOLDED = {"QConv2DBatchnorm": "QConv2D", "QDepthwiseConv2DBatchnorm": "QDepthwiseConv2D"}


def in_float64(model: Any) -> Any:
    """The same model computing in float64, with the weights that QKeras's quantisers make of it in float32."""
    import tensorflow as tf
    from qkeras.utils import _add_supported_quantized_objects

    config = model.get_config()
    weights: dict[str, list[Any]] = {}
    for entry in config["layers"]:
        options = entry["config"]
        if "dtype" in options:
            options["dtype"] = "float64"
        if entry["class_name"] == "InputLayer":
            continue
        layer = model.get_layer(options["name"])
        quantised = _quantised_weights(layer)
        if quantised is None:
            weights[layer.name] = layer.get_weights()
            continue
        weights[layer.name] = quantised
        entry["class_name"] = kind = _FOLDED.get(entry["class_name"], entry["class_name"])
        if "BatchNormalization" in kind:
            continue
        options |= {name: "zeros" if "initializer" in name else None for name in _TRAINING if name in options}
        options["use_bias"] = len(quantised) > 1
        if type(layer).__name__ in _FOLDED:
            known = (
                "name",
                "trainable",
                "dtype",
                "filters",
                "kernel_size",
                "strides",
                "padding",
                "data_format",
                "dilation_rate",
                "activation",
                "use_bias",
                "depth_multiplier",
            )
            entry["config"] = {name: options[name] for name in known if name in options}
    objects: dict[str, Any] = {}
    _add_supported_quantized_objects(objects)
    tf.keras.backend.set_floatx("float64")
    wide = type(model).from_config(config, custom_objects=objects)
    for name, values in weights.items():
        wide.get_layer(name).set_weights(values)
    return wide


def _quantised_weights(layer: Any) -> list[Any] | None:
    """[kernel] or [kernel, bias] as the layer's own quantisers make them, None for a layer without such weights."""
    import tensorflow as tf

    kind = type(layer).__name__
    if kind in _FOLDED:
        kernel, bias = layer.get_folded_weights()
        given = [
            (kernel, "depthwise_quantizer" if "Depthwise" in kind else "kernel_quantizer"),
            (bias, "bias_quantizer"),
        ]
    elif hasattr(layer, "kernel_quantizer_internal") or hasattr(layer, "depthwise_quantizer_internal"):
        first = "depthwise" if hasattr(layer, "depthwise_quantizer_internal") else "kernel"
        given = [(layer.depthwise_kernel if first == "depthwise" else layer.kernel, f"{first}_quantizer")]
        if layer.use_bias:
            given.append((layer.bias, "bias_quantizer"))
    else:
        return None
    result = []
    for values, name in given:
        quantiser = getattr(layer, f"{name}_internal", None)
        tensor = tf.convert_to_tensor(values)
        result.append((tensor if quantiser is None else quantiser(tensor)).numpy())
    return result


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
