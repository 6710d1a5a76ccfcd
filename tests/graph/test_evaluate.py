"""The integer graph's meaning is the reference kernels' arithmetic: equal in every byte, operation by operation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from models.builder import Builder
from tests.graph.checks import Random, check, int8, scale, source, zero

ACTIVATIONS = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]


def conv(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name)
    _, height, width, channels = net.shape(x)
    depthwise, groups = bool(random.random() < 0.4), 1
    outputs = channels * int(random.integers(1, 4)) if depthwise else int(random.integers(1, 10))
    if not depthwise and random.random() < 0.2:
        groups = channels
        outputs = channels * int(random.integers(1, 3))
    stride, dilation = (tuple(int(n) for n in random.integers(1, 4, 2)) for _ in range(2))
    padding = str(random.choice(["SAME", "VALID"]))
    kernel = [int(n) for n in random.integers(1, 6, 2)]
    if padding == "VALID":
        kernel = [min(k, (size - 1) // d + 1) for k, size, d in zip(kernel, (height, width), dilation, strict=True)]
    shape = (1, *kernel, outputs) if depthwise else (outputs, *kernel, channels // groups)
    scales = [scale(random, -12, -6) for _ in range(outputs if random.random() < 0.7 else 1)]
    bias = random.integers(-20000, 20001, outputs) if not depthwise or random.random() < 0.8 else None
    taps = np.prod(shape) / outputs
    result = net.scale(x)[0] * scales[0] * np.sqrt(taps) * 70 * 70 / 50 * 2.0 ** random.uniform(-2, 2)
    return net.conv(
        x,
        name,
        int8(random, *shape),
        scales,
        bias,
        float(np.float32(result)),
        zero(random),
        stride,
        dilation,
        padding,
        str(random.choice(ACTIVATIONS)),
        depthwise,
    )


def dense(net: Builder, random: Random, name: str) -> int:
    if random.random() < 0.5:
        x = net.input(f"{name}/in", (1, int(random.integers(1, 200))), scale(random), zero(random))
    else:
        x = source(net, random, name, size=4)
    inputs = int(np.prod(net.shape(x)))
    outputs = int(random.integers(1, 30))
    scales = [scale(random, -12, -6) for _ in range(outputs if random.random() < 0.5 else 1)]
    bias = random.integers(-20000, 20001, outputs) if random.random() < 0.8 else None
    result = net.scale(x)[0] * scales[0] * np.sqrt(inputs) * 70 * 70 / 50 * 2.0 ** random.uniform(-2, 2)
    return net.dense(
        x,
        name,
        int8(random, outputs, inputs),
        scales,
        bias,
        float(np.float32(result)),
        zero(random),
        str(random.choice(ACTIVATIONS)),
    )


def binary(net: Builder, random: Random, name: str) -> int:
    kind = str(random.choice(["ADD", "SUB", "MUL"]))
    x = source(net, random, name)
    channels = net.shape(x)[3]
    near = net.scale(x)[0] * 2.0 ** random.uniform(-3, 3)
    operands = [x]
    match int(random.integers(0, 4)):
        case 0:
            operands.append(net.input(f"{name}/other", net.shape(x), near, zero(random)))
        case 1:
            operands.append(net.input(f"{name}/vector", (1, 1, 1, channels), near, zero(random)))
        case 2:
            operands.append(net.constant(f"{name}/constants", int8(random, channels), [near], [zero(random)]))
        case 3:
            operands.append(net.constant(f"{name}/constant", int8(random, 1), [near], [zero(random)]))
    if random.random() < 0.5:
        operands.reverse()
    result = near * 2.0 ** random.uniform(0, 2)
    if kind == "MUL":
        result = net.scale(x)[0] * near * 2.0 ** random.uniform(4, 8)
    return net.binary(
        kind, operands[0], operands[1], name, float(np.float32(result)), zero(random), str(random.choice(ACTIVATIONS))
    )


def pool(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name)
    padding = str(random.choice(["SAME", "VALID"]))
    kernel = [int(n) for n in random.integers(1, 8, 2)]
    if padding == "VALID":
        kernel = [min(k, size) for k, size in zip(kernel, net.shape(x)[1:3], strict=True)]
    stride = [int(n) for n in random.integers(1, 5, 2)]
    kind = str(random.choice(["MAX_POOL_2D", "AVERAGE_POOL_2D"]))
    return net.pool(
        kind, x, name, (kernel[0], kernel[1]), (stride[0], stride[1]), padding, str(random.choice(ACTIVATIONS))
    )


def mean(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name, size=40)
    result = net.scale(x)[0] * 2.0 ** random.uniform(-5, 2)
    return net.mean(x, name, float(np.float32(result)), zero(random), keep=bool(random.integers(0, 2)))


def movement(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name)
    match int(random.integers(0, 3)):
        case 0:
            return net.pad(x, name, *(int(n) for n in random.integers(0, 4, 4)))
        case 1:
            return net.reshape(x, name, (1, int(np.prod(net.shape(x)))))
        case _:
            other = net.input(f"{name}/other", (*net.shape(x)[:3], int(random.integers(1, 9))), *net.scale(x))
            return net.concatenate([x, other, x], name)


def unary(net: Builder, random: Random, name: str) -> int:
    kind = str(
        random.choice(
            ["RELU", "RELU6", "RELU_N1_TO_1", "LEAKY_RELU", "LOGISTIC", "TANH", "HARD_SWISH", "GELU", "QUANTIZE", "ABS"]
        )
    )
    x = source(net, random, name)
    result, point = float(np.float32(net.scale(x)[0] * 2.0 ** random.uniform(-1, 2))), zero(random)
    match kind:
        case "LEAKY_RELU":
            return net.leaky_relu(x, name, float(random.uniform(-0.5, 1.5)), result, point)
        case "LOGISTIC":
            return net.unary(kind, x, name, 1 / 256, -128)
        case "TANH":
            return net.unary(kind, x, name, 1 / 128, 0)
        case "ABS":
            return net.unary(kind, x, name, net.scale(x)[0], net.scale(x)[1])
        case _:
            return net.unary(kind, x, name, result, point)


@pytest.mark.parametrize("make", [conv, dense, binary, pool, mean, movement, unary], ids=lambda make: make.__name__)
@pytest.mark.parametrize("seed", [1, 2])
def test_operation(make: Callable[[Builder, Random, str], int], seed: int) -> None:
    random, net = np.random.default_rng(seed), Builder()
    check(net, [make(net, random, f"{make.__name__}{index}") for index in range(40)], seed)


def test_softmax_in_every_scale() -> None:
    seed = 5
    random, net = np.random.default_rng(seed), Builder()
    outputs = []
    for index in range(60):
        depth = int(random.choice([1, 2, 3, 10, 100, 1000]))
        lowest = -14 if depth < 512 else -5  # the kernel aborts where the sum of exponentials reaches 512
        x = net.input(f"in{index}", (1, depth), scale(random, lowest, 4), zero(random))
        outputs.append(net.softmax(x, f"softmax{index}", float(random.choice([1.0, 0.5, 2.0]))))
    check(net, outputs, seed, images=20)


def test_uint8_at_both_ends() -> None:
    seed = 6
    random, net = np.random.default_rng(seed), Builder()
    x = net.uint8_input("x", (1, 5, 4, 3), 0.05, -7)
    y = net.conv(x, "conv", int8(random, 4, 3, 3, 3), [0.01], np.zeros(4, dtype=np.int32), 0.3, 9)
    check(net, [net.uint8_output(y, "y")], seed)
