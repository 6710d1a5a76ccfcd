"""Stages run once: what changes a key, what is taken from before, what a half-written stage means."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from flow.build import manifest
from flow.build.progress import Silent
from flow.build.steps import Steps


class Counter:
    """Values and how often they were computed."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def make(self, name: str, value: object) -> object:
        self.calls.append(name)
        return value


def run(folder: Path, counter: Counter, *, first: int = 1, option: str = "a", previous: Path | None = None,
        dump: Path | None = None) -> tuple[object, object]:
    steps = Steps(folder, previous, Silent(), dump)
    one = steps.run("one.m", lambda: counter.make("one", first), options={"first": first})
    two = steps.run("two.m", lambda: counter.make("two", {"sum": one}), after=("one.m",), options={"option": option})
    return one, two


def test_second_run_computes_nothing(tmp_path: Path) -> None:
    counter = Counter()
    assert run(tmp_path, counter) == run(tmp_path, counter) == (1, {"sum": 1})
    assert counter.calls == ["one", "two"]


def test_an_option_reruns_its_stage_only(tmp_path: Path) -> None:
    counter = Counter()
    run(tmp_path, counter)
    run(tmp_path, counter, option="b")
    assert counter.calls == ["one", "two", "two"]


def test_a_changed_value_reruns_what_follows(tmp_path: Path) -> None:
    counter = Counter()
    run(tmp_path, counter)
    assert run(tmp_path, counter, first=5) == (5, {"sum": 5})
    assert counter.calls == ["one", "two", "one", "two"]


def test_other_sources_rerun_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = Counter()
    run(tmp_path, counter)
    monkeypatch.setattr("flow.build.steps.source_hash", lambda: "other")
    run(tmp_path, counter)
    assert counter.calls == ["one", "two", "one", "two"]


def test_a_failed_stage_leaves_the_ones_before(tmp_path: Path) -> None:
    steps = Steps(tmp_path, None, Silent())
    steps.run("one.m", lambda: 1, options={"first": 1})
    with pytest.raises(RuntimeError):
        steps.run("two.m", lambda: (_ for _ in ()).throw(RuntimeError()), after=("one.m",), options={"option": "a"})
    counter = Counter()
    assert run(tmp_path, counter) == (1, {"sum": 1})
    assert counter.calls == ["two"]


@pytest.mark.parametrize("name", ["value.json", "value.bin", "timing.json", "value.txt"])
@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"{")])
def test_a_damaged_stage_is_run_again(tmp_path: Path, name: str, damage: Callable[[Path], object]) -> None:
    steps = Steps(tmp_path, None, Silent())
    steps.run("one.m", lambda: np.arange(9))
    damage(tmp_path / "1-one.m" / name)
    again = Steps(tmp_path, None, Silent())
    assert np.array_equal(again.run("one.m", lambda: np.arange(9)), np.arange(9))
    again.publish(tmp_path / "published", "m")


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
def test_published_without_hard_links(tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, "no links here")

    monkeypatch.setattr("os.link", fail)
    steps = Steps(tmp_path / "steps", None, Silent())
    steps.run("one.m", lambda: 7)
    steps.publish(tmp_path / "out", "m")
    assert (tmp_path / "out" / "1-one" / "value.json").read_text() == "7"


def test_a_half_written_stage_is_run_again(tmp_path: Path) -> None:
    counter = Counter()
    run(tmp_path, counter)
    (tmp_path / "2-two.m" / "key").unlink()
    (tmp_path / ".2-two.m").mkdir()
    assert run(tmp_path, counter) == (1, {"sum": 1})
    assert counter.calls == ["one", "two", "two"]


def test_published_stages_are_taken_again(tmp_path: Path) -> None:
    counter = Counter()
    steps = Steps(tmp_path / "work", None, Silent())
    one = steps.run("one.m", lambda: counter.make("one", 1), options={"first": 1})
    steps.run("two.m", lambda: counter.make("two", {"sum": one}), after=("one.m",), options={"option": "a"})
    steps.publish(tmp_path / "final" / "steps", "m")
    assert sorted(path.name for path in (tmp_path / "final" / "steps").iterdir()) == ["1-one", "2-two"]
    manifest.write(tmp_path / "final", {})
    (tmp_path / "other").mkdir()
    assert run(tmp_path / "other", counter, previous=tmp_path / "final") == (1, {"sum": 1})
    assert counter.calls == ["one", "two"]
    (tmp_path / "final" / "steps" / "2-two" / "value.json").write_text("3")
    (tmp_path / "third").mkdir()
    assert run(tmp_path / "third", counter, previous=tmp_path / "final") == (1, {"sum": 1})
    assert counter.calls == ["one", "two", "two"]


def test_dump_and_timing(tmp_path: Path) -> None:
    run(tmp_path / "work", Counter(), dump=tmp_path / "dump")
    assert sorted(path.name for path in (tmp_path / "dump").iterdir()) == ["1-one.m.txt", "2-two.m.txt"]
    assert "sum: 1" in (tmp_path / "dump" / "2-two.m.txt").read_text()
    steps = Steps(tmp_path / "work", None, Silent())
    steps.run("one.m", lambda: 2, options={"first": 1})
    steps.write_timing(tmp_path)
    assert list(json.loads((tmp_path / "timing.json").read_text())["stage_seconds"]) == ["1-one.m"]
