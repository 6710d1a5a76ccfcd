"""Which file a model's name means."""

from __future__ import annotations

from pathlib import Path

import pytest

from flow.build import origin, sources
from flow.build.progress import Silent


def test_a_folder_does_not_hide_a_network_of_the_zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "KEPT", tmp_path / "kept")
    (tmp_path / "direct").mkdir()
    (tmp_path / "mine").mkdir()
    assert sources.find("direct", Silent()).path.is_file()
    assert sources.find("mine", Silent()).path == Path("mine")
    (tmp_path / "direct.tflite").write_bytes(b"mine")
    assert sources.find("direct.tflite", Silent()).path == Path("direct.tflite")


def test_a_network_of_the_zoo_is_made_again_by_other_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "KEPT", tmp_path / "kept")
    first = sources.find("direct", Silent()).path
    assert sources.find("direct", Silent()).path == first
    monkeypatch.setattr(sources, "tool_versions", lambda names: dict.fromkeys(names, "1"))
    assert sources.find("direct", Silent()).path != first


def test_what_decodes_calibration_images_is_a_tool() -> None:
    assert "pillow" in origin.tool_versions()
