"""What kind of file a model is, by its content; files that carry code are refused before anything is loaded."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from flow.errors import Problem, UnsupportedError, UsageError

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
_TFLITE = b"TFL3"  # bytes 4 to 7

#: Keras classes whose configuration holds Python code or names a file with code
CODE_CLASSES = frozenset(
    {
        "Lambda",
        "__lambda__",
        "function",
        "__function__",
        "ClassMethod",
        "InstanceMethod",
        "TorchModuleWrapper",
        "JaxLayer",
        "FlaxLayer",
        "TFSMLayer",
    }
)
_TRUSTED_MODULES = ("keras", "tf_keras", "tensorflow.keras", "tensorflow.python.keras", "builtins")


class Kind(Enum):
    """Kinds of model files."""

    KERAS_H5 = "Keras HDF5"
    KERAS_ZIP = "Keras 3 archive"
    QKERAS_H5 = "QKeras HDF5"
    TFLITE = "TensorFlow Lite flatbuffer"


def sniff(path: Path) -> Kind:
    """Kind of the model file. Raises UsageError if it is missing, empty or of no known kind."""
    if not path.exists():
        raise UsageError(
            Problem(str(path), "there is no such file", "give the path of a .h5, .keras or int8 .tflite model")
        )
    if path.is_dir():
        raise UsageError(
            Problem(
                str(path),
                "is a folder, not a model file",
                "SavedModel folders are not read; save the model as .keras or .h5",
            )
        )
    with path.open("rb") as file:
        head = file.read(8)
    if head == _HDF5:
        return Kind.KERAS_H5
    if head[:4] == _ZIP:
        return Kind.KERAS_ZIP
    if head[4:8] == _TFLITE:
        return Kind.TFLITE
    found = "is empty" if not head else f"is not a model: it begins with {head!r}"
    raise UsageError(Problem(str(path), found, "give a Keras .h5 or .keras file, or an int8 .tflite"))


def check_keras(path: Path, kind: Kind) -> dict[str, Any]:
    """The model's configuration, read without loading the model.

    Raises UsageError if the file is damaged or holds no model, UnsupportedError if it carries code or objects that are
    neither Keras's nor QKeras's own.
    """
    config = _h5_config(path) if kind is Kind.KERAS_H5 else _zip_config(path)
    problems = [problem for entry in objects(config) if (problem := _judge(entry)) is not None]
    if problems:
        raise UnsupportedError(list(dict.fromkeys(problems)))
    return config


def is_qkeras(config: dict[str, Any]) -> bool:
    """Whether the model of this configuration has QKeras layers or quantisers."""
    return any(_of_qkeras(entry) for entry in objects(config))


def _of_qkeras(entry: dict[str, Any]) -> bool:
    class_name, module = entry["class_name"], str(entry.get("module") or "")
    return (
        module.split(".")[0] == "qkeras"
        or (not module and class_name.startswith("Q") and class_name[1:2].isupper())
        or (not module and class_name.startswith("quantized_"))
    )


def _h5_config(path: Path) -> dict[str, Any]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
            if text is None:
                weights_only = "layer_names" in file.attrs or "model_weights" in file
                found = "holds weights only, no model" if weights_only else "is an HDF5 file, but not a Keras model"
                raise UsageError(Problem(str(path), found, "save the whole model: model.save('model.h5')"))
            _read_everything(file)
    except UsageError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise UsageError(
            Problem(str(path), f"is truncated or damaged ({_first_line(error)})", "copy or save the model again")
        ) from None
    return _parse(path, text)


def _read_everything(file: Any) -> None:
    """Touch the last element of every dataset: a truncated file fails here, not in the middle of the work."""
    import h5py

    def visit(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.size:
            item[tuple(n - 1 for n in item.shape)]

    file.visititems(visit)


def _zip_config(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "config.json" not in names:
                raise UsageError(
                    Problem(
                        str(path),
                        "is a zip archive without config.json, not a Keras model",
                        "save the model with model.save('model.keras')",
                    )
                )
            damaged = archive.testzip()
            text = archive.read("config.json")
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise UsageError(
            Problem(str(path), f"is truncated or damaged ({_first_line(error)})", "copy or save the model again")
        ) from None
    if damaged is not None:
        raise UsageError(
            Problem(str(path), f"is damaged: {damaged} fails its checksum", "copy or save the model again")
        )
    return _parse(path, text)


def _parse(path: Path, text: str | bytes) -> dict[str, Any]:
    try:
        config = json.loads(text)
    except (ValueError, UnicodeDecodeError):
        raise UsageError(Problem(str(path), "its model configuration is not JSON", "save the model again")) from None
    if not isinstance(config, dict) or "class_name" not in config:
        raise UsageError(Problem(str(path), "its configuration names no model class", "save the whole model"))
    return config


def objects(config: Any) -> Iterator[dict[str, Any]]:
    """Every serialised object in the configuration, outer ones first."""
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str):
            yield config
        for value in config.values():
            yield from objects(value)
    elif isinstance(config, list):
        for value in config:
            yield from objects(value)


def _judge(entry: dict[str, Any]) -> Problem | None:
    class_name, module = entry["class_name"], str(entry.get("module") or "")
    inner = entry.get("config")
    name = entry.get("name") or (inner.get("name") if isinstance(inner, dict) else None) or class_name
    where = f"layer {name}"
    if _of_qkeras(entry):
        return None
    if class_name in ("TFOpLambda", "SlicingOpLambda"):
        return Problem(
            where,
            "a TensorFlow function as Keras 2 keeps it, which Keras 3 does not read",
            "replace it by Keras's own layers, or give an int8 .tflite",
        )
    if class_name in CODE_CLASSES:
        return Problem(
            where,
            f"{class_name} carries Python code, which is never executed",
            "replace it by Keras's own layers and save the model again",
        )
    registered = str(entry.get("registered_name") or "")
    foreign = module and not any(module == trusted or module.startswith(trusted + ".") for trusted in _TRUSTED_MODULES)
    if foreign or ">" in registered or ">" in class_name:
        origin = registered or module or class_name
        return Problem(
            where,
            f"{class_name} ({origin}) is not Keras's own class; its code is not in the file",
            "rebuild the model from Keras's own layers",
        )
    return None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
