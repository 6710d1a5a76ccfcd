"""The weights that a QKeras layer computes with, and its batch normalisation. Only worker processes use this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

FOLDED = ("QConv2DBatchnorm", "QDepthwiseConv2DBatchnorm")
#: largest share of a step by which a float32 product may miss scale * integer
_ROUNDING = 2.0**-18


@dataclass(frozen=True, eq=False)
class Kernel:
    """Quantised weights as float64: ``units`` * ``scale``, with one scale per output channel (last axis of a kernel).

    scale is None where the weights are fixed-point numbers as they are. depthwise kernels keep their four axes.
    """

    units: np.ndarray
    scale: np.ndarray | None

    @property
    def values(self) -> np.ndarray:
        return self.units if self.scale is None else self.units * self.scale


@dataclass(frozen=True, eq=False)
class Scaled:
    """An activation that first brings sums of ``Kernel.units`` to their scale, adds the bias, then does its own."""

    scale: np.ndarray
    offset: np.ndarray
    own: Any

    def __call__(self, sums: Any) -> Any:
        values = sums * self.scale + self.offset
        return values if self.own is None else self.own(values)


def kernel(layer: Any) -> Kernel:
    """The quantised kernel of a convolution or dense layer (without a quantiser: as it is)."""
    kind = type(layer).__name__
    if kind in FOLDED:
        raw = layer.get_folded_weights()[0]
    else:
        raw = layer.depthwise_kernel if "Depthwise" in kind else layer.kernel
    quantiser = kernel_quantiser(layer)
    values = quantised(raw, quantiser)
    scale = getattr(quantiser, "scale", None)
    if scale is None or not np.isfinite(values).all():
        return Kernel(values, None)
    factor = np.abs(np.asarray(scale, np.float64))
    if bool((np.frexp(factor)[0] == 0.5).all()):  # powers of two
        return Kernel(values, None)
    factor = np.broadcast_to(np.where(factor > 0, np.asarray(scale, np.float64), 1.0), values.shape)
    step = 1.0
    if type(quantiser).__name__ == "quantized_bits":
        step = 2.0 ** (int(quantiser.integer) - int(quantiser.bits) + int(bool(quantiser.keep_negative)))
    whole = np.rint(values / factor / step)
    lines = factor.reshape(-1, factor.shape[-1])
    if (np.abs(values / factor / step - whole) > _ROUNDING * np.maximum(np.abs(whole), 1)).any() or (
        lines != lines[0]
    ).any():
        return Kernel(values, None)  # no common scale: judged as they are
    return Kernel(whole * step, lines[0])


def has_kernel(layer: Any) -> bool:
    """Whether the layer is a convolution or dense layer of QKeras."""
    return any(hasattr(layer, f"{kind}_quantizer_internal") for kind in ("kernel", "depthwise"))


def kernel_quantiser(layer: Any) -> Any:
    """The quantiser object of a layer's kernel, None if it has none."""
    name = "depthwise_quantizer" if hasattr(layer, "depthwise_quantizer_internal") else "kernel_quantizer"
    return getattr(layer, f"{name}_internal", None)


def bias(layer: Any) -> np.ndarray | None:
    """The quantised bias as float64, None if there is none."""
    raw = layer.get_folded_weights()[1] if type(layer).__name__ in FOLDED else getattr(layer, "bias", None)
    return None if raw is None else quantised(raw, getattr(layer, "bias_quantizer_internal", None))


def quantised(values: Any, quantiser: Any) -> np.ndarray:
    """Float64 of what the quantiser makes of the values in float32."""
    import tensorflow as tf

    tensor = tf.convert_to_tensor(values)
    return np.asarray(tensor if quantiser is None else quantiser(tensor), np.float64)


def normalisation_in_float64(layer: Any) -> tuple[dict[str, Any], list[np.ndarray]]:
    """(options, weights) of the plain batch normalisation that does in float64 what ``layer`` does in float32."""
    parts = [("gamma", "gamma", layer.scale), ("beta", "beta", layer.center)]
    parts += [("mean", "moving_mean", True), ("variance", "moving_variance", True)]
    weights = [
        quantised(getattr(layer, attribute), getattr(layer, f"{part}_quantizer_internal", None))
        for part, attribute, there in parts
        if there
    ]
    options = {
        "name": layer.name,
        "axis": -1,
        "epsilon": layer.epsilon,
        "center": layer.center,
        "scale": layer.scale,
        "fused": False,
        "dtype": "float64",
    }
    return options, weights
