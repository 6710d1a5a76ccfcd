"""Calibration data: accepted forms, and clear refusals of unfit ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flow.errors import UsageError
from flow.frontend import import_model
from flow.frontend.calibrate import KEPT_SAMPLES, SAMPLES, SYNTHETIC_SAMPLES, InputSpec, load, read_samples
from flow.graph.real import quantise
from models import make

ONE = (InputSpec("image", (4, 6, 3)),)
TWO = (InputSpec("a", (4, 6, 3)), InputSpec("b", (5,)))


def save(path: Path, value: np.ndarray) -> Path:
    np.save(path, value)
    return path


def test_synthetic_is_seeded() -> None:
    first, again, other = load(None, TWO, 1), load(None, TWO, 1), load(None, TWO, 2)
    assert len(first.samples) == SYNTHETIC_SAMPLES
    assert first.warnings
    assert all(
        np.array_equal(x, y)
        for a, b in zip(first.samples, again.samples, strict=True)
        for x, y in zip(a, b, strict=True)
    )
    assert not np.array_equal(first.samples[0][0], other.samples[0][0])


def test_arrays(tmp_path: Path) -> None:
    data = np.arange(2 * 4 * 6 * 3, dtype=np.uint8).reshape(2, 4, 6, 3)
    found = load(save(tmp_path / "a.npy", data), ONE, 0)
    assert [sample[0].shape for sample in found.samples] == [(1, 4, 6, 3)] * 2
    assert found.samples[1][0].dtype == np.float32
    assert np.array_equal(found.samples[1][0][0], data[1])
    np.savez(tmp_path / "b.npz", b=np.zeros((2, 5)), a=data)
    both = load(tmp_path / "b.npz", TWO, 0)
    assert [value.shape for value in both.samples[0]] == [(1, 4, 6, 3), (1, 5)]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (np.zeros((2, 6, 4, 3)), r"shape \(2, 6, 4, 3\)"),
        (np.zeros((0, 4, 6, 3)), "shape"),
        (np.zeros((2, 5)), "shape"),
        (np.full((1, 4, 6, 3), np.nan), "finite"),
        (np.full((1, 4, 6, 3), 1e39), "finite"),
        (np.full((1, 4, 6, 3), "x"), "finite"),
    ],
)
def test_unfit_arrays(tmp_path: Path, value: np.ndarray, found: str) -> None:
    with pytest.raises(UsageError, match=found) as caught:
        load(save(tmp_path / "a.npy", value), ONE, 0)
    assert caught.value.problems[0].remedy


def test_missing_input_and_counts(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.zeros((2, 4, 6, 3)))
    with pytest.raises(UsageError, match="no array for input b"):
        load(tmp_path / "a.npz", TWO, 0)
    np.savez(tmp_path / "b.npz", a=np.zeros((2, 4, 6, 3)), b=np.zeros((3, 5)))
    with pytest.raises(UsageError, match="different numbers"):
        load(tmp_path / "b.npz", TWO, 0)


def test_not_numpy(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="readable"):
        load(tmp_path / "a.npy", ONE, 0)
    with pytest.raises(UsageError, match="no such calibration"):
        load(tmp_path / "none.npy", ONE, 0)


def test_images(tmp_path: Path) -> None:
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    found = load(tmp_path, ONE, 0)
    assert np.array_equal(found.samples[0][0][0], pixels)
    Image.fromarray(pixels[:, :5]).save(tmp_path / "b.png")
    with pytest.raises(UsageError, match="4 x 5 pixels"):
        load(tmp_path, ONE, 0)


def test_samples_for_verification(tmp_path: Path) -> None:
    """The first samples leave the converter as they were given, and become the network's int8 inputs."""
    values = np.random.default_rng(3).uniform(-3, 3, (KEPT_SAMPLES + 4, 4, 6, 3)).astype(np.float32)
    other = np.arange(5 * len(values), dtype=np.float32).reshape(-1, 5)
    path = tmp_path / "c.npz"
    np.savez(path, a=values, b=other)
    load(path, TWO, 0).keep(tmp_path / SAMPLES)
    kept = read_samples(tmp_path / SAMPLES, ["a", "b"])
    assert len(kept) == KEPT_SAMPLES
    assert all(np.array_equal(sample["a"][0], values[n]) for n, sample in enumerate(kept))
    assert all(np.array_equal(sample["b"][0], other[n]) for n, sample in enumerate(kept))
    assert read_samples(tmp_path / "none.npz", ["a"]) == ()


@pytest.mark.full
def test_calibration_data_is_what_a_build_verifies_with(tmp_path: Path) -> None:
    values = np.random.default_rng(3).uniform(-3, 3, (6, 16, 16, 3)).astype(np.float32)
    model = import_model(make("tiny", tmp_path), save(tmp_path / "c.npy", values))
    (name,) = model.graph.inputs
    assert len(model.samples) == 6
    assert np.array_equal(model.samples[2][name], quantise(values[2], model.graph.tensors[name]))


def test_the_name_of_the_file_is_in_no_result(tmp_path: Path) -> None:
    spec = (InputSpec("x", (3,)),)
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    one, other = (load(save(tmp_path / name, values), spec, 0) for name in ("a.npy", "b.npy"))
    assert (one.kind, one.warnings) == (other.kind, other.warnings)
