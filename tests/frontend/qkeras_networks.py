"""Random QKeras networks: all quantisers, residuals, pools, odd sizes. Needs a process with legacy Keras."""

from __future__ import annotations

from typing import Any

import numpy as np

Random = np.random.Generator


def weight_quantiser(random: Random) -> Any:
    from qkeras import binary, quantized_bits, quantized_po2, stochastic_binary, stochastic_ternary, ternary

    bits = int(random.integers(2, 9))
    kinds = [
        lambda: quantized_bits(bits, int(random.integers(0, 2)), alpha=1),
        lambda: quantized_bits(bits, 0, alpha="auto_po2"),
        lambda: quantized_bits(bits, 0, 1, alpha=1),
        lambda: quantized_bits(bits, 0, keep_negative=False, alpha=1) if bits < 8 else quantized_bits(7, 0, alpha=1),
        lambda: quantized_bits(1, 0, alpha=1),
        lambda: binary(alpha=1),
        lambda: binary(alpha="auto_po2"),
        lambda: ternary(alpha="auto_po2"),
        lambda: ternary(alpha=1, threshold=0.2),
        lambda: stochastic_binary(alpha="auto_po2"),
        lambda: stochastic_ternary(alpha="auto_po2"),
        lambda: quantized_po2(int(random.integers(3, 5)), max_value=1),
        lambda: quantized_bits(bits, int(random.integers(0, 2)), alpha="auto"),
        lambda: ternary(alpha="auto"),
        lambda: quantized_bits(8, 0, keep_negative=False, alpha=1),
    ]
    return kinds[int(random.integers(len(kinds)))]()


def bias_quantiser(random: Random) -> Any:
    from qkeras import quantized_bits, quantized_po2

    kinds = [
        lambda: quantized_bits(int(random.integers(3, 17)), int(random.integers(0, 3)), alpha=1),
        lambda: quantized_po2(4, max_value=2),
        lambda: None,
    ]
    return kinds[int(random.choice(3, p=[0.7, 0.15, 0.15]))]()


def activation(random: Random, table: bool = False) -> Any:
    """An activation quantiser; ``table``: also those that only an already quantised input can take exactly."""
    from qkeras import (
        binary,
        quantized_bits,
        quantized_relu,
        quantized_relu_po2,
        quantized_sigmoid,
        quantized_tanh,
        stochastic_binary,
        ternary,
    )

    bits, integer = int(random.integers(2, 9)), int(random.integers(0, 3))
    kinds = [
        lambda: quantized_bits(bits, integer, alpha=1),
        lambda: quantized_bits(bits, integer, 1, alpha=1),
        lambda: quantized_bits(bits, integer, keep_negative=False, alpha=1),
        lambda: quantized_relu(bits, integer),
        lambda: quantized_relu(bits, integer),
        lambda: quantized_relu(max(bits, 4), integer, negative_slope=float(random.choice([0.5, 0.25, 0.125]))),
        lambda: f"quantized_relu({bits},2,relu_upper_bound=1.5,is_quantized_clip=False)",
        lambda: quantized_tanh(bits),
        lambda: quantized_sigmoid(bits),
        lambda: binary(alpha=1),
        lambda: stochastic_binary(alpha=1),
        lambda: ternary(alpha=1, threshold=0.5),
    ]
    if table:
        kinds += [
            lambda: quantized_tanh(bits, use_real_tanh=True),
            lambda: quantized_sigmoid(bits, use_real_sigmoid=True),
            lambda: quantized_relu_po2(3, max_value=4),
            lambda: quantized_relu(bits, integer, use_sigmoid=1),
        ]
    return kinds[int(random.integers(len(kinds)))]()


class Builder:
    """Grows one network."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.maps: list[Any] = []  # quantised maps so far
        self.count = 0

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def quantise(self, x: Any, table: bool = False) -> Any:
        from qkeras import QActivation

        x = QActivation(activation(self.random, table), name=self.name("act"))(x)
        self.maps.append(x)
        return x

    def normalised(self, x: Any) -> Any:
        """Perhaps with a batch normalisation of either kind behind it."""
        import tensorflow as tf
        from qkeras import QBatchNormalization

        match int(self.random.integers(5)):
            case 0:
                return tf.keras.layers.BatchNormalization(name=self.name("norm"))(x)
            case 1:
                return QBatchNormalization(name=self.name("qnorm"))(x)
            case _:
                return x

    def layer(self, x: Any) -> Any:
        """One more layer with its quantiser."""
        import tensorflow as tf
        from qkeras import QAveragePooling2D, QConv2D, QConv2DBatchnorm, QDepthwiseConv2D, quantized_bits

        layers, random = tf.keras.layers, self.random
        padding = str(random.choice(["same", "valid"]))
        height, width = int(x.shape[1]), int(x.shape[2])
        kernel = tuple(int(n) for n in random.integers(1, 4, 2))
        if padding == "valid":
            kernel = (min(kernel[0], height), min(kernel[1], width))
        strides = tuple(int(n) for n in random.integers(1, 3, 2))
        options = {
            "padding": padding,
            "kernel_quantizer": weight_quantiser(random),
            "bias_quantizer": bias_quantiser(random),
            "use_bias": bool(random.random() < 0.8),
        }
        match int(random.integers(9)):
            case 0 | 1 | 2:
                y = QConv2D(int(random.integers(1, 7)), kernel, strides=strides, name=self.name("conv"), **options)(x)
                return self.quantise(self.normalised(y))
            case 3:
                y = QConv2DBatchnorm(
                    int(random.integers(1, 7)),
                    kernel,
                    name=self.name("folded"),
                    activation=activation(random),
                    **options,
                )(x)
                self.maps.append(y)
                return y
            case 4:
                options["depthwise_quantizer"] = options.pop("kernel_quantizer")
                return self.quantise(QDepthwiseConv2D(kernel, name=self.name("depthwise"), **options)(x))
            case 5:
                others = [other for other in self.maps if other.shape == x.shape] or [x]
                taken = [others[int(random.integers(len(others)))] for _ in range(int(random.choice([1, 1, 2])))]
                return self.quantise(self.normalised(layers.Add(name=self.name("add"))([x, *taken])))
            case 6:
                pool = layers.MaxPooling2D(kernel, strides=strides, padding=padding, name=self.name("max"))(x)
                return pool if random.random() < 0.5 else self.quantise(pool, table=True)
            case 7:
                quantiser = str(random.choice(["", "quantized_bits(6,0,alpha=1)"])) or None
                y = QAveragePooling2D(
                    kernel,
                    strides=strides,
                    padding=padding,
                    name=self.name("average"),
                    average_quantizer=quantiser,
                    activation=quantized_bits(int(random.integers(3, 9)), 2, alpha=1),
                )(x)
                self.maps.append(y)
                return y
            case _:
                return (
                    layers.ZeroPadding2D(((1, 0), (0, 2)), name=self.name("pad"))(x)
                    if width < 12
                    else self.quantise(x, True)
                )

    def network(self) -> Any:
        import tensorflow as tf
        from qkeras import QDense, QGlobalAveragePooling2D, quantized_bits

        layers, random = tf.keras.layers, self.random
        tf.random.set_seed(int(random.integers(1 << 30)))
        shape = (int(random.integers(3, 9)), int(random.integers(3, 9)), int(random.integers(1, 5)))
        image = tf.keras.Input(shape, name="image")
        x = self.quantise(image)
        for _ in range(int(random.integers(2, 6))):
            x = self.layer(x)
        outputs = []
        if random.random() < 0.3:
            outputs.append(QGlobalAveragePooling2D(name="mean", activation=quantized_bits(8, 2, alpha=1))(x))
        x = layers.Flatten(name="flatten")(x)
        bare = random.random() < 0.3  # without a quantiser only fixed-point numbers are exact
        x = QDense(
            int(random.integers(2, 9)),
            kernel_quantizer=quantized_bits(6, 0, alpha="auto_po2") if bare else weight_quantiser(random),
            bias_quantizer=quantized_bits(8, 2, alpha=1) if bare else bias_quantiser(random),
            name="dense",
        )(x)
        if not bare:
            x = self.quantise(x)
        if random.random() < 0.5:
            x = layers.Activation("softmax", name="softmax")(x)
        model = tf.keras.Model(image, [x, *outputs])
        for variable in model.weights:
            values = random.normal(0, 0.5, variable.shape)
            if "variance" in variable.name:
                values = random.uniform(0.3, 2, variable.shape)
            elif "gamma" in variable.name:
                values = random.uniform(0.5, 1.5, variable.shape) * random.choice([-1, 1], variable.shape)
            elif "iteration" in variable.name:
                continue
            variable.assign(values)
        return model


def network(seed: int) -> Any:
    """The network of this seed."""
    return Builder(seed).network()
