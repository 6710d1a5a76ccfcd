"""Files of Keras 2: what is changed in them, and that Keras 3 then computes what Keras 2 did."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flow.errors import UnsupportedError
from flow.frontend.keras_model import load_model
from flow.frontend.keras_two import check_same, is_old, with_nested, with_own_functions
from tests.frontend import keras_two_networks

WORKER = Path(keras_two_networks.__file__)


def test_hard_sigmoid_is_keras_2s_own() -> None:
    layer = {"class_name": "Conv2D", "config": {"name": "hard_sigmoid", "activation": "hard_sigmoid"}}
    wrapped = {"class_name": "TimeDistributed", "config": {"name": "relu", "layer": layer, "activation": "relu"}}
    found = with_own_functions({"config": {"layers": [wrapped]}})["config"]["layers"][0]["config"]
    assert found["activation"] == "relu"
    assert found["layer"]["config"]["name"] == "hard_sigmoid"
    assert found["layer"]["config"]["activation"]["config"] == "flow>hard_sigmoid_of_keras_2"


def test_versions() -> None:
    assert all(map(is_old, ("1", "2.15.0", "2.2.4-tf", b"2.2.4", np.bytes_(b"2.0.8"))))
    assert not any(map(is_old, ("3.0.0", b"3.12.1", "10.1")))


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(("kind", "at_an_output"), [("Functional", 1), ("Sequential", 0)])
def test_uses_of_a_nested_model_are_counted_as_keras_3_does(kind: str, at_an_output: int, first: int) -> None:
    def model(first: int, end: int, wrapped: bool) -> dict[str, object]:
        nested = {"class_name": kind, "name": "n", "config": {"name": "n"}, "inbound_nodes": [[["x", 0, 0, {}]], [
            ["n", first, 0, {}]]]}
        layers = [nested, {"class_name": "ReLU", "name": "r", "config": {}, "inbound_nodes": [[["n", first + 1, 0]]]}]
        given = ["x", 0, 0]
        outputs = [["n", end, 0], ["n", end + 1, 0], ["r", 0, 0]]
        ends = {"input_layers": [given] if wrapped else given, "output_layers": outputs}
        return {"class_name": "Functional", "config": {"layers": layers, **ends}}

    assert with_nested(model(first, first, True)) == model(0, at_an_output, False)


def test_a_layer_that_became_another_is_refused() -> None:
    layers = [{"class_name": kind, "config": {"name": f"my {kind}"}} for kind in ("RandomFlip", "RandomCrop")]
    with pytest.raises(UnsupportedError, match=r"(?s)layer my RandomCrop.*Resizing") as raised:
        check_same({"class_name": "Sequential", "config": {"layers": layers}})
    assert len(raised.value.problems) == 1


def test_the_axis_of_a_normalisation_is_a_number() -> None:
    config = {"class_name": "BatchNormalization", "config": {"axis": [3]}}
    assert with_nested({"layer": config}) == {"layer": {**config, "config": {"axis": 3}}}


@pytest.mark.full
@pytest.mark.own_process
def test_what_keras_2_computed(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(WORKER), str(tmp_path)], check=True, capture_output=True,
                   env={**os.environ, "TF_USE_LEGACY_KERAS": "1"})
    for name in keras_two_networks.NETWORKS:
        folder = tmp_path / f"{name} read"
        folder.mkdir()
        model = load_model(tmp_path / name, folder)
        images, *wanted = np.load(tmp_path / f"{name}.npz").values()
        answers = model(images, training=False)
        answers = answers if isinstance(answers, list) else [answers]
        for answer, values in zip(answers, wanted, strict=True):  # the order of float32 sums differs between the two
            np.testing.assert_allclose(np.asarray(answer), values, rtol=0, atol=1e-5, err_msg=name)
