"""Small QKeras networks with odd options, and what is to come of each: "equal", or a part of the refusal's text.

Needs a process with legacy Keras.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Network = Callable[[], Any]
NETWORKS: dict[str, tuple[Network, str]] = {}


def outcome(expected: str) -> Callable[[Callable[..., Any]], Network]:
    """Registers a function (input, quantised input) -> output, or -> (inputs, outputs), as a network."""

    def register(build: Callable[..., Any]) -> Network:
        def network() -> Any:
            import tensorflow as tf

            image = tf.keras.Input((6, 6, 3), name="image")
            result = build(image, _act("quantized_bits(8,1,alpha=1)")(image))
            inputs, outputs = result if isinstance(result, tuple) else (image, result)
            return _with_weights(tf.keras.Model(inputs, outputs))

        NETWORKS[build.__name__] = (network, expected)
        return network

    return register


def _with_weights(model: Any) -> Any:
    random = np.random.default_rng(0)
    for variable in model.weights:
        values = random.normal(0, 0.5, variable.shape)
        if "variance" in variable.name:
            values = random.uniform(0.3, 2, variable.shape)
        elif "gamma" in variable.name:
            values = random.uniform(-1.5, 1.5, variable.shape)
        elif "iteration" in variable.name:
            continue
        variable.assign(values)
    return model


def _act(quantiser: Any) -> Any:
    from qkeras import QActivation

    return QActivation(quantiser)


def _conv(channels: int = 4, kernel: Any = 3, quantiser: Any = "quantized_bits(4,0,alpha=1)", **options: Any) -> Any:
    from qkeras import QConv2D

    return QConv2D(channels, kernel, kernel_quantizer=quantiser, **options)


def _layers() -> Any:
    import tensorflow as tf

    return tf.keras.layers


BITS6 = "quantized_bits(6,2,alpha=1)"
BITS8 = "quantized_bits(8,3,alpha=1)"


@outcome("equal")
def batch_normalisation(image: Any, x: Any) -> Any:
    from qkeras import QDense

    x = _layers().BatchNormalization()(_conv(6, bias_quantizer="quantized_bits(8,2,alpha=1)")(x))
    x = _layers().Flatten()(_act("quantized_relu(6,2)")(x))
    x = _layers().BatchNormalization()(QDense(5, kernel_quantizer="quantized_bits(4,0,alpha=1)", use_bias=False)(x))
    return _act(BITS8)(x)


@outcome("equal")
def quantised_batch_normalisation(image: Any, x: Any) -> Any:
    from qkeras import QBatchNormalization, quantized_relu

    x = _act(BITS6)(QBatchNormalization()(_conv(use_bias=False)(x)))
    x = QBatchNormalization(
        beta_quantizer=None, gamma_quantizer=None, mean_quantizer=None, variance_quantizer=None, scale=False
    )(_conv(use_bias=False)(x))
    return _act(quantized_relu(6, 2, negative_slope=0.25))(x)


@outcome("equal")
def normalised_in_odd_places(image: Any, x: Any) -> Any:
    from qkeras import QAveragePooling2D

    x = _act(BITS8)(_layers().BatchNormalization()(x))
    x = _act(BITS8)(_layers().BatchNormalization()(QAveragePooling2D(2)(x)))
    left, right = _act(BITS6)(_conv(4, 1)(x)), _act("quantized_relu(8,2)")(_conv(4, 1)(x))
    x = _layers().BatchNormalization()(_layers().Add()([left, right]))
    return _act("quantized_bits(7,3,1,alpha=1)")(_layers().MaxPooling2D(2)(x))


@outcome("equal")
def binary_with_normalisation(image: Any, x: Any) -> Any:
    from qkeras import binary, ternary

    x = _layers().BatchNormalization()(_conv(quantiser=binary(alpha=1), use_bias=False)(x))
    x = _layers().BatchNormalization()(_conv(quantiser=binary(alpha=1), use_bias=False)(_act(binary(alpha=1))(x)))
    return _act(ternary(alpha=1, threshold=0.4))(x)


@outcome("falls somewhere, behind a maximum")
def pooled_before_normalisation(image: Any, x: Any) -> Any:
    return _act(BITS6)(_layers().BatchNormalization()(_layers().MaxPooling2D(2)(_conv()(x))))


@outcome("equal")
def scales_of_any_size(image: Any, x: Any) -> Any:
    from qkeras import QDense, QDepthwiseConv2D, binary, quantized_bits, quantized_relu, ternary

    auto = quantized_bits(4, 0, alpha="auto")
    x = _act(BITS6)(_conv(quantiser=auto, bias_quantizer="quantized_bits(8,2,alpha=1)", padding="same")(x))
    x = _act(quantized_relu(6, 2, negative_slope=0.5))(_conv(quantiser=ternary(alpha="auto"), padding="same")(x))
    x = _act(BITS6)(QDepthwiseConv2D(3, depthwise_quantizer=quantized_bits(4, 0, alpha="auto"))(x))
    x = _act(BITS6)(_layers().BatchNormalization()(_conv(quantiser=binary(alpha=0.7))(x)))
    x = QDense(5, kernel_quantizer=quantized_bits(8, 1, alpha="auto"), use_bias=False)(_layers().Flatten()(x))
    return _act(BITS8)(x)


@outcome("equal")
def strings_and_defaults(image: Any, x: Any) -> Any:
    options = {"bias_quantizer": "quantized_bits(4)", "activation": "quantized_relu(3)"}
    x = _conv(quantiser="quantized_bits(4,0,1)", **options)(x)
    x = _conv(quantiser="stochastic_ternary('auto_po2')", activation="quantized_bits(4,4,0,1)")(x)
    return _act("quantized_tanh(4)")(_conv(4, 1, "ternary", bias_quantizer="binary")(x))


@outcome("equal")
def more_integer_bits_than_bits(image: Any, x: Any) -> Any:
    x = _act("quantized_bits(4,6,alpha=1)")(x)
    x = _conv(quantiser="quantized_bits(3,5,alpha=1)", bias_quantizer="quantized_bits(4,8,alpha=1)")(x)
    return _act("quantized_bits(4,10,alpha=1)")(x)


@outcome("equal")
def unsigned_weights(image: Any, x: Any) -> Any:
    x = _conv(quantiser="quantized_bits(8,0,keep_negative=False,alpha=1)", bias_quantizer="quantized_bits(8,2)")(x)
    x = _act("quantized_bits(8,5,keep_negative=False,alpha=1)")(x)
    x = _conv(quantiser="quantized_bits(1,0,keep_negative=False,alpha=1)")(x)
    return _act("quantized_bits(7,6,1,alpha=1)")(x)


@outcome("equal")
def powers_of_two(image: Any, x: Any) -> Any:
    from qkeras import QDense, quantized_po2

    x = _act(BITS8)(_conv(quantiser=quantized_po2(4, max_value=1), bias_quantizer=quantized_po2(5))(x))
    x = _layers().Flatten()(_act(quantized_po2(4, max_value=2))(x))
    return _act("quantized_bits(8,5,alpha=1)")(QDense(3, kernel_quantizer=quantized_po2(4, max_value=1))(x))


@outcome("is a curve, which cannot be proved on the sums")
def a_curve_on_sums(image: Any, x: Any) -> Any:
    return _act(BITS8)(_layers().Activation("swish")(_conv()(x)))


@outcome("equal")
def curves_on_quantised_values(image: Any, x: Any) -> Any:
    x = _layers().MaxPooling2D(2)(_layers().Activation("swish")(_act(BITS8)(_conv()(x))))
    return _act("quantized_relu(8,3)")(_layers().Activation("softplus")(_act(BITS8)(x)))


@outcome("equal")
def bounds(image: Any, x: Any) -> Any:
    x = _act("quantized_relu(6,3,relu_upper_bound=6,is_quantized_clip=False)")(_conv()(x))
    x = _act("quantized_relu(6,1,use_sigmoid=1)")(_conv()(x))
    return _act("quantized_relu(6,3,negative_slope=0.125,relu_upper_bound=1.5,is_quantized_clip=False)")(_conv(4, 1)(x))


@outcome("equal")
def folded(image: Any, x: Any) -> Any:
    from qkeras import QConv2DBatchnorm, QDepthwiseConv2DBatchnorm

    options = {"kernel_quantizer": "quantized_bits(6,1,alpha=1)", "ema_freeze_delay": 10}
    x = QConv2DBatchnorm(
        4, 3, bias_quantizer="quantized_bits(8,2,alpha=1)", folding_mode="batch_stats_folding", **options
    )(x)
    x = QConv2DBatchnorm(
        4, 3, activation="quantized_relu(8,4)", folding_mode="ema_stats_folding", padding="same", **options
    )(_act(BITS8)(x))
    x = QDepthwiseConv2DBatchnorm(3, depth_multiplier=2, depthwise_quantizer="quantized_bits(6,1,alpha=1)")(x)
    return _act("quantized_bits(8,4,alpha=1)")(x)


@outcome("equal")
def geometry(image: Any, x: Any) -> Any:
    x = _layers().ZeroPadding2D(((2, 0), (1, 3)))(x)
    x = _layers().Dropout(0.3)(_conv(8, (3, 5), strides=(2, 3))(x))
    x = _act("quantized_relu(6,3)")(x)
    x = _act(BITS8)(_conv(3, 2, padding="same", strides=2)(x))
    x = _layers().GaussianNoise(0.2)(_layers().Flatten()(x))
    return _layers().Softmax()(x)


@outcome("equal")
def several_inputs_and_outputs(image: Any, x: Any) -> Any:
    second = _layers().Input((6, 6, 2), name="second")
    x = _act("quantized_bits(6,1,alpha=1)")(_conv(4, 3, padding="same")(x))
    y = _act("quantized_bits(4,2,alpha=1)")(_conv(4, 1)(_act("quantized_relu(4,0)")(second)))
    z = _act("quantized_relu(6,2)")(_layers().Add()([x, y]))
    w = _act(BITS8)(_conv(2)(_layers().Concatenate()([x, y, z])))
    return [image, second], [w, z]


@outcome("equal")
def three_addends(image: Any, x: Any) -> Any:
    branches = [_act(f"quantized_bits({bits},{bits - 5},alpha=1)")(_conv()(x)) for bits in (8, 5)]
    branches.append(_act("quantized_relu(8,0)")(_conv()(x)))
    total = _layers().Add()(branches)
    return [image], [_act(BITS8)(total), _act("quantized_relu(4,2)")(total)]


@outcome("equal")
def random_in_training_only(image: Any, x: Any) -> Any:
    from qkeras import quantized_bits, stochastic_binary, stochastic_ternary

    weights = quantized_bits(4, 0, alpha=1, use_stochastic_rounding=True)
    x = _act(quantized_bits(6, 2, alpha=1, use_stochastic_rounding=True))(_conv(quantiser=weights)(x))
    return _act(stochastic_ternary(alpha=1, threshold=0.3))(_conv(quantiser=stochastic_binary(alpha=1))(x))


@outcome("equal")
def zeros_and_ones(image: Any, x: Any) -> Any:
    from qkeras import binary, ternary

    x = _act(binary(use_01=True, alpha=1))(_conv(quantiser=binary(use_01=True, alpha=1))(x))
    x = _act("binary")(_conv(quantiser=binary(alpha=1))(x))
    return _act(ternary())(_conv(4, 1, binary(alpha=2))(x))


@outcome("equal")
def float64_accumulators(image: Any, x: Any) -> Any:
    from qkeras import QBatchNormalization, QDense, quantized_bits

    eight, offset = "quantized_bits(8,0,alpha=1)", "quantized_bits(24,6,alpha=1)"
    x = _act("quantized_bits(8,5,alpha=1)")(_conv(32, 3, eight, padding="same", bias_quantizer=offset)(x))
    x = QDense(8, kernel_quantizer=eight, bias_quantizer=offset)(_layers().Flatten()(x))
    x = QDense(4, kernel_quantizer=quantized_bits(4, 0, alpha="auto_po2"))(_act("quantized_relu(8,4)")(x))
    return _act(BITS8)(QBatchNormalization()(x))


@outcome("equal")
def wide_output(image: Any, x: Any) -> Any:
    return _conv(4, 3, "quantized_bits(8,0,alpha=1)", bias_quantizer="quantized_bits(12,3,alpha=1)")(x)


@outcome("layer pooled: ends the network without a quantiser.*QActivation")
def wide_output_pooled(image: Any, x: Any) -> Any:
    return _layers().MaxPooling2D(2, name="pooled")(_conv(bias_quantizer=BITS6)(x))


@outcome("layer flat: ends the network without a quantiser")
def wide_output_pooled_before_softmax(image: Any, x: Any) -> Any:
    x = _layers().MaxPooling2D(3, strides=1, padding="same")(_conv(bias_quantizer=BITS6)(x))
    return _layers().Softmax()(_layers().Flatten(name="flat")(x))


@outcome("equal")
def wide_output_twice(image: Any, x: Any) -> Any:
    logits = _conv(bias_quantizer=BITS6)(x)
    return [image], [logits, _layers().Softmax()(logits), _layers().Flatten()(logits)]


@outcome("equal")
def wide_output_flat(image: Any, x: Any) -> Any:
    return _layers().Flatten()(_conv(bias_quantizer=BITS6)(x))


@outcome("equal")
def addends_of_other_shapes(image: Any, x: Any) -> Any:
    shapes = {"vector": (1, 1, 3), "flat": (3,), "row": (1, 6, 3), "column": (6, 1, 3), "plane": (6, 6, 1)}
    given = {name: _layers().Input(shape, name=name) for name, shape in shapes.items()}
    quantised = {
        name: _act(f"quantized_bits({4 + index},{index % 3},alpha=1)")(value)
        for index, (name, value) in enumerate(given.items())
    }
    sums = [[quantised[name], x] for name in shapes]
    sums += [[x, quantised["vector"]], [quantised["row"], quantised["column"]], [x, quantised["flat"], x]]
    outputs = [_act(BITS8)(_layers().Add()(operands)) for operands in sums]
    outputs.append(_act(BITS6)(_layers().BatchNormalization()(_layers().Add()([quantised["vector"], x]))))
    return [image, *given.values()], outputs


@outcome("layer image: the network's input has no quantiser")
def no_input_quantiser(image: Any, x: Any) -> Any:
    return _act(BITS8)(_conv()(image))


@outcome("has weights without a quantiser.*layer dense: has weights without a quantiser")
def float_weights(image: Any, x: Any) -> Any:
    return _act(BITS8)(_layers().Dense(2, name="dense")(_layers().Conv2D(2, 3)(x)))


@outcome("alpha='auto_po2'.* has a scale that depends on the data of each batch")
def a_scale_of_the_batch(image: Any, x: Any) -> Any:
    from qkeras import quantized_bits

    return _act(quantized_bits(6, 2, alpha="auto_po2"))(_conv()(x))


@outcome("QAdaptiveActivation changes its own quantiser")
def adaptive(image: Any, x: Any) -> Any:
    from qkeras import QAdaptiveActivation

    return QAdaptiveActivation("quantized_relu", 6)(_conv()(x))


@outcome("bernoulli.* is random also in inference")
def random_weights(image: Any, x: Any) -> Any:
    from qkeras import bernoulli

    return _act(BITS8)(_conv(quantiser=bernoulli(alpha=1), kernel_initializer="zeros")(x))


@outcome("ends the network without a quantiser")
def ends_normalised(image: Any, x: Any) -> Any:
    return _layers().BatchNormalization()(_conv()(x))


@outcome("QSeparableConv2D is not supported.*used more than once.*groups")
def not_supported(image: Any, x: Any) -> Any:
    from qkeras import QSeparableConv2D

    four = "quantized_bits(4,0,alpha=1)"
    x = _act(BITS8)(QSeparableConv2D(4, 3, depthwise_quantizer=four, pointwise_quantizer=four)(x))
    shared = _conv(4, 1)
    x = _act(BITS8)(shared(_act(BITS8)(shared(x))))
    return _act(BITS8)(_conv(4, 1, groups=2)(x))
