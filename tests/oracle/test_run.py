"""The oracle dies without taking the caller along, and says what happened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flow import oracle
from flow.errors import ToolError
from flow.frontend.importer import graph_of
from flow.oracle.cut import without_softmax
from flow.oracle.process import run_worker
from flow.oracle.schema import pack, unpack
from flow.oracle.worker import lower_version
from models.builder import Builder
from models.direct import direct


def test_every_tensor_of_every_image() -> None:
    random = np.random.default_rng(1)
    images = [{"image_int8": random.integers(-128, 128, (10, 14, 3)).astype(np.int8)} for _ in range(3)]
    found = oracle.run(direct(), images)
    assert [set(values) for values in found] == [
        {"image_int8", "first", "second", "sum", "pool", "mean", "dense", "softmax"}
    ] * 3
    for image, values in zip(images, found, strict=True):
        assert np.array_equal(values["image_int8"], image["image_int8"])
        assert values["mean"].shape == (1, 1, 6)
    kept = oracle.run(direct(), images[:1], ["dense"])
    assert list(kept[0]) == ["dense"]
    assert np.array_equal(kept[0]["dense"], found[0]["dense"])


def test_modules_of_the_users_folder_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path)
    code = "import json, sys; sys.exit(json.__file__)"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "asks_for_json.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))
    assert "wrong" not in run_worker("asks_for_json").message


def test_abort_of_the_kernels() -> None:
    net = Builder()
    x = net.input("x", (1, 1000), 2.0**-14, 0)
    flatbuffer = net.build([net.softmax(x, "y")])
    with pytest.raises(ToolError, match="SIGABRT") as caught:
        oracle.run(flatbuffer, [{"x": np.zeros((1, 1, 1000), dtype=np.int8)}])
    assert "softmax" in caught.value.problems[0].remedy


def test_answer_up_to_a_softmax_that_aborts() -> None:
    net = Builder()
    x = net.input("x", (1, 1000), 2.0**-14, 0)
    flatbuffer = net.build([net.float_output(net.softmax(net.unary("ABS", x, "y", 2.0**-14, 0), "z"), "out")])
    graph = graph_of(flatbuffer, "net", "net")
    image = {"x": np.arange(1000).reshape(1, 1, 1000).astype(np.int8)}
    (found,) = oracle.expected(graph, flatbuffer, [image], ["y", "z"])
    assert list(found) == ["y"]
    assert np.array_equal(found["y"], np.minimum(np.abs(image["x"].astype(int)), 127))
    assert set(oracle.expected(graph, flatbuffer, [image])[0]) == {"x", "y"}


def test_softmax_of_an_old_converter() -> None:
    net = Builder()
    x = net.input("x", (1, 4), 0.1, 0)
    model = unpack(net.build([net.softmax(net.unary("ABS", x, "y", 0.1, 0), "z")]))
    for code in model.operatorCodes:
        code.builtinCode = 0
    assert without_softmax(pack(model))[1] == {"z"}


def test_a_version_that_no_operation_has() -> None:
    with pytest.raises(ValueError, match="SOFTMAX of version 7"):
        lower_version(direct(), "SOFTMAX", 7)


def test_refusal_of_the_kernels() -> None:
    net = Builder()
    x = net.input("x", (1, 4, 4, 1), 0.1, 0)
    flatbuffer = net.build([net.op("COS", [x], "y", (1, 4, 4, 1), 0.1, 0)])
    with pytest.raises(ToolError, match="Cos"):
        oracle.run(flatbuffer, [{"x": np.zeros((4, 4, 1), dtype=np.int8)}])


def test_an_operation_with_a_single_kernel() -> None:
    net = Builder()
    x = net.input("x", (1, 4, 4, 1), 0.25, 0)
    real = net._add("real", (1, 4, 4, 1), "FLOAT32", None, None, None, 0)
    net._operator("CEIL", [net.float_output(x, "before")], [real], None)
    y = net.op("QUANTIZE", [real], "y", (1, 4, 4, 1), 1.0, 0)
    image = np.arange(-8, 8, dtype=np.int8).reshape(4, 4, 1)
    (found,) = oracle.run(net.build([net.unary("ABS", y, "z", 1.0, 0)]), [{"x": image}])
    assert np.array_equal(found["y"], np.ceil(image / 4))
    assert np.array_equal(found["z"], np.abs(found["y"]))


def test_no_images() -> None:
    assert oracle.run(direct(), []) == []


@pytest.mark.parametrize("old_converter", [False, True])
def test_operation_of_a_later_version(old_converter: bool) -> None:
    """The reference kernels are listed under lower version numbers than the converter writes; converters before
    TensorFlow 2.4 name the operation in the old field alone."""
    net = Builder()
    x = net.input("x", (1, 2, 3, 1), 0.1, 0)
    times = net.constant("times", np.array([1, 2, 1, 1], dtype=np.int32))
    model = unpack(net.build([net.op("TILE", [x, times], "y", (1, 4, 3, 1), 0.1, 0)]))
    model.operatorCodes[0].version = 3
    if old_converter:
        model.operatorCodes[0].builtinCode = 0
    image = np.arange(6, dtype=np.int8).reshape(2, 3, 1)
    (found,) = oracle.run(pack(model), [{"x": image}])
    assert np.array_equal(found["y"], np.tile(image, (2, 1, 1)))
