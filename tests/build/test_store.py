"""Stored values: what goes in comes out, the same bytes each time, and foreign types are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from flow.build import store
from flow.errors import ToolError
from flow.graph.ir import Padding, Rounding, Tensor
from flow.isa import description as isa
from flow.isa.encoding import make


def round_trip(folder: Path, value: object) -> object:
    store.save(folder, value)
    return store.load(folder)[0]


@pytest.mark.parametrize("value", [
    None, True, -3, 0.1, float(np.float32(0.1)), "text with \"quotes\" and ü", b"\x00\xff", (1, (2, "x")), [1, [2.5]],
    {"a": 1, "b": (2,)}, {3: "three"}, {}, (), Rounding.FLOOR, isa.Region.OUTPUT, Padding(1, 2, 3, 4),
    Tensor("t", 1, 2, 3, 0.25, -7), make(isa.Opcode.LOAD, offset=1 << 39, pad_value=-128),
], ids=repr)
def test_round_trip(tmp_path: Path, value: object) -> None:
    result = round_trip(tmp_path, value)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize("array", [
    np.arange(-6, 6, dtype=np.int8).reshape(2, 3, 2), np.zeros((0, 4), np.int32), np.array(3.5), np.arange(9)[::2],
], ids=["int8", "empty", "scalar", "strided"])
def test_arrays_round_trip(tmp_path: Path, array: np.ndarray) -> None:
    result = round_trip(tmp_path, {"one": array, "two": b"x", "three": array})
    assert isinstance(result, dict)
    for name in ("one", "three"):
        assert result[name].dtype == array.dtype
        assert result[name].shape == array.shape
        assert (result[name] == array).all()


def test_same_value_same_bytes(tmp_path: Path) -> None:
    value = {"graph": (Tensor("t", 1, 2, 3, 0.25, -7), np.arange(100, dtype=np.int32)), "bytes": bytes(33)}
    hashes = []
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        hashes.append(store.save(tmp_path / name, value))
        value, found = store.load(tmp_path / name)
        assert found == hashes[0]
    assert len(set(hashes)) == 1


def test_foreign_types_are_not_stored(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="Path"):
        store.save(tmp_path, {"path": tmp_path})


@pytest.mark.parametrize("content", [
    {"$class": "subprocess:Popen", "args": ["true"]},
    {"$class": "flow.build.store:load", "folder": "x"},
    {"$class": "flow.__main__:Tensor"},
    {"$class": "tests.build.conftest:Job"},
    {"$class": "flow.schedule.program:HwConfig"},
    {"$enum": ["os:environ", "PATH"]},
    {"$unknown": 1},
    {"$class": "flow.graph.ir:Padding", "no_such_field": 1},
])
def test_foreign_classes_are_not_loaded(tmp_path: Path, content: object) -> None:
    (tmp_path / "value.json").write_text(json.dumps(content))
    (tmp_path / "value.bin").write_bytes(b"")
    with pytest.raises(ToolError, match="no stage value"):
        store.load(tmp_path)
