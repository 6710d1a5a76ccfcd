"""Worker of the tests of Keras 2's files: ``python tests/frontend/keras_two_networks.py FOLDER``.

Leaves each of the networks below as Keras 2 saves it, and beside it ``.npz`` with images and what Keras 2 predicts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

NETWORKS: dict[str, Callable[[Any], Any]] = {}


def network(name: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Registers a function of ``tf_keras`` that makes a model of (6, 6, 3) images, and the file's name."""

    def register(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
        NETWORKS[name] = build
        return build

    return register


@network("hard sigmoid.h5")
def hard_sigmoid(keras: Any) -> Any:
    layers, image = keras.layers, keras.Input((6, 6, 3))
    x = layers.Activation("hard_sigmoid")(layers.Conv2D(4, 3)(image))
    x = layers.SeparableConv2D(4, 2, activation="hard_sigmoid")(x)
    return keras.Model(image, layers.TimeDistributed(layers.Dense(3, activation="hard_sigmoid"))(x))


@network("hard sigmoid.keras")
def hard_sigmoid_in_an_archive(keras: Any) -> Any:
    return keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(4, 3, activation="hard_sigmoid")])


def _base(keras: Any, name: str) -> Any:
    layers, image = keras.layers, keras.Input((6, 6, 3))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(3, 3, padding="same")(image)))
    return keras.Model(image, layers.BatchNormalization()(layers.Conv2D(3, 3, padding="same")(x)), name=name)


@network("transfer.h5")
def transfer(keras: Any) -> Any:
    base = _base(keras, "base")
    for layer in base.layers[:3]:
        layer.trainable = False
    image = keras.Input((6, 6, 3))
    return keras.Model(image, keras.layers.Dense(4)(keras.layers.GlobalAveragePooling2D()(base(image))))


@network("transfer in a list.h5")
def transfer_in_a_list(keras: Any) -> Any:
    base = _base(keras, "base")
    base.trainable = False
    flat = keras.layers.GlobalAveragePooling2D()
    augmentation = keras.Sequential([keras.layers.RandomFlip(), keras.layers.RandomRotation(0.2)])
    return keras.Sequential([keras.Input((6, 6, 3)), augmentation, base, flat, keras.layers.Dense(4)])


@network("used twice.h5")
def used_twice(keras: Any) -> Any:
    layers, image, between = keras.layers, keras.Input((6, 6, 3)), keras.Input((6, 6, 3))
    base = _base(keras, "base")
    head = keras.Sequential([layers.Conv2D(3, 1)], name="head")
    outer = keras.Model(between, layers.BatchNormalization()(_base(keras, "inner")(between)), name="outer")
    first = base(image)
    second = base(layers.ReLU()(first))
    third = head(outer(image))
    return keras.Model(image, [second, head(second), first, third, layers.Subtract()([second, third])])


@network("two outputs.h5")
def two_outputs(keras: Any) -> Any:
    layers, image, inner = keras.layers, keras.Input((6, 6, 3)), keras.Input((6, 6, 3))
    x = layers.Conv2D(3, 3)(inner)
    left, right = keras.Model(inner, [x, layers.ReLU()(x)], name="two")(image)
    return keras.Model(image, layers.TimeDistributed(layers.BatchNormalization())(layers.Subtract()([right, left])))


@network("augmentation.h5")
def augmentation(keras: Any) -> Any:
    layers = keras.layers
    random = [layers.RandomBrightness(0.2), layers.RandomContrast(0.2), layers.RandomFlip(),
              layers.RandomRotation(0.2), layers.RandomTranslation(0.1, 0.1), layers.RandomZoom(0.2)]
    return keras.Sequential([keras.Input((6, 6, 3)), *random, layers.Conv2D(2, 3)])


def main(folder: Path) -> None:
    import tf_keras

    random = np.random.default_rng(0)
    images = random.normal(0, 2, (2, 6, 6, 3)).astype(np.float32)
    for name, build in NETWORKS.items():
        tf_keras.backend.clear_session()
        model = build(tf_keras)
        for weight in model.weights:
            low = 0.5 if "variance" in weight.name else -1
            weight.assign(random.uniform(low, 1, weight.shape).astype(np.float32))
        model.save(folder / name)
        answers = model.predict(images, verbose=0)
        answers = answers if isinstance(answers, list) else [answers]
        np.savez(folder / f"{name}.npz", images, *answers)


if __name__ == "__main__":
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    main(Path(sys.argv[1]))
