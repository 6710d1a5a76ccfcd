"""The manifest names every file and every change to one."""

from __future__ import annotations

from pathlib import Path

import pytest

from flow.build import manifest
from flow.errors import UsageError

INPUTS = {"fpga": "vu9p", "models": [{"name": "m", "sha256": "00"}], "seed": 0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    (tmp_path / "timing.json").write_text("1")
    manifest.write(tmp_path, INPUTS)
    return tmp_path


def test_complete_and_current(folder: Path) -> None:
    assert sorted(manifest.read(folder)["files"]) == ["b", "deep/a"]
    assert manifest.is_current(folder, INPUTS)
    assert not manifest.is_current(folder, {**INPUTS, "seed": 1})
    manifest.check(folder)


def test_wall_times_are_not_covered(folder: Path) -> None:
    before = (folder / manifest.NAME).read_bytes()
    (folder / "timing.json").write_text("2")
    manifest.check(folder)
    manifest.write(folder, INPUTS)
    assert (folder / manifest.NAME).read_bytes() == before


def test_no_manifest(tmp_path: Path) -> None:
    assert not manifest.is_current(tmp_path, INPUTS)
    with pytest.raises(UsageError, match="no folder made by flow build"):
        manifest.check(tmp_path)


def test_every_difference_is_named(folder: Path) -> None:
    (folder / "b").write_text("B")
    (folder / "deep" / "a").unlink()
    (folder / "rtl").mkdir()
    (folder / "rtl" / "c").write_text("c")
    assert not manifest.is_current(folder, INPUTS)
    with pytest.raises(UsageError) as caught:
        manifest.check(folder)
    found = {problem.where.partition("/")[2]: problem.found for problem in caught.value.problems}
    assert found == {"b": "changed since the build", "deep/a": "missing", "rtl/c": "not in the manifest"}


@pytest.mark.parametrize("name", ["genus.log", "fpga/pins.qsf", "fpga/run/flow.bit", "fpga/run/rtl/copy.sv",
                                  "build/obj/a.o"])
def test_what_people_and_tools_add_elsewhere_is_theirs(name: str, folder: Path) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("mine")
    manifest.check(folder)
    assert manifest.is_current(folder, INPUTS)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"files": 3}', "null"])
def test_damaged_manifest(folder: Path, text: str) -> None:
    (folder / manifest.NAME).write_text(text)
    assert not manifest.is_current(folder, INPUTS)
    with pytest.raises(UsageError, match="manifest"):
        manifest.check(folder)
