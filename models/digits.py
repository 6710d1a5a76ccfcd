"""A QKeras classifier of scikit-learn's handwritten digits (8 x 8, 16 grey levels), trained in under two minutes."""

from __future__ import annotations

from typing import Any

import numpy as np

_HELD_OUT = 360
_EPOCHS = 40


def data() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((images, labels) for training, the same held out); images (N, 8, 8, 1) float32 in 0 .. 1, exact 16ths."""
    from sklearn.datasets import load_digits

    found = load_digits()
    images = (found.images / 16).astype(np.float32)[..., None]
    order = np.random.default_rng(2024).permutation(len(images))
    train, test = order[_HELD_OUT:], order[:_HELD_OUT]
    return (images[train], found.target[train]), (images[test], found.target[test])


def build(bits: int | None) -> Any:
    """The network with weights of ``bits`` bits, or the float one (None)."""
    import tensorflow as tf
    from qkeras import QActivation, QConv2D, QDense, quantized_bits, ternary

    keras = tf.keras

    def weights() -> Any:
        return (
            None
            if bits is None
            else ternary(alpha="auto_po2")
            if bits == 2
            else quantized_bits(bits, 0, alpha="auto_po2")
        )

    def bias() -> Any:
        return None if bits is None else quantized_bits(8, 2, alpha=1)

    def relu(x: Any, name: str) -> Any:
        if bits is None:
            return keras.layers.ReLU(name=name)(x)
        return QActivation(f"quantized_relu({8 if bits == 8 else 4},2)", name=name)(x)

    image = keras.Input((8, 8, 1), name="image")
    x = image if bits is None else QActivation(quantized_bits(8, 1, alpha=1), name="quantised")(image)
    for index, (filters, stride) in enumerate(((16, 1), (32, 2), (32, 2)), 1):
        x = QConv2D(
            filters,
            3,
            strides=stride,
            padding="same",
            kernel_quantizer=weights(),
            bias_quantizer=bias(),
            name=f"conv{index}",
        )(x)
        x = relu(x, f"relu{index}")
    x = keras.layers.Flatten(name="flatten")(x)
    x = QDense(10, kernel_quantizer=weights(), bias_quantizer=bias(), name="logits")(x)
    if bits is not None:
        x = QActivation(quantized_bits(8, 4, alpha=1), name="classes")(x)
    x = keras.layers.Activation("softmax", name="softmax")(x)
    return keras.Model(image, x, name="digits" if bits in (None, 8) else f"digits-{bits}")


def train(bits: int | None) -> Any:
    """The trained network; the same each time."""
    import tensorflow as tf

    tf.keras.utils.set_random_seed(1)
    model = build(bits)
    (images, labels), _ = data()
    steps = _EPOCHS * (len(images) // 64)
    rate = tf.keras.optimizers.schedules.CosineDecay(4e-3, steps)
    model.compile(tf.keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    model.fit(images, labels, batch_size=64, epochs=_EPOCHS, verbose=0)
    return model
