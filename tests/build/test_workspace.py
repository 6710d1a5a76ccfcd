"""The folder appears whole or not at all, also when the process dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flow.build import lock, manifest
from flow.build.workspace import Workspace
from flow.errors import CapacityError, Problem, ToolError, UsageError


def fill(folder: Path, text: str) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "file").write_text(text)
    manifest.write(folder, {})


def publish(final: Path, text: str) -> None:
    with Workspace(final) as space:
        fill(space.staged, text)
        space.publish()


def test_appears_and_is_replaced_whole(tmp_path: Path) -> None:
    final = tmp_path / "new" / "parent" / "final"
    for text in ("first", "second"):
        publish(final, text)
        assert (final / "deep" / "file").read_text() == text
        assert [path.name for path in final.parent.iterdir()] == ["final"]


def test_replaced_without_the_exchange_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flow.build.workspace._exchange", lambda one, other: False)
    test_appears_and_is_replaced_whole(tmp_path)


@pytest.mark.parametrize("error", [UsageError, CapacityError])
def test_a_refusal_leaves_nothing(tmp_path: Path, error: type[UsageError]) -> None:
    final = tmp_path / "new" / "final"
    with pytest.raises(error), Workspace(final) as space:
        (space.steps / "1-import").mkdir()
        raise error(Problem("x", "y"))
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_leaves_the_old_folder(tmp_path: Path) -> None:
    publish(tmp_path / "final", "old")
    with pytest.raises(UsageError), Workspace(tmp_path / "final"):
        raise UsageError(Problem("x", "y"))
    assert (tmp_path / "final" / "deep" / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["final"]


def test_a_failed_tool_leaves_finished_stages(tmp_path: Path) -> None:
    with pytest.raises(ToolError), Workspace(tmp_path / "final") as space:
        (space.steps / "1-import").mkdir()
        raise ToolError(Problem("x", "y"))
    with Workspace(tmp_path / "final") as space:
        assert (space.steps / "1-import").is_dir()
    assert not (tmp_path / "final").exists()


def test_one_build_at_a_time(tmp_path: Path) -> None:
    with Workspace(tmp_path / "final") as space, pytest.raises(UsageError, match="another build"):
        (space.steps / "1-import").mkdir()
        Workspace(tmp_path / "final").__enter__()


def test_no_build_while_the_tools_run_in_the_folder(tmp_path: Path) -> None:
    publish(tmp_path / "final", "first")
    run = tmp_path / "final" / "fpga" / "run"
    with pytest.raises(UsageError, match="tools are running here"), Workspace(tmp_path / "final") as space:
        held = lock.take(run)
        assert held is not None
        (run / "flow.bit").write_text("bits")
        space.publish()
    with pytest.raises(UsageError, match="tools are running here"):
        publish(tmp_path / "final", "second")
    assert [path.name for path in tmp_path.iterdir()] == ["final"]
    assert held is not None
    lock.release(held)
    publish(tmp_path / "final", "second")
    with Workspace(tmp_path / "final"):
        assert lock.take(run) is None


def test_foreign_folder_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(UsageError, match="not made by flow"):
        Workspace(tmp_path / "mine").__enter__()
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    publish(tmp_path / "disk" / "real", "first")
    (tmp_path / "link").symlink_to("disk/real")
    publish(tmp_path / "link", "second")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "disk" / "real" / "deep" / "file").read_text() == "second"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "link"]
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["real"]


@pytest.mark.parametrize("place", [".", "..", "../../final"])
def test_the_current_folder_is_not_replaced(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path / "final", "first")
    monkeypatch.chdir(tmp_path / "final" / "deep")
    if place == ".":
        monkeypatch.chdir(tmp_path / "final")
    with pytest.raises(UsageError, match="the current folder is in it"):
        Workspace(Path(place)).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["final"]


_LOOP = """
import hashlib, json, sys
from pathlib import Path
from flow.build.workspace import Workspace
number = int(sys.argv[2])
print("go", flush=True)
while True:
    number += 1
    with Workspace(Path(sys.argv[1])) as space:
        for index in range(20):
            (space.staged / str(index)).write_text(str(number))
        files = {str(index): hashlib.sha256(str(number).encode()).hexdigest() for index in range(20)}
        (space.staged / "manifest.json").write_text(json.dumps({"number": str(number), "files": files}))
        space.publish()
"""


def test_what_others_put_there_is_kept(tmp_path: Path) -> None:
    final = tmp_path / "final"
    publish(final, "first")
    (final / "fpga").mkdir()
    (final / "fpga" / "pins.qsf").write_text("mine")
    (final / "deep" / "file").write_text("changed by me")
    for text in ("second", "third"):
        publish(final, text)
        assert (final / "fpga" / "pins.qsf").read_text() == "mine"
        assert (final / "deep" / "file").read_text() == text
        assert (final / "deep" / "file.yours").read_text() == "changed by me"
    assert [path.name for path in tmp_path.iterdir()] == ["final"]


def test_killed_between_two_renames(tmp_path: Path) -> None:
    """Where two folders cannot be exchanged, the one that was replaced comes back."""
    final = tmp_path / "final"
    publish(final, "first")
    (final / "notes").write_text("mine")
    work = tmp_path / ".final.partial"
    (work / "out").mkdir(parents=True)
    os.rename(final, work / "old")
    publish(final, "second")
    assert (final / "notes").read_text() == "mine" and (final / "deep" / "file").read_text() == "second"


def test_killed_at_random_moments(tmp_path: Path) -> None:
    """A reader sees 21 files of one build at any moment before and after a kill."""
    final = tmp_path / "final"
    seed = int.from_bytes(os.urandom(4), "little")
    print("seed", seed)
    for attempt in range(5):
        process = subprocess.Popen([sys.executable, "-c", _LOOP, str(final), str(100000 * attempt)],
                                   stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.02 + (seed >> attempt & 0x3F) / 1000)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if final.exists():
            contents = {path.read_text() for path in final.iterdir() if path.name != "manifest.json"}
            contents.add(json.loads((final / "manifest.json").read_text())["number"])
            assert len(list(final.iterdir())) == 21
            assert len(contents) == 1
    publish(final, "last")
    assert [path.name for path in tmp_path.iterdir()] == ["final"]
