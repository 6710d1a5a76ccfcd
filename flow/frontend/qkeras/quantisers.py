"""Activation quantisers: the grid of their results, and the function itself, computed by QKeras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flow.errors import Problem, UnsupportedError
from flow.frontend.qkeras.fixed import common_exponent
from flow.frontend.qkeras.steps import Float64, Grid
from flow.oracle.qkeras_weights import normalisation_in_float64

#: random in QKeras's own predict
_RANDOM = ("bernoulli",)


def describe(quantiser: Any) -> str:
    """The quantiser as the user would write it."""
    if quantiser is None:
        return "none"
    if callable(quantiser) and hasattr(quantiser, "__name__"):
        return str(quantiser.__name__)
    try:
        return str(quantiser)
    except Exception:  # some of QKeras's own descriptions fail
        return type(quantiser).__name__


def is_quantiser(function: Any) -> bool:
    return type(function).__module__.startswith("qkeras")


def grid(quantiser: Any, layer: str) -> Grid:
    """Grid of an activation quantiser. Raises UnsupportedError, naming it, if its values are no fixed-point numbers."""
    kind = type(quantiser).__name__
    label = describe(quantiser)

    def refuse(found: str, remedy: str) -> UnsupportedError:
        return UnsupportedError(Problem(f"layer {layer}", f"activation {label} {found}", remedy))

    def power(value: float, what: str) -> int:
        exponent = int(common_exponent(np.array([value])))
        if value <= 0 or value * 2.0**exponent != 1:
            raise refuse(f"has {what} {value}, which is no power of two", f"use a power of two for {what}")
        return exponent

    if np.size(getattr(quantiser, "integer", 0)) != 1:
        raise refuse("has integer bits per channel", "use the same for all channels (per_channel=False)")
    alpha = getattr(quantiser, "alpha", None)
    if isinstance(alpha, str):
        raise refuse("has a scale that depends on the data of each batch", "use alpha=1 for activations")
    if alpha is not None and np.size(alpha) != 1:
        raise refuse("has a scale per channel", "use alpha=1 for activations")
    scale = 0 if alpha is None else power(float(np.reshape(alpha, -1)[0]), "alpha")
    refuse_random(quantiser, layer)
    if float(getattr(quantiser, "qnoise_factor", 1.0)) != 1.0:
        raise refuse("has a qnoise_factor other than 1", "finish the training with qnoise_factor 1")
    match kind:
        case "quantized_bits" | "quantized_hswish":
            unsigned = int(quantiser.bits) - int(bool(quantiser.keep_negative))
            integer = int(np.reshape(quantiser.integer, -1)[0])
            return Grid(scale + (unsigned - integer if unsigned > 0 else 0))
        case "quantized_relu":
            slope = float(quantiser.negative_slope)
            bits = int(quantiser.bits) - int(slope != 0)
            exponent = bits - int(np.reshape(quantiser.integer, -1)[0])
            if slope:
                # below -1 / (slope * 2**bits) the result is clipped to -slope, which may lie between the steps
                exponent += max(0, int(-np.log2(slope)) - bits)
            bound = quantiser.relu_upper_bound
            if bound and not quantiser.is_quantized_clip:
                exponent = max(exponent, int(common_exponent(np.array([float(np.float32(bound))]))))
            return Grid(exponent, slope if slope and not quantiser.use_sigmoid else 1.0)
        case "quantized_tanh":
            return Grid(int(quantiser.bits) - 1)
        case "quantized_sigmoid":
            return Grid(int(quantiser.bits))
        case "binary" | "stochastic_binary" | "ternary" | "stochastic_ternary":
            return Grid(scale)
        case "quantized_po2" | "quantized_relu_po2":
            return Grid(-int(quantiser._min_exp) * (2 if quantiser.quadratic_approximation else 1))
        case _:
            raise refuse(
                "does not give fixed-point numbers",
                "use quantized_bits, quantized_relu, quantized_tanh, quantized_sigmoid, binary or ternary",
            )


def refuse_random(quantiser: Any, layer: str) -> None:
    """Raises UnsupportedError for a quantiser that gives something else each time."""
    if type(quantiser).__name__ in _RANDOM:
        found = f"quantiser {describe(quantiser)} is random also in inference"
        raise UnsupportedError(Problem(f"layer {layer}", found, "use binary or stochastic_binary"))


def is_straight(function: Any) -> bool:
    """Whether the function is made of straight lines and steps and falls nowhere: then it has thresholds that can be
    found by halving, whatever the rounding of its floats."""
    kind = getattr(function, "__name__", type(function).__name__)
    match kind:
        case "quantized_bits" | "quantized_relu" | "binary" | "stochastic_binary" | "ternary" | "stochastic_ternary":
            return True
        case "quantized_tanh":
            return not function.use_real_tanh
        case "quantized_sigmoid":
            return not function.use_real_sigmoid
        case "linear" | "relu" | "relu6" | "hard_sigmoid":
            return True
        case "ReLU" | "LeakyReLU":
            return float(getattr(function, "negative_slope", getattr(function, "alpha", 0.0))) >= 0
        case _:
            return False


def affine(scale: Float64, offset: Float64) -> Callable[[Float64, bool], Float64]:
    """values * scale + offset for each channel, in float64."""

    def apply(values: Float64, wide: bool) -> Float64:
        return values * scale + offset

    return apply


def normalisation(layer: Any) -> Callable[[Float64, bool], Float64]:
    """A batch normalisation layer on (points, channels), in Keras's float32 or (wide) float64."""
    channels, rank = int(layer.output.shape[-1]), len(layer.output.shape)

    def apply(values: Float64, wide: bool) -> Float64:
        import tensorflow as tf

        used = layer
        points = np.broadcast_to(values, (*values.shape[:-1], channels))
        kind = "float64" if wide else "float32"
        given = tf.constant(points.reshape(-1, *[1] * (rank - 2), channels), dtype=kind)
        if wide:
            options, weights = normalisation_in_float64(layer)
            used = tf.keras.layers.BatchNormalization(**options)
            used.build(given.shape)
            used.set_weights(weights)
        return np.asarray(used(given, training=False), np.float64).reshape(points.shape)

    return apply


def evaluator(function: Any) -> Callable[[Float64, bool], Float64]:
    """The function on NumPy arrays, in Keras's float32 or (wide) float64."""

    def apply(values: Float64, wide: bool) -> Float64:
        import tensorflow as tf

        backend = tf.keras.backend
        before = backend.floatx()
        kind = "float64" if wide else "float32"
        backend.set_floatx(kind)
        try:
            return np.asarray(function(tf.constant(values, dtype=kind)), np.float64)
        finally:
            backend.set_floatx(before)

    return apply
