"""HDF5 files of Keras 1 and 2, whose configurations Keras 3 does not take, or takes for something else."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

#: class -> what Keras 2 writes and Keras 3 refuses, as these layers do not use it (groups are always 1)
_UNUSED = {
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D", "Conv1DTranspose", "Conv2DTranspose"), ("groups",)),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"),
                    ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint")),
    **dict.fromkeys(("SpatialDropout1D", "SpatialDropout2D"), ("trainable", "noise_shape")),
}

_NAME = "flow>hard_sigmoid_of_keras_2"
_HARD_SIGMOID = {"module": "builtins", "class_name": "function", "config": _NAME, "registered_name": _NAME}


def readable(path: Path, folder: Path) -> Path:
    """A model file that Keras 3 reads as Keras 1 or 2 did: ``path`` or, where its configuration is to be changed, one
    in ``folder`` with the weights of ``path``."""
    _register_functions()
    return _readable_archive(path, folder) if zipfile.is_zipfile(path) else _readable_hdf5(path, folder)


def _readable_hdf5(path: Path, folder: Path) -> Path:
    import h5py

    with h5py.File(path) as file:
        config = json.loads(file.attrs["model_config"])
        if not _is_old(file.attrs.get("keras_version", "1")):
            return path
        changed = with_own_functions(without_slashes(without_unused(config)))
        if changed == config:
            return path
        made = folder / "keras_two.h5"
        with h5py.File(made, "w") as target:
            for name, value in file.attrs.items():
                target.attrs[name] = value if name != "model_config" else json.dumps(changed)
            file.copy("model_weights", target)
    return made


def _readable_archive(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        if "metadata.json" not in archive.namelist():
            return path
        if not _is_old(json.loads(archive.read("metadata.json")).get("keras_version", "1")):
            return path
        changed = with_own_functions(config)
        if changed == config:
            return path
        made = folder / "keras_two.keras"
        with zipfile.ZipFile(made, "w") as target:
            for name in archive.namelist():
                target.writestr(name, archive.read(name) if name != "config.json" else json.dumps(changed))
    return made


def _is_old(version: object) -> bool:
    return int(str(version).partition(".")[0]) < 3


def with_own_functions(config: Any) -> Any:
    """The configuration with ``hard_sigmoid`` as Keras 1 and 2 compute it; Keras 3's has another slope."""
    if isinstance(config, list):
        return [with_own_functions(value) for value in config]
    if not isinstance(config, dict):
        return config
    return {
        key: _HARD_SIGMOID if key.endswith("activation") and value == "hard_sigmoid" else with_own_functions(value)
        for key, value in config.items()
    }


def _register_functions() -> None:
    """Make the functions of ``with_own_functions`` known to Keras."""
    import keras

    @keras.saving.register_keras_serializable("flow", "hard_sigmoid_of_keras_2")
    def hard_sigmoid(x: Any) -> Any:
        return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def without_unused(config: Any) -> Any:
    """The configuration without the arguments that their layers do not use."""
    if isinstance(config, list):
        return [without_unused(value) for value in config]
    if not isinstance(config, dict):
        return config
    unused = _UNUSED.get(str(config.get("class_name")), ())
    inner = config.get("config")
    if unused and isinstance(inner, dict) and inner.get("groups", 1) == 1:
        config = {**config, "config": {key: value for key, value in inner.items() if key not in unused}}
    return {key: without_unused(value) for key, value in config.items()}


def without_slashes(config: Any) -> Any:
    """The configuration with a colon for each slash in a layer's name, wherever the name stands."""
    names = {name: name.replace("/", ":") for name in _names(config) if "/" in name}

    def renamed(value: Any) -> Any:
        if isinstance(value, list):
            return [renamed(item) for item in value]
        if isinstance(value, dict):
            return {key: renamed(item) for key, item in value.items()}
        return names.get(value, value) if isinstance(value, str) else value

    return renamed(config) if names else config


def _names(config: Any) -> list[str]:
    if isinstance(config, list):
        return [name for value in config for name in _names(value)]
    if not isinstance(config, dict):
        return []
    inner = config.get("config")
    own = [inner["name"]] if "class_name" in config and isinstance(inner, dict) and "name" in inner else []
    return [*map(str, own), *(name for value in config.values() for name in _names(value))]
