"""Nothing that the build did not make is lost with the folder it is in."""

from __future__ import annotations

from pathlib import Path

import pytest

from flow.build import manifest
from flow.build.kept import carry_over

FILES = {"rtl/top.sv": "top", "fpga/board.tcl": "board", "firmware/model.c": "model", "steps/1-size/key": "key",
         "steps/1-size/timing.json": "1", "timing.json": "1", "Makefile": "all:"}


def folder(path: Path, **changed: str) -> Path:
    for name, text in {**FILES, **changed}.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    manifest.write(path, {})
    return path


def contents(path: Path) -> dict[str, str]:
    return {str(item.relative_to(path)): item.read_text() for item in path.rglob("*")
            if item.is_file() and item.name != manifest.NAME}


def add(path: Path, *names: str) -> dict[str, str]:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(f"mine: {name}")
    return {name: f"mine: {name}" for name in names}


def test_files_of_others_stay_where_they_are(tmp_path: Path) -> None:
    old, new = folder(tmp_path / "old"), folder(tmp_path / "new", Makefile="other:")
    added = add(old, "fpga/pins.qsf", "fpga/run/flow.bit", "fpga/run/reports/timing.json", "genus.log", "rtl/mine.sv",
                "build/result.bin", "notes/timing.json")
    carry_over(old, new)
    assert contents(new) == {**FILES, "Makefile": "other:", **added}
    assert contents(old) == {**FILES, **added}


def test_what_was_changed_is_kept_beside_the_new(tmp_path: Path) -> None:
    old, new = folder(tmp_path / "old"), folder(tmp_path / "new")
    (old / "rtl" / "top.sv").write_text("mended")
    (old / "rtl" / "top.sv.yours").write_text("mended before")
    carry_over(old, new)
    assert contents(new) == {**FILES, "rtl/top.sv.yours": "mended", "rtl/top.sv.yours.yours": "mended before"}


def test_a_file_where_the_new_folder_has_a_folder_and_the_other_way(tmp_path: Path) -> None:
    old, new = folder(tmp_path / "old"), folder(tmp_path / "new", **{"docs/a": "a", "notes": "n"})
    add(old, "docs", "notes/today")
    (old / "link").symlink_to("/nowhere")
    carry_over(old, new)
    assert contents(new) == {**FILES, "docs/a": "a", "notes": "n", "docs.yours": "mine: docs",
                             "notes.yours/today": "mine: notes/today"}
    assert (new / "link").is_symlink()


@pytest.mark.parametrize("name", ["fpga/board.tcl", "rtl/top.sv", "model/fpga/board.tcl"])
def test_results_of_another_project_are_set_aside(name: str, tmp_path: Path) -> None:
    """No bitstream of an engine that was lies where the new one's is looked for."""
    old, new = folder(tmp_path / "old", **{name: "text"}), folder(tmp_path / "new", **{name: "other"})
    top = name.removesuffix("fpga/board.tcl").removesuffix("rtl/top.sv")
    add(old, f"{top}fpga/run/flow.bit", f"{top}fpga/run.old/flow.bit")
    carry_over(old, new)
    assert contents(new) == {**FILES, name: "other", f"{top}fpga/run.old/flow.bit": f"mine: {top}fpga/run.old/flow.bit",
                             f"{top}fpga/run.old.old/flow.bit": f"mine: {top}fpga/run/flow.bit"}


def test_another_network_on_the_same_engine_keeps_the_bitstream(tmp_path: Path) -> None:
    old, new = folder(tmp_path / "old"), folder(tmp_path / "new", **{"firmware/model.c": "other"})
    added = add(old, "fpga/run/flow.bit")
    carry_over(old, new)
    assert contents(new) == {**FILES, "firmware/model.c": "other", **added}


def test_files_of_a_build_that_are_no_more_are_not_kept(tmp_path: Path) -> None:
    old, new = folder(tmp_path / "old", **{"second/weights.bin": "w"}), folder(tmp_path / "new")
    carry_over(old, new)
    assert contents(new) == FILES


def test_without_a_readable_manifest_everything_is_kept(tmp_path: Path) -> None:
    old, new = folder(tmp_path / "old", Makefile="other:"), folder(tmp_path / "new")
    (old / manifest.NAME).write_text("?")
    carry_over(old, new)
    assert contents(new) == {**FILES, "Makefile.yours": "other:"}
