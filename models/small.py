"""Small Keras networks that exercise what large ones do not."""

from __future__ import annotations

from typing import Any

from models.alive import enliven


def tiny() -> Any:
    """A few convolutions, a residual, pools, a classifier; 16 x 16 x 3."""
    import keras
    from keras import layers

    image = keras.Input((16, 16, 3), name="image")
    x = _conv(image, 8, 3, "conv1")
    shortcut = x = layers.MaxPooling2D(2, name="pool1")(x)
    x = _conv(x, 8, 3, "conv2")
    x = _conv(x, 8, 1, "conv3", activation=None)
    x = layers.ReLU(name="relu")(layers.Add(name="add")([x, shortcut]))
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dense(10, activation="softmax", name="classes")(x)
    return enliven(keras.Model(image, x, name="tiny"), samples=16)


def odd() -> Any:
    """Prime sizes, kernels larger than the map, strides larger than the kernel, dilation, 1 x 1 maps; 19 x 23 x 3."""
    import keras
    from keras import layers

    image = keras.Input((19, 23, 3), name="image")
    x = _conv(image, 5, (3, 5), "tall", strides=(2, 1))
    x = _conv(x, 7, 3, "dilated", padding="valid", dilation_rate=2)
    shortcut = x
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(x)
    x = layers.ReLU(6.0, name="depthwise_relu6")(layers.BatchNormalization(name="depthwise_norm")(x))
    x = _conv(x, 7, 1, "point", activation=None)
    x = layers.LeakyReLU(negative_slope=0.2, name="leaky")(layers.Add(name="add")([x, shortcut]))
    x = layers.AveragePooling2D(3, strides=2, padding="same", name="average")(x)
    x = layers.ZeroPadding2D(((1, 2), (0, 3)), name="pad")(x)
    x = _conv(x, 11, 2, "sparse", strides=3, padding="valid")
    x = _conv(x, 13, (5, 7), "large")
    y = layers.MaxPooling2D((3, 2), strides=(1, 2), padding="same", name="maximum")(x)
    x = layers.GlobalAveragePooling2D(keepdims=True, name="mean")(y)
    x = _conv(x, 17, 3, "single")
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(11, name="logits")(x)
    return enliven(keras.Model(image, x, name="odd"), samples=32)


def two_by_two() -> Any:
    """Inputs of two shapes, joined by an addition; a map and a vector of classes as outputs."""
    import keras
    from keras import layers

    left = keras.Input((12, 12, 3), name="left")
    right = keras.Input((6, 6, 5), name="right")
    x = _conv(left, 8, 3, "left_conv", strides=2)
    y = _conv(right, 8, 3, "right_conv")
    joined = layers.Add(name="join")([x, y])
    features = _conv(joined, 6, 3, "map", activation=None)
    x = layers.Flatten(name="flatten")(layers.MaxPooling2D(2, name="pool")(joined))
    classes = layers.Dense(7, activation="softmax", name="classes")(x)
    return enliven(keras.Model([left, right], [classes, features], name="two_by_two"), samples=16)


def _conv(
    x: Any, filters: int, kernel: Any, name: str, activation: str | None = "relu", padding: str = "same", **options: Any
) -> Any:
    """Convolution, normalisation, activation."""
    from keras import layers

    x = layers.Conv2D(filters, kernel, padding=padding, use_bias=False, name=name, **options)(x)
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    return x if activation is None else layers.Activation(activation, name=f"{name}_{activation}")(x)
