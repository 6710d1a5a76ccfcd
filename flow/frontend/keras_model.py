"""A Keras model out of its file, made ready for TensorFlow's converter: float32 throughout, names that it takes."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flow.errors import Problem, UsageError
from flow.frontend.keras_two import readable
from flow.frontend.names import safe_names

#: Keras's float types and policies other than plain float32
_OTHER_FLOATS = frozenset({"float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16"})
_BOLD = re.compile(r"\x1b\[1m(.*?)\x1b\[0m", re.DOTALL)


def load_model(path: Path, folder: Path) -> Any:
    """The model in float32. Raises UsageError if Keras cannot load it; code in the file is never executed.

    folder: for a link to the file if its name does not say what it is, which Keras goes by.
    """
    import keras

    suffix = ".keras" if zipfile.is_zipfile(path) else ".h5"
    named = readable(path, folder)
    if named.suffix != suffix:
        named = folder / f"model{suffix}"
        named.symlink_to(path)
    try:
        model = keras.models.load_model(named, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises anything; whatever it is, the file cannot be used
        text = first_line(error)
        raise UsageError(Problem(str(path), f"Keras cannot load it: {text}", remedy(text))) from error
    _check_weights(path, model)
    return _in_float32(model)


def _check_weights(path: Path, model: Any) -> None:
    import numpy as np

    values = ((weight.path, np.asarray(weight.numpy(), np.float64)) for weight in model.weights)
    problems = [
        Problem(f"{path}: {name}", "holds values that are no finite numbers (NaN or infinite)", "train the model again")
        for name, value in values
        if not np.isfinite(value).all()
    ]
    if problems:
        raise UsageError(problems)


def remedy(text: str) -> str:
    """What to do where Keras says ``text`` of a file."""
    if "Unknown layer" in text:
        return "this format does not say where the layer comes from: save the model as .keras, or give an int8 .tflite"
    if "cannot contain character `/`" in text:
        return "rename the layer: Keras 3 takes no name with a slash"
    if "Could not locate class" in text:
        return "an archive of Keras 2, or of classes of your own: save the model as HDF5, model.save('model.h5')"
    return "save the model again with Keras 2.13 or newer"


def first_line(error: Exception) -> str:
    """The one line of a Keras or TensorFlow exception that says what is wrong."""
    bold = _BOLD.search(str(error))
    text = (bold.group(1) if bold else str(error)).rpartition("Exception encountered: ")[2]
    lines = text.strip().splitlines()
    return (lines or [type(error).__name__])[0].strip()[:300]


def layers_of(model: Any) -> Iterator[Any]:
    """All layers, those of nested models and wrapped ones included."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from layers_of(layer)
        elif hasattr(layer, "layer"):
            yield layer.layer


def rename(model: Any) -> None:
    """Give every layer, and the model, the name that ``safe_names`` has for it; operations' names start with them."""
    found = [*layers_of(model), *model._flatten_layers(), *getattr(model, "operations", ())]
    names = safe_names([layer.name for layer in found])
    for part in {id(part): part for part in found}.values():
        part.name = names[part.name]


def _in_float32(model: Any) -> Any:
    """The same model with float32 weights and arithmetic: int8 ranges are measured in it, not in half precision."""
    import keras

    floats = {kind for layer in model._flatten_layers() for kind in (layer.compute_dtype, layer.variable_dtype)}
    floats |= {str(tensor.dtype) for tensor in getattr(model, "inputs", None) or ()}
    if not floats & _OTHER_FLOATS:
        return model
    config = _with_float32(keras.saving.serialize_keras_object(model))
    made = keras.saving.deserialize_keras_object(config, safe_mode=True)
    made.set_weights([weight.astype("float32") for weight in model.get_weights()])
    return made


def _with_float32(config: Any) -> Any:
    if isinstance(config, list | tuple):
        return type(config)(_with_float32(value) for value in config)
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy" and config["config"]["name"] in _OTHER_FLOATS:
        return {**config, "config": {"name": "float32"}}
    return {
        key: "float32" if key == "dtype" and isinstance(value, str) and value in _OTHER_FLOATS else _with_float32(value)
        for key, value in config.items()
    }
