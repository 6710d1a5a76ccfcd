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
LARGE = ("vgg16-48", "mobilenetv2-96", "mobilenetv3small-64", "densenet121-64")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each network of this file is made once."""
    return tmp_path_factory.mktemp("models")


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
def test_small_networks(name: str, folder: Path) -> None:
    check(import_model(make(name, folder)), images=8)


@pytest.mark.nightly
@pytest.mark.parametrize("name", LARGE)
def test_large_networks(name: str, folder: Path) -> None:
    check(import_model(make(name, folder)))


@pytest.mark.full
def test_resnet50_at_64(folder: Path) -> None:
    check(import_model(make("resnet50-64", folder)))


@pytest.mark.full
def test_conversion_is_deterministic(folder: Path) -> None:
    path = make("odd", folder)
    first, second = import_model(path), import_model(path)
    assert first.flatbuffer == second.flatbuffer


@pytest.mark.full
@pytest.mark.own_process
def test_order_of_inputs_and_outputs(folder: Path) -> None:
    """Against Keras itself: the int8 network approximates the float one only if nothing is exchanged."""
    import keras

    path = make("two-by-two", folder)
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
@pytest.mark.own_process
def test_keras_3_archive_of_a_sequence(tmp_path: Path) -> None:
    import keras
    from keras import layers

    from models.alive import enliven

    model = keras.Sequential(
        [keras.Input((9, 7, 2)), layers.Conv2D(5, 3, activation="relu"), layers.Flatten(), layers.Dense(3, name="last")]
    )
    enliven(model).save(tmp_path / "m.keras")
    found = import_model(tmp_path / "m.keras")
    assert found.graph.nodes[-1].name == "last"
    check(found, images=8)


@pytest.mark.full
def test_wrong_calibration_shape(tmp_path: Path, folder: Path) -> None:
    np.save(tmp_path / "c.npy", np.zeros((3, 17, 16, 3), dtype=np.float32))
    with pytest.raises(UsageError, match=r"shape \(3, 17, 16, 3\)"):
        import_model(make("tiny", folder), tmp_path / "c.npy")
