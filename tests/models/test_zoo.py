"""The zoo makes the same bytes each time, and knows its networks without TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flow.errors import UsageError
from models import zoo


def test_cheap_to_ask() -> None:
    code = (
        "import sys; from models import zoo; zoo.names(); "
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_known_networks() -> None:
    assert {"resnet50", "vgg16", "vgg16-48", "tiny", "odd", "two-by-two", "direct"} <= set(zoo.names())


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no network of this name"):
        zoo.entry("resnet51")
    with pytest.raises(UsageError, match=r"not made as \.txt"):
        zoo.write("tiny", tmp_path / "tiny.txt")
    assert not list(tmp_path.iterdir())


def test_flatbuffer_twice(tmp_path: Path) -> None:
    zoo.write("direct", tmp_path / "a.tflite")
    zoo.write("direct", tmp_path / "b.tflite")
    assert (tmp_path / "a.tflite").read_bytes() == (tmp_path / "b.tflite").read_bytes()


@pytest.mark.parametrize(
    "name", [pytest.param("odd", marks=pytest.mark.full), pytest.param("resnet50-64", marks=pytest.mark.nightly)]
)
def test_keras_twice(name: str, tmp_path: Path) -> None:
    zoo.write(name, tmp_path / "a.h5")
    zoo.write(name, tmp_path / "b.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
