"""A QKeras model in float64: where float32 is too short for its accumulators. Only worker processes use this."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from flow.oracle import qkeras_weights
from flow.oracle.qkeras_weights import Scaled

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
#: options of a folded layer that the layer without normalisation has, too
_KEPT = (
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


def in_float64(model: Any) -> Any:
    """The same model computing in float64, with the weights that QKeras's quantisers make of it in float32.

    A scale that is no power of two is applied to a layer's sums, not to each weight: the sums are exact then.
    """
    import tensorflow as tf
    from qkeras.utils import _add_supported_quantized_objects

    config = model.get_config()
    weights: dict[str, list[Any]] = {}
    scaled: dict[str, Scaled] = {}
    for entry in config["layers"]:
        options = entry["config"]
        if "dtype" in options:
            options["dtype"] = "float64"
        if entry["class_name"] == "InputLayer":
            continue
        layer = model.get_layer(options["name"])
        if "activation" in options:
            options["activation"] = layer.activation
        if "BatchNormalization" in entry["class_name"]:
            _becomes(entry, "BatchNormalization")
            entry["config"], weights[layer.name] = qkeras_weights.normalisation_in_float64(layer)
        elif qkeras_weights.has_kernel(layer):
            kernel, bias = qkeras_weights.kernel(layer), qkeras_weights.bias(layer)
            if kernel.scale is not None:
                channels = int(layer.output.shape[-1])
                offset = np.zeros(channels) if bias is None else bias
                scaled[layer.name] = Scaled(np.resize(kernel.scale, channels), offset, None)
                bias = None
            weights[layer.name] = [kernel.units, *([] if bias is None else [bias])]
            _as_plain_layer(entry, bias is not None)
        else:
            weights[layer.name] = layer.get_weights()
    objects: dict[str, Any] = {}
    _add_supported_quantized_objects(objects)
    tf.keras.backend.set_floatx("float64")
    tf.keras.backend.set_epsilon(np.float64(tf.keras.backend.epsilon()))  # joins float64 tensors
    wide = type(model).from_config(config, custom_objects=objects)
    for name, values in weights.items():
        wide.get_layer(name).set_weights(values)
    for name, scale in scaled.items():
        layer = wide.get_layer(name)
        layer.activation = replace(scale, own=layer.activation)
    return wide


def _becomes(entry: dict[str, Any], kind: str) -> None:
    """Another class for a layer's entry, found by its name alone."""
    entry["class_name"] = kind
    for key in ("module", "registered_name", "build_config"):
        entry.pop(key, None)


def _as_plain_layer(entry: dict[str, Any], use_bias: bool) -> None:
    """Without quantisers of weights and without folding: the weights given are used as they are."""
    options = entry["config"]
    options |= {name: "zeros" if "initializer" in name else None for name in _TRAINING if name in options}
    options["use_bias"] = use_bias
    if entry["class_name"] in qkeras_weights.FOLDED:
        _becomes(entry, entry["class_name"].removesuffix("Batchnorm"))
        entry["config"] = {name: options[name] for name in _KEPT if name in options}
