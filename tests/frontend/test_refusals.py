"""Everything that cannot be computed exactly is refused before work starts, all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from flow.errors import UnsupportedError, UsageError
from flow.frontend import import_model
from flow.frontend.importer import graph_of
from models.builder import Builder
from models.direct import direct


def net() -> tuple[Builder, int]:
    builder = Builder()
    return builder, builder.input("x", (1, 6, 6, 4), 0.05, 3)


def weights(*shape: int) -> np.ndarray:
    return np.ones(shape, dtype=np.int8)


def asymmetric() -> bytes:
    b, x = net()
    w = b.constant("w", weights(2, 1, 1, 4), [0.1], [5])
    bias = b.constant("b", np.zeros(2, dtype=np.int32))
    options = b._schema.Conv2DOptionsT()
    options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = 1
    return b.build([b.op("CONV_2D", [x, w, bias], "layer", (1, 6, 6, 2), 0.1, 0, options)])


def unknown() -> bytes:
    b, x = net()
    y = b.op("CUMSUM", [x], "sums", (1, 6, 6, 4), 0.05, 3)
    return b.build([b.op("RFFT2D", [y], "layer", (1, 6, 6, 4), 0.05, 3)])


def refused_by_the_kernels() -> bytes:
    b, x = net()
    return b.build([b.op("COS", [x], "layer", (1, 6, 6, 4), 0.05, 3)])


def float_island() -> bytes:
    b, x = net()
    y = b.float_output(x, "island")
    z = b.op("L2_NORMALIZATION", [y], "layer", (1, 6, 6, 4), 0.05, 0)
    return b.build([z])


def infinite() -> bytes:
    b, x = net()
    constant = b.constant("c", np.ones(4, np.int8), [float("inf")], [0])
    return b.build([b.binary("ADD", x, constant, "layer", 0.05, 0, "NONE")])


def unread() -> bytes:
    b, x = net()
    b._inputs.append(b._add("other", (1, 3), "FLOAT32", None, None, None, 0))
    return b.build([b.unary("RELU", x, "layer", 0.05, 3)])


def batch() -> bytes:
    b = Builder()
    x = b.input("x", (2, 6, 6, 4), 0.05, 3)
    return b.build([b.unary("RELU", x, "layer", 0.05, 3)])


def resized() -> bytes:
    b, x = net()
    size = b.constant("size", np.array([18, 12], dtype=np.int32))
    options = b._schema.ResizeBilinearOptionsT()
    options.halfPixelCenters = True
    return b.build([b.op("RESIZE_BILINEAR", [x, size], "layer", (1, 18, 12, 4), 0.05, 3, options)])


def inner_softmax() -> bytes:
    b, x = net()
    return b.build([b.unary("RELU", b.softmax(x, "layer"), "after", 0.05, 0)])


def rescaled_slice() -> bytes:
    b, x = net()
    begin, size = (b.constant(name, np.array([0, 2, 2, n], dtype=np.int32)) for name, n in (("begin", 0), ("size", 4)))
    return b.build([b.op("SLICE", [x, begin, size], "layer", (1, 2, 2, 4), 0.06, 3, b._schema.SliceOptionsT())])


def shrunk(begin: int, step: int = 1) -> bytes:
    """A slice that picks one row."""
    b, x = net()
    cuts = [("begin", [0, begin, 0, 0]), ("end", [1, begin + 1, 6, 4]), ("step", [1, step, 1, 1])]
    options = b._schema.StridedSliceOptionsT()
    options.shrinkAxisMask = 2
    operands = [b.constant(name, np.array(values, dtype=np.int32)) for name, values in cuts]
    return b.build([b.op("STRIDED_SLICE", [x, *operands], "layer", (1, 6, 4), 0.05, 3, options)])


def gathered(position: int) -> bytes:
    b, x = net()
    positions = b.constant("positions", np.array([position], dtype=np.int32))
    options = b._schema.GatherOptionsT()
    options.axis = 1
    return b.build([b.op("GATHER", [x, positions], "layer", (1, 1, 6, 4), 0.05, 3, options)])


def padded(kind: str, top: int, channels: int = 0, mode: int = 0) -> bytes:
    b, x = net()
    sides = b.constant("sides", np.array([[0, 0], [top, 0], [0, 0], [channels, 0]], dtype=np.int32))
    options = getattr(b._schema, "PadOptionsT" if kind == "PAD" else "MirrorPadOptionsT")()
    options.mode = mode
    return b.build([b.op(kind, [x, sides], "layer", (1, 6 + top, 6, 4 + channels), 0.05, 3, options)])


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (asymmetric, "layer layer .*asymmetric weights"),
        (unknown, "operation RFFT2D is not supported"),
        (refused_by_the_kernels, "layer layer: TensorFlow Lite's reference kernels do not compute it: .*COS"),
        (float_island, "L2_NORMALIZATION runs in float"),
        (infinite, "scale inf"),
        (unread, "input other: no layer computes with it"),
        (batch, r"shape \[2, 6, 6, 4\]"),
        (resized, "bilinear resize by 3"),
        (inner_softmax, "softmax inside"),
        (rescaled_slice, "without a change of the values"),
        (lambda: shrunk(7), "position 7 on an axis of 6"),
        (lambda: shrunk(2, -1), "position 2 on an axis of 6, in steps of -1"),
        (lambda: gathered(9), "position 9 on an axis of 6"),
        (lambda: gathered(-1), "position -1 on an axis of 6"),
        (lambda: padded("PAD", -1), r"padding \[0, 0, -1, 0, 0, 0, 0, 0\]"),
        (lambda: padded("PAD", -1, 1), r"padding \[0, 0, -1, 0, 0, 0, 1, 0\]"),
        (lambda: padded("MIRROR_PAD", -1), r"mirrored padding \(-1, 0\) of 6"),
        (lambda: padded("MIRROR_PAD", 6), r"mirrored padding \(6, 0\) of 6"),
        (lambda: padded("MIRROR_PAD", 7, mode=1), r"mirrored padding \(7, 0\) of 6"),
    ],
)
def test_refused(make: Callable[[], bytes], found: str) -> None:
    with pytest.raises(UnsupportedError, match=found) as caught:
        graph_of(make(), "net", "net.tflite")
    assert all(problem.where and problem.remedy for problem in caught.value.problems)


def test_all_operations_are_named_at_once() -> None:
    with pytest.raises(UnsupportedError) as caught:
        graph_of(unknown(), "net", "net.tflite")
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_truncated_flatbuffer(tmp_path: Path, share: float) -> None:
    data = direct()
    (tmp_path / "m.tflite").write_bytes(data[: max(8, int(len(data) * share))])
    with pytest.raises(UsageError, match="truncated"):
        import_model(tmp_path / "m.tflite")


def test_calibration_of_an_int8_model(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(direct())
    with pytest.raises(UsageError, match="already quantised"):
        import_model(tmp_path / "m.tflite", tmp_path / "c.npy")
