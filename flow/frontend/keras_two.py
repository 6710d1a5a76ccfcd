"""HDF5 files of Keras 1 and 2, whose configurations Keras 3 does not take, or takes for something else."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from flow.errors import Problem, UnsupportedError
from flow.frontend.sniff import objects

#: class -> what Keras 2 writes and Keras 3 refuses, as these layers do not use it (groups are always 1)
_UNUSED = {
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D", "Conv1DTranspose", "Conv2DTranspose"), ("groups",)),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"),
                    ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint")),
    **dict.fromkeys(("SpatialDropout1D", "SpatialDropout2D"), ("trainable", "noise_shape")),
    **dict.fromkeys(("RandomBrightness", "RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation",
                     "RandomZoom"), ("rng_type",)),
}
_FUNCTIONAL = ("Functional", "Model")

_NAME = "flow>hard_sigmoid_of_keras_2"
_HARD_SIGMOID = {"module": "builtins", "class_name": "function", "config": _NAME, "registered_name": _NAME}


def readable(path: Path, folder: Path) -> Path:
    """A model file that Keras 3 reads as Keras 1 or 2 did: ``path`` or, where its configuration is to be changed, one
    in ``folder`` with the weights of ``path``. Raises UnsupportedError with the layers that became something else."""
    _register_functions()
    return _readable_archive(path, folder) if zipfile.is_zipfile(path) else _readable_hdf5(path, folder)


def _readable_hdf5(path: Path, folder: Path) -> Path:
    import h5py

    with h5py.File(path) as file:
        config = json.loads(file.attrs["model_config"])
        if not is_old(file.attrs.get("keras_version", "1")):
            return path
        check_same(config)
        changed = with_own_functions(with_nested(without_slashes(without_unused(config))))
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
        if not is_old(json.loads(archive.read("metadata.json")).get("keras_version", "1")):
            return path
        check_same(config)
        changed = with_own_functions(config)
        if changed == config:
            return path
        made = folder / "keras_two.keras"
        with zipfile.ZipFile(made, "w") as target:
            for name in archive.namelist():
                target.writestr(name, archive.read(name) if name != "config.json" else json.dumps(changed))
    return made


def is_old(version: str | bytes) -> bool:
    """Whether this version, as a file gives it, is one before Keras 3."""
    major = (version.decode() if isinstance(version, bytes) else str(version)).partition(".")[0]
    return not major.isdigit() or int(major) < 3


def check_same(config: Any) -> None:
    """Raise UnsupportedError with the layers whose inference is not that of Keras 3 and cannot be described to it."""
    problems = [
        Problem(
            f"layer {entry['config'].get('name')} (RandomCrop)",
            "resizes the images in Keras 2's inference, and does nothing in Keras 3's",
            "put Resizing(height, width, crop_to_aspect_ratio=True) in its place",
        )
        for entry in _objects(config)
        if entry["class_name"] == "RandomCrop"
    ]
    if problems:
        raise UnsupportedError(problems)


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


def with_nested(config: Any) -> Any:
    """The configuration with nested models, and normalisations in them, as Keras 3 describes them."""
    if isinstance(config, list):
        return [with_nested(value) for value in config]
    if not isinstance(config, dict):
        return config
    config = {key: with_nested(value) for key, value in config.items()}
    inner, kind = config.get("config"), config.get("class_name")
    if not isinstance(inner, dict):
        return config
    if kind == "BatchNormalization" and isinstance(inner.get("axis"), list) and len(inner["axis"]) == 1:
        return {**config, "config": {**inner, "axis": inner["axis"][0]}}
    return {**config, "config": _counted_from_zero(inner)} if kind in _FUNCTIONAL and "layers" in inner else config


def _counted_from_zero(model: dict[str, Any]) -> dict[str, Any]:
    """A functional model's configuration with the uses of each model in it counted from 0, where Keras 2 counts the
    model itself as the first, and with single inputs and outputs not in a list.

    Keras 3 counts as Keras 2 does in one place: where an output is that of a functional model."""
    kinds = {layer["name"]: layer["class_name"] for layer in model["layers"]}
    nested = {name for name, kind in kinds.items() if kind in (*_FUNCTIONAL, "Sequential")}
    ends = {key: model[key] for key in ("input_layers", "output_layers")}
    uses = _uses([*ends.values(), [layer["inbound_nodes"] for layer in model["layers"]]], nested)
    first = {name: min(1, *(number for used, number in uses if used == name)) for name, _ in uses}

    def counted(value: Any, functional: int) -> Any:
        if _is_use(value, nested):
            name, number, *rest = value
            return [name, number - first[name] + (functional if kinds[name] in _FUNCTIONAL else 0), *rest]
        if isinstance(value, list):
            return [counted(item, functional) for item in value]
        return {key: counted(item, functional) for key, item in value.items()} if isinstance(value, dict) else value

    layers = [{**layer, "inbound_nodes": counted(layer["inbound_nodes"], 0)} for layer in model["layers"]]
    single = {
        key: value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list) else value
        for key, value in ends.items()
    }
    return {**model, "layers": layers, **{key: counted(value, 1) for key, value in single.items()}}


def _uses(value: Any, nested: set[str]) -> list[tuple[str, int]]:
    """(name, number) of all uses of nested models."""
    if _is_use(value, nested):
        return [(value[0], value[1])]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [use for item in items for use in _uses(item, nested)]


def _is_use(value: Any, nested: set[str]) -> bool:
    return (
        isinstance(value, list)
        and len(value) > 2
        and isinstance(value[0], str)
        and value[0] in nested
        and all(isinstance(number, int) for number in value[1:3])
    )


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
    return [str(entry["config"]["name"]) for entry in _objects(config) if "name" in entry["config"]]


def _objects(config: Any) -> list[dict[str, Any]]:
    """Serialised objects with a configuration of their own, outer ones first."""
    return [entry for entry in objects(config) if isinstance(entry.get("config"), dict)]
