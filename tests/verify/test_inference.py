"""Quantisation of user data, and refusals."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from flow.build.progress import Silent
from flow.errors import UsageError
from flow.graph.ir import Tensor
from flow.graph.real import quantise
from flow.verify.inference import infer
from tests.verify import fakes


def test_quantise_rounds_halves_away_and_clamps() -> None:
    tensor = Tensor("t", 1, 1, 8, 0.5, -1)
    values = np.array([0, 0.25, -0.25, 0.24, 0.75, -0.75, 1e9, -1e9, 3e38, np.inf, -np.inf])
    with warnings.catch_warnings(action="error"):
        assert quantise(values, tensor).tolist() == [-1, 0, -2, -1, 1, -3, 127, -128, 127, 127, -128]


def run(images: object, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    monkeypatch.setattr("flow.verify.inference.open_engine", lambda *_: fakes.FakeEngine())
    return infer(fakes.graph(), fakes.program(), images, "rtl", 0, Silent())  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_int8_in_int8_out(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(count).integers(-128, 128, (count, 3, 5, 6), np.int8)
    result = run(images, monkeypatch)
    assert result["y"].dtype == np.int8
    assert (result["y"] == ~images).all()


def test_float_in_float_out(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.zeros((2, 3, 5, 6), np.float32)  # quantised: 3; ~3 = -4; (-4 - 3) * 0.5
    result = run(images, monkeypatch)
    assert result["y"].dtype == np.float32
    assert (result["y"] == -3.5).all()


@pytest.mark.parametrize("shape", [(2, 90), (2, 3, 5, 6, 1), (2, 1, 3, 5, 6)])
def test_other_ways_to_write_the_same_shape(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(-128, 128, shape, np.int8)
    assert np.array_equal(run(images, monkeypatch)["y"], ~images.reshape(2, 3, 5, 6))


@pytest.mark.parametrize(("images", "message"), [
    (np.zeros((2, 3, 5, 7), np.int8), "shape"),
    (np.zeros((0, 3, 5, 6), np.int8), "shape"),
    (np.zeros((2, 6, 3, 5), np.int8), "shape"),
    (np.zeros((2, 5, 3, 6), np.int8), "shape"),
    (np.zeros((2, 15, 6), np.int8), "shape"),
    (np.zeros((0, 90), np.int8), "shape"),
    (np.zeros((), np.int8), "shape"),
    (np.zeros((2, 3, 5, 6), np.int32), "type int32"),
    (np.full((2, 3, 5, 6), np.nan, np.float32), "NaN"),
    ({"z": np.zeros((2, 3, 5, 6), np.int8)}, "not an input"),
    ({}, "missing"),
])
def test_refusals(images: object, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=message):
        run(images, monkeypatch)
