"""Model files for the command: small ones made here, each only once for all tests."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import h5py
import pytest

from flow.hardware.config import HwConfig
from flow.size import hwfile

SMALL = HwConfig(2, 8, 8, axi_bytes=64, inp_banks=2, inp_depth=512, acc_depth=64, wgt_depth=512, out_depth=64,
                 par_depth=32)


@pytest.fixture
def small_engine(tmp_path: Path) -> Path:
    path = tmp_path / "inputs" / "hw.json"
    path.parent.mkdir(exist_ok=True)
    hwfile.write(path, SMALL, {})
    return path


def keras_h5(path: Path, layers: list[dict[str, object]]) -> Path:
    """An .h5 whose configuration has these layers, as legacy Keras writes it; no weights."""
    path.parent.mkdir(exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "3.0.0"
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": layers}})
        file.create_group("model_weights").attrs["layer_names"] = []
    return path


def keras_zip(path: Path, layers: list[dict[str, object]]) -> Path:
    """A .keras archive with these layers; no weights."""
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        config = {"class_name": "Sequential", "config": {"name": "m", "layers": layers}}
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.0.0"}))
    return path


INPUT = {"class_name": "InputLayer", "config": {"name": "input", "batch_shape": [None, 8, 8, 3], "dtype": "float32"}}
LAMBDA = {"class_name": "Lambda", "config": {"name": "mine", "function": ["4wEA", None, None], "module": "builtins"}}
