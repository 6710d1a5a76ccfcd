"""Keras models through the converter: same bytes each time, right order of inputs and outputs, equal to the oracle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flow import oracle
from flow.errors import UsageError
from flow.frontend import Imported, import_model
from flow.graph.evaluate import evaluate
from flow.verify.aliveness import dead_tensors
from models import make

SMALL = ("tiny", "odd", "two-by-two", "direct")
LARGE = ("resnet50-64", "vgg16-48", "mobilenetv2-96", "mobilenetv3small-64", "densenet121-64")


def check(model: Imported, seed: int = 3, images: int = 2) -> None:
    random, graph = np.random.default_rng(seed), model.graph
    inputs = [
        {name: random.integers(-128, 128, graph.tensors[name].shape).astype(np.int8) for name in graph.inputs}
        for _ in range(images)
    ]
    expected = oracle.run(model.flatbuffer, inputs)
    for image, answer in zip(inputs, expected, strict=True):
        got = evaluate(graph, image)
        assert set(got) <= set(answer)
        assert [name for name in got if not np.array_equal(got[name], answer[name])] == [], f"seed {seed}"
    floors = {name: tensor.zero_point for name, tensor in graph.tensors.items()}
    assert dead_tensors(expected, floors) == []


@pytest.mark.full
@pytest.mark.parametrize("name", SMALL)
def test_small_networks(name: str, tmp_path: Path) -> None:
    check(import_model(make(name, tmp_path)), images=8)


@pytest.mark.nightly
@pytest.mark.parametrize("name", LARGE)
def test_large_networks(name: str, tmp_path: Path) -> None:
    check(import_model(make(name, tmp_path)))


@pytest.mark.full
def test_resnet50_at_64(tmp_path: Path) -> None:
    check(import_model(make("resnet50-64", tmp_path)))


@pytest.mark.full
def test_conversion_is_deterministic(tmp_path: Path) -> None:
    path = make("odd", tmp_path)
    first, second = import_model(path), import_model(path)
    assert first.flatbuffer == second.flatbuffer
    assert import_model(path, seed=1).flatbuffer != first.flatbuffer


@pytest.mark.full
def test_order_of_inputs_and_outputs(tmp_path: Path) -> None:
    """Against Keras itself: the int8 network approximates the float one only if nothing is exchanged."""
    import keras

    path = make("two-by-two", tmp_path)
    model = import_model(path)
    graph = model.graph
    assert graph.inputs == ("left", "right")
    assert [graph.tensors[name].shape for name in graph.inputs] == [(12, 12, 3), (6, 6, 5)]
    random = np.random.default_rng(5)
    real = [random.uniform(-1, 1, (1, *graph.tensors[name].shape)).astype(np.float32) for name in graph.inputs]
    image = {}
    for name, values in zip(graph.inputs, real, strict=True):
        tensor = graph.tensors[name]
        image[name] = np.clip(np.round(values[0] / tensor.scale) + tensor.zero_point, -128, 127).astype(np.int8)
    got = evaluate(graph, image)
    for name, wanted in zip(graph.outputs, keras.models.load_model(path, compile=False)(real), strict=True):
        tensor = graph.tensors[name]
        approximation = tensor.scale * (got[name].astype(np.float64) - tensor.zero_point)
        assert np.corrcoef(approximation.reshape(-1), np.asarray(wanted).reshape(-1))[0, 1] > 0.98


@pytest.mark.full
def test_wrong_calibration_shape(tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", np.zeros((3, 17, 16, 3), dtype=np.float32))
    with pytest.raises(UsageError, match=r"shape \(3, 17, 16, 3\)"):
        import_model(make("tiny", tmp_path), tmp_path / "c.npy")
