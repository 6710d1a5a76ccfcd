"""Weights for an untrained network that behave like trained ones: no layer's output dies out or explodes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from flow.frontend.calibrate import InputSpec, synthetic

_DATA_SEED = 7


def enliven(model: Any, seed: int = 0, samples: int = 4) -> Any:
    """Seeded He-normal kernels, small biases, spread normalisation, and statistics from one pass in training mode.

    samples: images of that pass. The seed and the layers' names alone decide every weight.
    """
    layers = list(_layers(model))
    for layer in layers:
        generator = np.random.default_rng([seed, zlib.crc32(layer.name.encode())])
        layer.set_weights([_weight(variable, generator) for variable in layer.weights])
    normalisations = [layer for layer in layers if type(layer).__name__ == "BatchNormalization"]
    if normalisations:
        momenta = [layer.momentum for layer in normalisations]
        for layer in normalisations:
            layer.momentum = 0.0
        model(_data(model, samples), training=True)
        for layer, momentum in zip(normalisations, momenta, strict=True):
            layer.momentum = momentum
    return model


def _layers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        elif layer.weights:
            yield layer


def _weight(variable: Any, generator: np.random.Generator) -> np.ndarray:
    shape, name = tuple(variable.shape), variable.path.rsplit("/", 1)[-1]
    match name:
        case "kernel" | "depthwise_kernel" | "pointwise_kernel":
            fan_in = int(np.prod(shape[:2])) if name == "depthwise_kernel" else int(np.prod(shape[:-1]))
            values = generator.normal(0.0, np.sqrt(2.0 / fan_in), shape)
        case "gamma":
            values = generator.uniform(0.5, 1.5, shape)
        case "beta":
            values = generator.normal(0.0, 0.3, shape)
        case "bias":
            values = generator.normal(0.0, 0.05, shape)
        case "moving_variance" | "variance":
            values = np.ones(shape)
        case "moving_mean" | "mean" | "count":
            values = np.zeros(shape)
        case _:
            raise ValueError(f"no rule for weight {variable.path}")
    return values.astype(variable.dtype)


def _data(model: Any, samples: int) -> Any:
    specs = [InputSpec(tensor.name, tuple(tensor.shape[1:])) for tensor in model.inputs]
    calibration = synthetic(specs, _DATA_SEED, samples)
    batches = [np.concatenate(arrays) for arrays in zip(*calibration.samples, strict=True)]
    return batches if len(batches) > 1 else batches[0]
