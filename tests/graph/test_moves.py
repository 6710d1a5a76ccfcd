"""Operations that move values, reduce axes or resample, against the reference kernels, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from models.builder import Builder
from tests.graph.checks import Random, check, int8, scale, source, zero


def options(net: Builder, kind: str, **values: Any) -> Any:
    made = getattr(net._schema, f"{kind}OptionsT")()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def constant(net: Builder, name: str, *values: int) -> int:
    return net.constant(name, np.array(values, dtype=np.int32))


def moved(net: Builder, kind: str, x: int, name: str, shape: Any, given: Any, *operands: int) -> int:
    return net.op(kind, [x, *operands], name, shape, *net.scale(x), given)


def strided_slice(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name)
    cuts, shape = [], []
    for size in net.shape(x):
        step = int(random.choice([-2, -1, 1, 2, 3])) if size > 1 else 1
        first, last = sorted(int(n) for n in random.integers(0, size, 2))
        before = first - 1 - (size if first == 0 else 0)
        cuts.append((last, before, step) if step < 0 else (first, last + 1, step))
        shape.append(len(range(last, first - 1, step)) if step < 0 else len(range(first, last + 1, step)))
    drop = bool(random.random() < 0.3)
    if drop:
        cuts[1], shape = (cuts[1][0], cuts[1][0] + 1, 1), [shape[0], *shape[2:]]
    whole = bool(random.random() < 0.3)
    if whole:
        cuts[3], shape = (1, 1, 1), [*shape[:-1], net.shape(x)[3]]
    operands = [constant(net, f"{name}/{n}", *(cut[n] for cut in cuts)) for n in range(3)]
    given = options(net, "StridedSlice", shrinkAxisMask=2 * drop, beginMask=8 * whole, endMask=8 * whole,
                    ellipsisMask=0, newAxisMask=0)
    return moved(net, "STRIDED_SLICE", x, name, shape, given, *operands)


def cut(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name)
    begin = [int(random.integers(0, n)) for n in net.shape(x)]
    size = [int(random.integers(1, n - b + 1)) for n, b in zip(net.shape(x), begin, strict=True)]
    shape = list(size)
    if random.random() < 0.5:
        size[3], shape[3] = -1, net.shape(x)[3] - begin[3]
    operands = constant(net, f"{name}/begin", *begin), constant(net, f"{name}/size", *size)
    return moved(net, "SLICE", x, name, shape, options(net, "Slice"), *operands)


def split(net: Builder, random: Random, name: str) -> int:
    """Two or three pieces along an axis; the last one is looked at."""
    axis, parts = int(random.integers(1, 4)), int(random.integers(2, 4))
    shape = [1, *(int(n) for n in random.integers(1, 8, 3))]
    shape[axis] *= parts
    x = net.input(f"{name}/in", shape, scale(random), zero(random))
    piece = [n // parts if a == axis else n for a, n in enumerate(shape)]
    outputs = [net.activation(f"{name}/{n}", piece, *net.scale(x)) for n in range(parts)]
    where = constant(net, f"{name}/axis", axis)
    if random.random() < 0.5:
        net._operator("SPLIT", [where, x], outputs, options(net, "Split", numSplits=parts))
    else:
        sizes = constant(net, f"{name}/sizes", *[piece[axis]] * parts)
        net._operator("SPLIT_V", [x, sizes, where], outputs, options(net, "SplitV", numSplits=parts))
    return outputs[-1]


def pack_and_unpack(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name, size=5)
    axis, shape = int(random.integers(1, 4)), net.shape(x)
    thinner = [n for a, n in enumerate(shape) if a != axis]
    outputs = [net.activation(f"{name}/{n}", thinner, *net.scale(x)) for n in range(shape[axis])]
    net._operator("UNPACK", [x], outputs, options(net, "Unpack", num=shape[axis], axis=axis))
    again = int(random.integers(1, 4))
    packed = [*thinner[:again], len(outputs), *thinner[again:]]
    given = options(net, "Pack", valuesCount=len(outputs), axis=again)
    return net.op("PACK", outputs[::-1], name, packed, *net.scale(x), given)


def transpose(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name)
    order = [0, *(int(n) for n in 1 + random.permutation(3))]
    shape = [net.shape(x)[axis] for axis in order]
    return moved(net, "TRANSPOSE", x, name, shape, options(net, "Transpose"), constant(net, f"{name}/order", *order))


def five_dimensions(net: Builder, random: Random, name: str) -> int:
    """The shuffle of channels: reshape, transpose, reshape."""
    height, width, groups, each = (int(n) for n in random.integers(1, 6, 4))
    x = net.input(f"{name}/in", (1, height, width, groups * each), scale(random), zero(random))
    split_up = net.reshape(x, f"{name}/split", (1, height, width, groups, each))
    turned = moved(net, "TRANSPOSE", split_up, f"{name}/turned", (1, height, width, each, groups),
                   options(net, "Transpose"), constant(net, f"{name}/order", 0, 1, 2, 4, 3))
    return net.reshape(turned, name, (1, height, width, groups * each))


def without_batch(net: Builder, random: Random, name: str) -> int:
    """A sum of vectors of one dimension, as the converter leaves it of 1 x 1 maps."""
    channels = int(random.integers(2, 9))
    parts = []
    for side in "ab":
        x = net.input(f"{name}/{side}", (1, 1, 1, channels), scale(random, -6, -4), zero(random))
        parts.append(net.reshape(x, f"{name}/{side}/flat", (channels,)))
    total = net.binary("ADD", *parts, f"{name}/sum", 0.125, zero(random))
    return net.reshape(total, name, (1, 1, 1, channels))


def reverse(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name)
    axis = constant(net, f"{name}/axis", int(random.integers(1, 4)))
    return moved(net, "REVERSE_V2", x, name, net.shape(x), options(net, "ReverseV2"), axis)


def repeat(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name, size=4)
    times = [1, *(int(n) for n in random.integers(1, 4, 3))]
    shape = [n * times[a] for a, n in enumerate(net.shape(x))]
    return moved(net, "TILE", x, name, shape, options(net, "Tile"), constant(net, f"{name}/times", *times))


def pick(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name)
    axis, count = int(random.integers(1, 4)), int(random.integers(1, 6))
    size = net.shape(x)[axis]
    positions = constant(net, f"{name}/positions", *(int(n) for n in random.integers(0, size, count)))
    shape = [count if a == axis else n for a, n in enumerate(net.shape(x))]
    return moved(net, "GATHER", x, name, shape, options(net, "Gather", axis=axis, batchDims=0), positions)


def join(net: Builder, random: Random, name: str) -> int:
    x, axis = source(net, random, name), int(random.integers(1, 3))
    shape = [int(random.integers(1, 6)) if a == axis else n for a, n in enumerate(net.shape(x))]
    other = net.input(f"{name}/other", shape, *net.scale(x))
    total = [n + (shape[a] if a == axis else 0) for a, n in enumerate(net.shape(x))]
    return moved(net, "CONCATENATION", x, name, total, options(net, "Concatenation", axis=axis - 4), other)


def pad(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name)
    sides = np.array([[0, 0], *random.integers(0, 3, (3, 2))], dtype=np.int32)
    kind = str(random.choice(["PAD", "PADV2", "MIRROR_PAD"]))
    if kind == "MIRROR_PAD":
        sides = np.minimum(sides, np.array(net.shape(x), dtype=np.int32)[:, None] - 1)
    operands = [net.constant(f"{name}/sides", sides)]
    given = options(net, "MirrorPad", mode=int(random.integers(0, 2))) if kind == "MIRROR_PAD" else None
    if kind == "PADV2":
        own, point = net.scale(x)
        operands.append(net.constant(f"{name}/value", int8(random, 1), [own], [point]))
    shape = [n + int(a) + int(b) for n, (a, b) in zip(net.shape(x), sides, strict=True)]
    return moved(net, kind, x, name, shape, given or options(net, kind.title().replace("v", "V")), *operands)


def nearest(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name)
    rows, columns = (int(n) for n in random.integers(1, 20, 2))
    align = bool(random.random() < 0.4)
    given = options(net, "ResizeNearestNeighbor", alignCorners=align,
                    halfPixelCenters=not align and bool(random.random() < 0.5))
    shape = (1, rows, columns, net.shape(x)[3])
    return moved(net, "RESIZE_NEAREST_NEIGHBOR", x, name, shape, given, constant(net, f"{name}/size", rows, columns))


def bilinear(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name)
    _, height, width, channels = net.shape(x)
    rows, columns = (int(random.choice([1, 2, 4])) for _ in range(2))
    given = options(net, "ResizeBilinear", alignCorners=False, halfPixelCenters=bool(random.random() < 0.7))
    shape = (1, rows * height, columns * width, channels)
    return moved(net, "RESIZE_BILINEAR", x, name, shape, given, constant(net, f"{name}/size", *shape[1:3]))


def blocks(net: Builder, random: Random, name: str) -> int:
    height, width, channels = (int(n) for n in random.integers(1, 6, 3))
    block = int(random.integers(1, 4))
    wide, deep = (1, height * block, width * block, channels), (1, height, width, channels * block**2)
    kind = str(random.choice(["SpaceToDepth", "DepthToSpace"]))
    x = net.input(f"{name}/in", wide if kind == "SpaceToDepth" else deep, scale(random), zero(random))
    given = options(net, kind, blockSize=block)
    spelt = "SPACE_TO_DEPTH" if kind == "SpaceToDepth" else "DEPTH_TO_SPACE"
    return moved(net, spelt, x, name, deep if kind == "SpaceToDepth" else wide, given)


def transpose_conv(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name, size=6)
    _, height, width, channels = net.shape(x)
    outputs = int(random.integers(1, 7))
    kernel, stride = ([int(n) for n in random.integers(1, 5, 2)] for _ in range(2))
    same = bool(random.random() < 0.5)
    spread = [(n - 1) * s + k for n, s, k in zip((height, width), stride, kernel, strict=True)]
    shape = (1, height * stride[0], width * stride[1], outputs) if same else (1, *spread, outputs)
    if not same:  # a stride beyond the kernel leaves positions that no tap reaches
        shape = (1, *(max(n, 1) for n in spread), outputs)
    scales = [scale(random, -12, -6) for _ in range(outputs)]
    parameters = net._parameters(x, name, int8(random, outputs, *kernel, channels), scales,
                                 random.integers(-20000, 20001, outputs) if random.random() < 0.7 else None, 0)
    given = options(net, "TransposeConv", padding=0 if same else 1, strideH=stride[0], strideW=stride[1])
    result = net.scale(x)[0] * scales[0] * np.sqrt(np.prod(kernel) * channels) * 100 * 2.0 ** random.uniform(-2, 2)
    operands = [constant(net, f"{name}/shape", *shape), parameters[0], x, *(n for n in parameters[1:] if n >= 0)]
    return net.op("TRANSPOSE_CONV", operands, name, shape, float(np.float32(result)), zero(random), given)


def extremum(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name)
    shape = tuple(1 if random.random() < 0.3 else n for n in net.shape(x))
    other = net.input(f"{name}/other", shape, *net.scale(x))
    operands = [x, other] if random.random() < 0.5 else [other, x]
    kind = str(random.choice(["MAXIMUM", "MINIMUM"]))
    return net.op(kind, operands, name, net.shape(x), *net.scale(x), options(net, "MaximumMinimum"))


def broadcast(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name)
    shapes = [tuple(1 if random.random() < 0.3 else n for n in net.shape(x)) for _ in range(2)]
    near = scale(random, -6, -4)
    first = net.input(f"{name}/first", shapes[0], near, zero(random))
    second = net.input(f"{name}/second", shapes[1], near * 1.3, zero(random))
    kind = str(random.choice(["ADD", "SUB", "MUL"]))
    result = near * near * 64 if kind == "MUL" else near * 2
    return net.binary(kind, first, second, name, result, zero(random))


def constant_map(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name, size=4)
    near = net.scale(x)[0] * 2.0 ** random.uniform(-1, 1)
    shape = [1 if random.random() < 0.3 else n for n in net.shape(x)[1:]]
    values = net.constant(f"{name}/values", int8(random, *shape), [near], [zero(random)])
    operands = [x, values] if random.random() < 0.5 else [values, x]
    kind = str(random.choice(["ADD", "SUB", "MUL"]))
    result = net.scale(x)[0] * near * 64 if kind == "MUL" else near * 2
    return net.binary(kind, *operands, name, float(np.float32(result)), zero(random))


def prelu(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name, size=5)
    shape = [1 if random.random() < 0.5 else n for n in net.shape(x)[1:3]] + [net.shape(x)[3]]
    slopes = net.constant(f"{name}/slopes", int8(random, *shape), [scale(random, -9, -6)], [zero(random)])
    result = float(np.float32(net.scale(x)[0] * 2.0 ** random.uniform(-1, 2)))
    return net.op("PRELU", [x, slopes], name, net.shape(x), result, zero(random))


def reduction(net: Builder, random: Random, name: str) -> int:
    x = source(net, random, name, channels=int(random.choice([1, 3, 8])), size=int(random.choice([1, 2, 9])))
    axes = sorted({int(n) for n in random.integers(1, 4, int(random.integers(1, 4)))})
    keep = bool(random.random() < 0.5)
    shape = [1 if a in axes else n for a, n in enumerate(net.shape(x)) if keep or a not in axes]
    result = net.scale(x) if (largest := bool(random.random() < 0.4)) else (
        float(np.float32(net.scale(x)[0] * 2.0 ** random.uniform(-3, 1))), zero(random))
    given = options(net, "Reducer", keepDims=keep)
    where = constant(net, f"{name}/axes", *axes)
    return net.op("REDUCE_MAX" if largest else "MEAN", [x, where], name, shape, *result, given)


MAKERS = [strided_slice, cut, split, pack_and_unpack, transpose, five_dimensions, without_batch, reverse, repeat, pick,
          join, pad, nearest, bilinear, blocks, transpose_conv, extremum, broadcast, constant_map, prelu, reduction]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_operation(make: Callable[[Builder, Random, str], int]) -> None:
    seed = 3
    random, net = np.random.default_rng(seed), Builder()
    check(net, [make(net, random, f"{make.__name__}{index}") for index in range(12)], seed)


def test_a_position_before_which_the_slice_begins() -> None:
    """An axis both begun at its start and dropped is taken at its start, and an offset counts from there."""
    net = Builder()
    x = net.input("x", (1, 4, 5, 3), 0.1, 3)
    begin, end = constant(net, "begin", 0, 2, 1, 0), constant(net, "end", 1, 3, 2, 3)
    step = constant(net, "step", 1, 1, 2, 1)
    given = options(net, "StridedSlice", beginMask=2, shrinkAxisMask=2)
    y = moved(net, "STRIDED_SLICE", x, "y", (1, 1, 3), given, begin, end, step)
    far = constant(net, "far", 0, -9, 0, 0)
    z = moved(net, "STRIDED_SLICE", x, "z", (1, 5, 3), options(net, "StridedSlice", shrinkAxisMask=2, endMask=4),
              far, end, constant(net, "every", 1, 1, 1, 1))
    given = options(net, "StridedSlice", beginMask=4, offset=True)
    w = moved(net, "STRIDED_SLICE", x, "w", (1, 2, 2, 3), given, begin, constant(net, "size", 1, 2, 2, 3),
              constant(net, "once", 1, 1, 1, 1))
    check(net, [y, z, w], 1)


@pytest.mark.parametrize(("size", "wanted"), [(2, 83), (3, 165)])
def test_nearest_neighbour_just_below_the_middle(size: int, wanted: int) -> None:
    net = Builder()
    x = net.input("x", (1, size, size, 1), 0.1, 3)
    given = options(net, "ResizeNearestNeighbor", alignCorners=True)
    sizes = constant(net, "size", wanted, wanted)
    y = moved(net, "RESIZE_NEAREST_NEIGHBOR", x, "y", (1, wanted, wanted, 1), given, sizes)
    check(net, [y], 1)
