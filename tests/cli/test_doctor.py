"""``flow doctor``: versions, what each missing tool gives, how to get it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from flow.cli import doctor
from flow.isa.render import DEFAULT_ENGINE
from flow.project.board import BOARDS
from flow.project.steps import plan_for


def found(value: dict[str, object]) -> dict[str, dict[str, object]]:
    entries = value["found"]
    assert isinstance(entries, list)
    return {entry["name"]: entry for entry in entries}


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, first on the PATH; the system's tools behind it."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return tmp_path


def stand_in(tools: Path, name: str, body: str) -> None:
    (tools / name).write_text(f"#!/bin/sh\n{body}\n")
    (tools / name).chmod(0o755)


def test_a_tool_tells_its_version(tools: Path) -> None:
    stand_in(tools, "vivado", 'test "$1" = -version && echo "Vivado v2023.2 (64-bit)"')
    text, value = doctor.examine()
    assert found(value)["vivado"]["state"] == "v2023.2"
    assert "v2023.2" in next(line for line in text.splitlines() if line.startswith("vivado"))


def test_a_missing_tool_says_what_it_gives_and_how_to_get_it(tools: Path) -> None:
    text, value = doctor.examine()
    line = next(line for line in text.splitlines() if line.startswith("quartus_sh"))
    assert "missing" in line and "bitstreams for Intel devices" in line and "optional; get it: Intel" in line
    assert found(value)["quartus_sh"] == {"name": "quartus_sh", "state": "missing", "optional": True,
                                          "for": "bitstreams for Intel devices",
                                          "get": "Intel's download page, Quartus Prime Pro"}


NEEDS = [str(need["name"]) for need in doctor.examine()[1]["found"] if need["name"] not in ("python", "OpenCL device")]


@pytest.mark.parametrize("name", NEEDS)
def test_each_is_missed_alone(name: str, tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With everything there but one, that one is missing, with what it gives and how to get it."""
    def version(package: str) -> str:
        if package == name:
            raise metadata.PackageNotFoundError(package)
        return "1.2"

    monkeypatch.setattr(doctor.metadata, "version", version)
    monkeypatch.setattr(doctor, "_opencl", lambda: "found")
    monkeypatch.setenv("PATH", str(tools))
    for other in NEEDS:
        if other != name:
            stand_in(tools, other, "echo a 3.4")
    text, value = doctor.examine()
    entry = found(value)[name]
    assert [other for other, state in found(value).items() if state["state"] == "missing"] == [name]
    line = next(line for line in text.splitlines() if line.startswith(f"{name} "))
    assert entry["for"] and entry["get"] and f"missing                  for {entry['for']}" in line
    assert f"get it: {entry['get']}" in line and value["ok"] is entry["optional"]


def test_every_project_s_tool_is_known() -> None:
    tools = {plan_for(board.platform, DEFAULT_ENGINE).tool for board in BOARDS}
    assert tools <= set(NEEDS), tools - set(NEEDS)


def test_only_what_is_needed_makes_it_bad(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert doctor.examine()[1]["ok"] is True
    monkeypatch.setenv("PATH", str(tmp_path))  # no g++, make, perl
    text, value = doctor.examine()
    assert value["ok"] is False and found(value)["g++"]["state"] == "missing"
    assert "something needed is missing: run make setup" in text


def test_a_tool_that_does_not_start_is_told(tools: Path) -> None:
    stand_in(tools, "vivado", "")
    (tools / "vivado").write_bytes(b"\x7fELF")
    assert found(doctor.examine()[1])["vivado"]["state"] == "found, does not start"


def test_json_is_one_object() -> None:
    done = subprocess.run([sys.executable, "-m", "flow", "doctor", "--json"], capture_output=True, text=True,
                          check=False)
    value = json.loads(done.stdout)
    assert value["ok"] is True and found(value)["verilator"]["state"] not in ("missing", "found")
