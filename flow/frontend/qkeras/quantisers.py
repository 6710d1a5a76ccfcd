"""Activation quantisers: the grid of their results, and the function itself, computed by QKeras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flow.errors import Problem, UnsupportedError
from flow.frontend.qkeras.fixed import common_exponent
from flow.frontend.qkeras.steps import Float64, Grid

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

    alpha = getattr(quantiser, "alpha", None)
    if isinstance(alpha, str):
        raise refuse("has a scale that depends on the data of each batch", "use alpha=1 for activations")
    if alpha is not None and np.size(alpha) != 1:
        raise refuse("has a scale per channel", "use alpha=1 for activations")
    scale = 0 if alpha is None else power(float(np.reshape(alpha, -1)[0]), "alpha")
    if kind in _RANDOM:
        raise refuse("is random also in inference", "use binary or stochastic_binary")
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
