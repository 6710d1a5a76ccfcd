"""HDF5 files of Keras 2, whose configurations hold what Keras 3 does not take: left out where it says nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: class -> what Keras 2 writes and Keras 3 refuses, as these layers do not use it (groups are always 1)
_UNUSED = {
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D", "Conv1DTranspose", "Conv2DTranspose"), ("groups",)),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"),
                    ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint")),
    **dict.fromkeys(("SpatialDropout1D", "SpatialDropout2D"), ("trainable", "noise_shape")),
}


def readable(path: Path, folder: Path) -> Path:
    """An HDF5 model file that Keras 3 reads: ``path`` or, where its configuration is to be changed, one in ``folder``
    with the weights of ``path``."""
    import h5py

    with h5py.File(path) as file:
        config = json.loads(file.attrs["model_config"])
        changed = without_slashes(without_unused(config))
        if changed == config:
            return path
        made = folder / "keras_two.h5"
        with h5py.File(made, "w") as target:
            for name, value in file.attrs.items():
                target.attrs[name] = value if name != "model_config" else json.dumps(changed)
            file.copy("model_weights", target)
    return made


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
