"""The conversion in steps gives what TensorFlow's converter gives in one; what would crash that is refused before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flow.errors import UnsupportedError
from flow.frontend import import_model
from flow.frontend.calibrate import InputSpec, synthetic
from flow.frontend.flatbuffer import FlatModel, read
from flow.frontend.tensorflow_lite import INT8, freeze, to_float, to_int8

INPUTS = [InputSpec("left", (8, 8, 3)), InputSpec("right", (4, 4, 6))]


def network(unread: bool = False) -> Any:
    """Two inputs, two outputs, a layer with several results, of which one may be ``unread``."""
    import keras
    import tensorflow as tf
    from keras import layers

    from models.alive import enliven

    left, right = keras.Input((8, 8, 3), name="left"), keras.Input((4, 4, 6), name="right")
    x = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(left)
    low, high = layers.Lambda(lambda value: tf.split(value, 2, axis=3), name="parts")(layers.Add()([x, right]))
    halves = high if unread else layers.Concatenate()([high, low])
    y = layers.Dense(5, name="second")(layers.Flatten()(halves))
    return enliven(keras.Model([left, right], [layers.DepthwiseConv2D(3)(x), y]))


def in_one(model: Any, inputs: list[InputSpec], samples: Any) -> bytes:
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((1, *spec.shape), tf.float32, name=spec.name) for spec in inputs])
    def one_image(*tensors: Any) -> Any:
        return tf.nest.flatten(model(list(tensors), training=False))

    def given() -> Iterator[list[Any]]:
        for sample in samples:
            yield list(sample)

    converter = tf.lite.TFLiteConverter.from_concrete_functions([one_image.get_concrete_function()], model)
    converter.experimental_lower_to_saved_model = False
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = given
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def content(model: FlatModel) -> Any:
    tensors = [
        (t.name, t.kind, t.shape, t.scales, t.zero_points, t.axis, None if t.data is None else t.data.tobytes())
        for t in model.tensors
    ]
    ops = [(op.kind, op.inputs, op.outputs, repr(vars(op.options) if op.options else None)) for op in model.ops]
    return tensors, ops, model.inputs, model.outputs


@pytest.mark.full
@pytest.mark.own_process
def test_steps_give_what_the_converter_gives(tmp_path: Path) -> None:
    model = network()
    calibration = synthetic(INPUTS, 0)
    freeze(model, INPUTS, tmp_path)
    to_float(tmp_path)
    to_int8(calibration, tmp_path)
    wanted = read(in_one(model, INPUTS, calibration.samples), "wanted")
    assert content(read((tmp_path / INT8).read_bytes(), "found")) == content(wanted)
    assert {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"} <= {op.kind for op in wanted.ops}


@pytest.mark.full
@pytest.mark.own_process
def test_an_unread_result_leaves_nothing_in_float_by_chance(tmp_path: Path) -> None:
    """Asked once, the quantiser leaves the split in float every third time."""
    freeze(network(unread=True), INPUTS, tmp_path)
    to_float(tmp_path)
    found = set()
    for _ in range(10):
        to_int8(synthetic(INPUTS, 0), tmp_path)
        found.add((tmp_path / INT8).read_bytes())
    only, = found
    assert all(tensor.kind != "FLOAT32" for tensor in read(only, "found").tensors)


@pytest.mark.full
@pytest.mark.own_process
def test_recurrent_layers_are_refused_by_name(tmp_path: Path) -> None:
    import keras
    from keras import layers

    inner = keras.Sequential([keras.Input((12, 5)), layers.Bidirectional(layers.GRU(3), name="both")], name="inner")
    model = keras.Sequential(
        [keras.Input((12, 4)), layers.LSTM(5, return_sequences=True, name="memory"), inner, layers.Dense(2)]
    )
    model.save(tmp_path / "m.h5")
    with pytest.raises(UnsupportedError) as caught:
        import_model(tmp_path / "m.h5")
    assert [problem.where for problem in caught.value.problems] == ["layer memory (LSTM)", "layer both (Bidirectional)"]
    assert all("convolutions" in problem.remedy for problem in caught.value.problems)
