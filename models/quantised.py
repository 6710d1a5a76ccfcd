"""QKeras networks: seeded ones of usual shapes, and a classifier of handwritten digits, trained here.

These run in a process with legacy Keras (``models.generate``).
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

#: share of a quantiser's range that a layer's standard deviation takes
_SPREAD = 0.4


def enliven(model: Any, seed: int = 0, samples: int = 64) -> Any:
    """Seeded weights; each kernel is scaled so that its layer's output fills the range of the quantiser behind it.

    The seed and the layers' names alone decide every weight.
    """
    import tensorflow as tf

    random = np.random.default_rng([seed, 99])
    data = [random.uniform(-1, 1, (samples, *tensor.shape[1:])) for tensor in model.inputs]
    for layer in model.layers:
        generator = np.random.default_rng([seed, zlib.crc32(layer.name.encode())])
        if not hasattr(layer, "kernel"):
            continue
        shape = tuple(layer.kernel.shape)
        layer.kernel.assign(generator.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape))
        if layer.use_bias:
            layer.bias.assign(generator.normal(0, 0.1, layer.bias.shape))
        target = _SPREAD * _range_behind(layer)
        if hasattr(layer, "batchnorm"):
            plain = tf.keras.Model(model.inputs, layer.input)
            out = tf.nn.conv2d(plain.predict(data, verbose=0), layer.kernel, layer.strides, layer.padding.upper())
            layer.batchnorm.moving_mean.assign(tf.reduce_mean(out, (0, 1, 2)))
            layer.batchnorm.moving_variance.assign(tf.math.reduce_variance(out, (0, 1, 2)))
            layer.batchnorm.gamma.assign(generator.uniform(0.7, 1.3, layer.batchnorm.gamma.shape) * target)
            layer.batchnorm.beta.assign(generator.normal(0, 0.1, layer.batchnorm.beta.shape))
            continue
        for _ in range(2):
            spread = float(np.std(tf.keras.Model(model.inputs, layer.output).predict(data, verbose=0)))
            layer.kernel.assign(layer.kernel * target / max(spread, 1e-6))
    return model


def _range_behind(layer: Any) -> float:
    """Largest value of the quantiser that takes the layer's output, as far as it can be found."""
    own = getattr(layer, "activation", None)
    if hasattr(own, "integer"):
        return float(2.0 ** int(own.integer))
    for node in layer.outbound_nodes:
        quantiser = getattr(node.layer, "quantizer", None)
        if hasattr(quantiser, "integer"):
            return float(2.0 ** int(quantiser.integer))
    return 1.0


def _bits(bits: int, integer: int = 0) -> Any:
    from qkeras import quantized_bits

    return quantized_bits(bits, integer, alpha=1)


def _kernel(bits: int) -> Any:
    from qkeras import binary, quantized_bits, ternary

    return {1: lambda: binary(alpha="auto_po2"), 2: lambda: ternary(alpha="auto_po2")}.get(
        bits, lambda: quantized_bits(bits, 0, alpha="auto_po2")
    )()


def jets() -> Any:
    """Dense network of the shape used for jet tagging: 16 features, 64-32-32, 5 classes; 6 bits."""
    import tensorflow as tf
    from qkeras import QActivation, QDense

    keras = tf.keras
    features = keras.Input((16,), name="features")
    x = QActivation(_bits(8, 2), name="quantised")(features)
    for index, units in enumerate((64, 32, 32), 1):
        x = QDense(units, kernel_quantizer=_kernel(6), bias_quantizer=_bits(6), name=f"dense{index}")(x)
        x = QActivation("quantized_relu(6,1)", name=f"relu{index}")(x)
    x = QDense(5, kernel_quantizer=_kernel(6), bias_quantizer=_bits(6), name="logits")(x)
    x = QActivation(_bits(8, 2), name="classes")(x)
    x = keras.layers.Activation("softmax", name="softmax")(x)
    return enliven(keras.Model(features, x, name="jets"))


def keywords() -> Any:
    """Convolutional network of the shape used for keyword spotting: a 49 x 10 spectrogram, 12 words; 4-bit weights."""
    import tensorflow as tf
    from qkeras import QActivation, QConv2DBatchnorm, QDense, QGlobalAveragePooling2D

    keras = tf.keras
    sound = keras.Input((49, 10, 1), name="spectrogram")
    x = QActivation(_bits(8), name="quantised")(sound)
    x = QConv2DBatchnorm(
        24,
        (10, 4),
        strides=(2, 2),
        padding="same",
        kernel_quantizer=_kernel(4),
        bias_quantizer=_bits(8, 1),
        name="conv1",
    )(x)
    x = QActivation("quantized_relu(4,2)", name="relu1")(x)
    for index in (2, 3):
        x = QConv2DBatchnorm(
            24, (3, 3), padding="same", kernel_quantizer=_kernel(4), bias_quantizer=_bits(8, 1), name=f"conv{index}"
        )(x)
        x = QActivation("quantized_relu(4,2)", name=f"relu{index}")(x)
    x = QGlobalAveragePooling2D(activation=_bits(8, 2), name="mean")(x)
    x = QDense(12, kernel_quantizer=_kernel(4), bias_quantizer=_bits(8, 1), name="logits")(x)
    x = QActivation(_bits(8, 2), name="words")(x)
    x = keras.layers.Activation("softmax", name="softmax")(x)
    return enliven(keras.Model(sound, x, name="keywords"))


def resnet8() -> Any:
    """ResNet-8 of the CIFAR shape, 32 x 32 x 3, 10 classes; 4-bit weights, 8-bit and 4-bit activations."""
    import tensorflow as tf
    from qkeras import QActivation, QConv2DBatchnorm, QDense, QGlobalAveragePooling2D

    keras = tf.keras

    def conv(x: Any, filters: int, kernel: int, strides: int, name: str) -> Any:
        return QConv2DBatchnorm(
            filters,
            kernel,
            strides=strides,
            padding="same",
            kernel_quantizer=_kernel(4),
            bias_quantizer=_bits(8, 1),
            name=name,
        )(x)

    image = keras.Input((32, 32, 3), name="image")
    x = QActivation(_bits(8), name="quantised")(image)
    x = QActivation("quantized_relu(8,2)", name="relu0")(conv(x, 16, 3, 1, "conv0"))
    for stage, filters in enumerate((16, 32, 64), 1):
        stride = 1 if stage == 1 else 2
        y = QActivation("quantized_relu(4,2)", name=f"relu{stage}a")(conv(x, filters, 3, stride, f"conv{stage}a"))
        y = QActivation(_bits(6, 2), name=f"quantised{stage}b")(conv(y, filters, 3, 1, f"conv{stage}b"))
        if stride > 1:
            x = QActivation(_bits(8, 2), name=f"quantised{stage}s")(conv(x, filters, 1, stride, f"conv{stage}s"))
        x = QActivation("quantized_relu(8,2)", name=f"relu{stage}")(keras.layers.Add(name=f"add{stage}")([x, y]))
    x = QGlobalAveragePooling2D(activation="quantized_relu(8,2)", name="mean")(x)
    x = QDense(10, kernel_quantizer=_kernel(8), bias_quantizer=_bits(8, 1), name="logits")(x)
    x = QActivation(_bits(8, 2), name="classes")(x)
    x = keras.layers.Activation("softmax", name="softmax")(x)
    return enliven(keras.Model(image, x, name="resnet8"))


def traps() -> Any:
    """Large kernels, averages of negative numbers, an activation after pooling, residual inputs with different binary
    points, fan-out to kernels of different sizes, strides; 18 x 18 x 3, 4 bits, 16-bit biases."""
    import tensorflow as tf
    from qkeras import QActivation, QAveragePooling2D, QConv2D, QDense

    keras = tf.keras

    def conv(x: Any, filters: int, kernel: int, name: str, strides: tuple[int, int] = (1, 1)) -> Any:
        return QConv2D(
            filters,
            kernel,
            strides=strides,
            padding="same",
            kernel_quantizer=_kernel4(),
            bias_quantizer=_bits(16, 3),
            name=name,
        )(x)

    def _kernel4() -> Any:
        return _bits(4)

    def leaky(integer: int) -> str:
        return f"quantized_relu(4,{integer},0,0.125)"

    image = keras.Input((18, 18, 3), name="image")
    x = QActivation(_bits(4), name="quantised")(image)
    x = QActivation("quantized_relu(4,1)", name="relu1")(conv(x, 8, 11, "conv1", (2, 1)))
    x = first = QAveragePooling2D((3, 4), strides=(2, 3), padding="same", activation=_bits(4, 1), name="average")(x)
    x = QActivation(_bits(4, 0), name="quantised2")(conv(x, 8, 1, "conv2"))
    x = second = QActivation(_bits(4, 1), name="sum2")(keras.layers.Add(name="add2")([x, first]))
    x = QActivation(_bits(4, 2), name="quantised3")(conv(x, 8, 7, "conv3"))
    x = QActivation(_bits(4, 1), name="sum3")(keras.layers.Add(name="add3")([x, second]))
    x = QActivation(leaky(1), name="leaky4")(conv(x, 8, 5, "conv4"))
    x = QActivation(_bits(4, 0), name="sum4")(keras.layers.Add(name="add4")([x, first]))
    x = QAveragePooling2D((2, 2), strides=(1, 1), padding="same", activation=_bits(4, 0), name="negative_average")(x)
    x = QActivation("quantized_relu(4,1)", name="relu5")(conv(x, 24, 3, "conv5"))
    x = QActivation(leaky(1), name="leaky6")(conv(x, 10, 1, "conv6"))
    x = keras.layers.Flatten(name="flatten")(x)
    x = QDense(10, kernel_quantizer=_bits(4), bias_quantizer=_bits(16, 3), name="dense")(x)
    x = QActivation(leaky(2), name="leaky7")(x)
    x = keras.layers.Activation("softmax", name="softmax")(x)
    return enliven(keras.Model(image, x, name="traps"))


def digits() -> Any:
    """Handwritten digits, 8-bit weights."""
    from models.digits import train

    return train(8)


def digits_4() -> Any:
    """Handwritten digits, 4-bit weights."""
    from models.digits import train

    return train(4)


def digits_2() -> Any:
    """Handwritten digits, 2-bit (ternary) weights."""
    from models.digits import train

    return train(2)
