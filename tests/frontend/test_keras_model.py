"""Keras models with names, types and structures that TensorFlow's converter does not take as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flow import oracle
from flow.errors import UsageError
from flow.frontend import import_model
from flow.frontend.convert_worker import refusals
from flow.frontend.keras_model import _with_float32, first_line, remedy
from flow.frontend.keras_two import without_slashes, without_unused
from flow.graph.evaluate import evaluate
from flow.verify import stimuli


def test_remedy_of_a_file_that_keras_cannot_load() -> None:
    assert ".keras" in remedy("Unknown layer: 'LayerScale'. Please ensure")
    assert "slash" in remedy("Argument `name` must be a string and cannot contain character `/`. Received: name=a/b")
    assert "2.13" in remedy("Unable to synchronously open file")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Exception encountered when calling it.\n\n\x1b[1mInput 0 of layer 'c' is wrong\x1b[0m\n\nArgs", "c"),
        ("plain 'c'\nmore", "c"),
    ],
)
def test_what_an_exception_says(text: str, found: str) -> None:
    line = first_line(ValueError(text))
    assert f"'{found}'" in line and "\x1b" not in line and "\n" not in line and "Exception" not in line
    assert first_line(KeyError()) == "KeyError"


def test_every_float_type_becomes_float32() -> None:
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}
    layer = {"class_name": "Conv2D", "config": {"name": "float16", "dtype": policy, "strides": (1, 1)}}
    config = {"layers": [layer, {"class_name": "InputLayer", "config": {"dtype": "bfloat16", "name": "x"}}]}
    first, second = _with_float32(config)["layers"]
    assert first["config"] == {"name": "float16", "dtype": policy | {"config": {"name": "float32"}}, "strides": (1, 1)}
    assert second["config"] == {"dtype": "float32", "name": "x"}
    whole = {"class_name": "InputLayer", "config": {"dtype": "int32"}}
    assert _with_float32(whole) == whole


def test_operations_that_the_converter_names() -> None:
    place = """loc(fused["BitwiseAnd:", "net_1/mask/And"]): """
    text = (f"Could not translate MLIR to FlatBuffer.<unknown>:0: error: {place}'tf.BitwiseAnd' op is neither a custom "
            f"op nor a flex op\n<unknown>:0: note: {place}Error code: ERROR_NEEDS_FLEX_OPS\n")
    assert [(p.where, p.found) for p in refusals(text)] == [("layer mask/And", "TensorFlow Lite has no BitwiseAnd")]
    other, = refusals("something\n\nelse")
    assert other.found.endswith("int8:\nsomething\nelse")


def test_what_keras_2_writes_for_nothing_is_left_out() -> None:
    depthwise = {"class_name": "DepthwiseConv2D", "config": {"name": "a/b", "groups": 1, "strides": [1, 1]}}
    convolution = {"class_name": "Conv2D", "config": {"name": "c", "groups": 1}}
    config = {"config": {"layers": [depthwise, convolution], "output_layers": [["a/b", 0, 0]]}}
    assert without_slashes(without_unused(config)) == {"config": {
        "layers": [{"class_name": "DepthwiseConv2D", "config": {"name": "a:b", "strides": [1, 1]}}, convolution],
        "output_layers": [["a:b", 0, 0]]}}
    grouped = {"class_name": "DepthwiseConv2D", "config": {"groups": 2}}
    assert without_unused(grouped) == grouped


@pytest.mark.full
def test_a_file_of_keras_2(tmp_path: Path) -> None:
    code = """import sys, tf_keras
from tf_keras import layers
i = tf_keras.Input((9, 8, 3), name="x/y")
a = layers.SeparableConv2D(4, 3, activation="relu")(layers.DepthwiseConv2D(3, depth_multiplier=2, name="a/b")(i))
b = layers.LeakyReLU(alpha=0.3)(layers.Conv2DTranspose(4, 2, strides=2, padding="same")(a))
o = layers.Dense(3)(layers.GlobalAveragePooling2D()(layers.BatchNormalization()(b)))
tf_keras.Model(i, o).save(sys.argv[1])"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "m.h5")], check=True, capture_output=True,
                   env={**os.environ, "TF_USE_LEGACY_KERAS": "1"})
    found = import_model(tmp_path / "m.h5")
    assert found.graph.nodes[0].name == "a:b"
    images = stimuli.images(found.graph, 1, 1)
    got, (answer,) = evaluate(found.graph, images[0]), oracle.run(found.flatbuffer, images)
    assert [name for name in got if name in answer and not np.array_equal(got[name], answer[name])] == []


@pytest.mark.full
@pytest.mark.own_process
def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    import keras
    from keras import layers

    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="broken")])
    model.set_weights([np.full(weight.shape, np.nan) for weight in model.get_weights()])
    model.save(tmp_path / "m.keras")
    with pytest.raises(UsageError, match="broken/kernel: holds values that are no finite"):
        import_model(tmp_path / "m.keras")


@pytest.mark.full
@pytest.mark.own_process
def test_odd_names_a_dictionary_of_inputs_and_mixed_precision(tmp_path: Path) -> None:
    import keras
    from keras import layers

    from models.alive import enliven

    keras.mixed_precision.set_global_policy("mixed_float16")
    given = {name: keras.Input((6, 5, 3), name=name) for name in ("z z", "a;b", "a_b")}
    x = layers.Concatenate(name="zusammen geführt")([layers.Conv2D(n + 2, 3, name=f"größe {n}")(tensor)
                                                     for n, tensor in enumerate(given.values())])
    outputs = {"second": layers.Dense(2, name="two!")(layers.Flatten()(x)), "first": layers.ReLU(name="_relu")(x)}
    model = enliven(keras.Model(given, outputs, name="a network"))
    model.save(tmp_path / "m.keras")
    keras.mixed_precision.set_global_policy("float32")

    (tmp_path / "renamed.h5").write_bytes((tmp_path / "m.keras").read_bytes())
    found = import_model(tmp_path / "renamed.h5")
    assert {"größe 0", "größe 1", "größe 2", "zusammen geführt", "two!"} <= {node.name for node in found.graph.nodes}
    assert sorted(found.graph.inputs) == ["a_b", "a_b_2", "z_z"]
    images = stimuli.images(found.graph, 2, 1)
    for image, answer in zip(images, oracle.run(found.flatbuffer, images), strict=True):
        got = evaluate(found.graph, image)
        assert [name for name in got if name in answer and not np.array_equal(got[name], answer[name])] == []
    loaded = keras.models.load_model(tmp_path / "m.keras", compile=False)
    own = dict(zip(found.graph.inputs, loaded.inputs, strict=True))
    real = {}
    for name, tensor in own.items():
        quantised = found.graph.tensors[name]
        real[tensor.name] = ((images[1][name] - np.float32(quantised.zero_point)) * np.float32(quantised.scale))[None]
    wanted = keras.tree.flatten(loaded(real))
    for name, values in zip(found.graph.outputs, wanted, strict=True):
        tensor = found.graph.tensors[name]
        approximation = tensor.scale * (evaluate(found.graph, images[1])[name].astype(float) - tensor.zero_point)
        assert np.corrcoef(approximation.reshape(-1), np.asarray(values, float).reshape(-1))[0, 1] > 0.98


@pytest.mark.full
@pytest.mark.own_process
def test_a_model_that_keras_cannot_call(tmp_path: Path) -> None:
    import keras
    from keras import layers

    keras.Sequential([keras.Input((4, 4, 6)), layers.Activation("glu"), layers.Conv2D(2, 1)]).save(tmp_path / "m.keras")
    with pytest.raises(UsageError, match="layer 'conv2d' is incompatible") as caught:
        import_model(tmp_path / "m.keras")
    assert "Traceback" not in str(caught.value) and "File" not in str(caught.value)
