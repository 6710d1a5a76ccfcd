"""Files that are no models, damaged ones, and ones that carry code, are refused without loading anything."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from flow.errors import FlowError, UnsupportedError, UsageError
from flow.frontend.sniff import Kind, check_keras, sniff

GOOD = {
    "class_name": "Functional",
    "config": {
        "name": "net",
        "layers": [
            {
                "class_name": "Dense",
                "config": {
                    "name": "d",
                    "kernel_initializer": {
                        "module": "keras.initializers",
                        "class_name": "GlorotUniform",
                        "config": {"seed": None},
                        "registered_name": None,
                    },
                },
            }
        ],
    },
}


def h5(path: Path, config: Any, **attributes: Any) -> Path:
    with h5py.File(path, "w") as file:
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
        for name, value in attributes.items():
            file.attrs[name] = value
        file.create_dataset("model_weights/d/kernel", data=np.arange(4000, dtype=np.float32))
    return path


def keras(path: Path, config: Any) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
    return path


def with_layer(layer: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Functional", "config": {"name": "net", "layers": [layer]}}


def test_good_files(tmp_path: Path) -> None:
    first = h5(tmp_path / "a.bin", GOOD)
    assert sniff(first) is Kind.KERAS_H5
    assert check_keras(first, Kind.KERAS_H5) == GOOD
    second = keras(tmp_path / "b.bin", GOOD)
    assert sniff(second) is Kind.KERAS_ZIP
    assert check_keras(second, Kind.KERAS_ZIP) == GOOD
    (tmp_path / "c.bin").write_bytes(b"\x1c\0\0\0TFL3rest")
    assert sniff(tmp_path / "c.bin") is Kind.TFLITE


@pytest.mark.parametrize(
    ("content", "found"), [(b"", "empty"), (b"hello world", "not a model"), (None, "no such file")]
)
def test_not_a_model(tmp_path: Path, content: bytes | None, found: str) -> None:
    path = tmp_path / "m.h5"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=found):
        sniff(path)


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="folder"):
        sniff(tmp_path)


def test_hdf5_without_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="weights only"):
        check_keras(h5(tmp_path / "a.h5", None), Kind.KERAS_H5)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_truncated(tmp_path: Path, share: float) -> None:
    path = h5(tmp_path / "a.h5", GOOD)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UsageError, match="truncated"):
        check_keras(path, sniff(path))
    path = keras(tmp_path / "a.keras", GOOD)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UsageError, match="truncated"):
        check_keras(path, sniff(path))


@pytest.mark.parametrize(
    ("layer", "found"),
    [
        (
            {"class_name": "Lambda", "config": {"name": "evil", "function": ["4wEAAA==", None, None]}},
            "evil: Lambda carries Python",
        ),
        (
            {"class_name": "TFOpLambda", "config": {"name": "tf.nn.relu", "function": "nn.relu"}},
            "tf.nn.relu: a TensorFlow function as Keras 2 keeps it",
        ),
        ({"class_name": "TFSMLayer", "config": {"name": "sm"}}, "sm: TFSMLayer carries"),
        (
            {
                "module": "keras.layers",
                "class_name": "Dense",
                "config": {"name": "d", "activation": {"class_name": "__lambda__", "config": {"value": "4wEAAA=="}}},
            },
            "__lambda__ carries",
        ),
        ({"module": "my_package", "class_name": "Mine", "config": {"name": "m"}}, "m: Mine .* is not Keras's own"),
        (
            {"module": None, "class_name": "Mine", "config": {"name": "m"}, "registered_name": "pack>Mine"},
            "is not Keras's own",
        ),
    ],
)
def test_code_and_foreign_objects(tmp_path: Path, layer: dict[str, Any], found: str) -> None:
    for path in (h5(tmp_path / "a.h5", with_layer(layer)), keras(tmp_path / "a.keras", with_layer(layer))):
        with pytest.raises(UnsupportedError, match=found):
            check_keras(path, sniff(path))


def test_all_problems_at_once(tmp_path: Path) -> None:
    layers = [{"class_name": "Lambda", "config": {"name": name}} for name in ("one", "two")]
    path = h5(tmp_path / "a.h5", {"class_name": "Functional", "config": {"layers": layers}})
    with pytest.raises(FlowError) as caught:
        check_keras(path, Kind.KERAS_H5)
    assert [problem.where for problem in caught.value.problems] == ["layer one", "layer two"]
