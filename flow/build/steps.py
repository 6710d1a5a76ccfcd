"""Stages that are run once: the result of each is stored under a key of everything it depends on."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from flow.build import store
from flow.build.links import link_or_copy
from flow.build.manifest import intact
from flow.build.origin import source_hash, tool_versions
from flow.build.progress import Progress
from flow.build.text import describe
from flow.errors import ToolError

Value = TypeVar("Value")


class Steps:
    """Runs stages in order and keeps their values in ``folder``.

    A stage whose key is unchanged is loaded from ``folder`` or from ``previous`` (a published build) instead of run.
    Each stage's text goes beside its value and, if given, into ``dump``.
    """

    def __init__(self, folder: Path, previous: Path | None, progress: Progress, dump: Path | None = None) -> None:
        self.folder = folder
        self.previous = previous
        self.progress = progress
        self.dump = dump
        self.seconds: dict[str, float] = {}
        self.names: list[str] = []
        self._digests: dict[str, str] = {}

    def run(
        self, name: str, compute: Callable[[], Value], after: tuple[str, ...] = (),
        options: Mapping[str, object] | None = None,
    ) -> Value:
        """The value of stage ``name``: ``compute()``, or what is stored for the same ``options`` (JSON values) and
        the same values of the stages ``after``."""
        label = f"{len(self.names) + 1}-{name}"
        self.names.append(label)
        key = self._key(name, after, options or {})
        self.progress.start(name)
        target = self.folder / label
        stored = _loaded(target) if self._recall(label, key) else None
        if stored is None:
            self._compute(target, key, name, compute)
        value, self._digests[name], self.seconds[label] = stored or _load(target)
        if self.dump is not None:
            self.dump.mkdir(parents=True, exist_ok=True)
            (self.dump / f"{label}.txt").write_text((target / "value.txt").read_text())
        self.progress.finish(stored is not None)
        return value

    def _key(self, name: str, after: tuple[str, ...], options: Mapping[str, object]) -> str:
        text = json.dumps([name, source_hash(), tool_versions(), [self._digests[stage] for stage in after], options],
                          sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _recall(self, label: str, key: str) -> bool:
        if _stored_key(self.folder / label) == key:
            return True
        found = self._published(key)
        if found is None:
            return False
        partial = self.folder / f".{label}"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(found, partial)
        self._place(partial, self.folder / label)
        return True

    def _published(self, key: str) -> Path | None:
        """The undamaged stage with this key in the published build."""
        for path in sorted(self.previous.glob("**/steps/*/key")) if self.previous else ():
            if _stored_key(path.parent) == key and self.previous and intact(self.previous, path.parent):
                return path.parent
        return None

    def _compute(self, target: Path, key: str, name: str, compute: Callable[[], Value]) -> None:
        begin = time.monotonic()
        value = compute()
        seconds = round(time.monotonic() - begin, 3)
        partial = target.with_name(f".{target.name}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        store.save(partial, value)
        (partial / "value.txt").write_text(f"{name}\n\n{describe(value)}")
        (partial / "timing.json").write_text(json.dumps({"seconds": seconds}) + "\n")
        (partial / "key").write_text(key + "\n")
        self._place(partial, target)

    @staticmethod
    def _place(partial: Path, target: Path) -> None:
        shutil.rmtree(target, ignore_errors=True)
        os.rename(partial, target)

    def publish(self, folder: Path, model: str) -> None:
        """Put the stages of ``model`` (named ``stage.model``) and those of all models into ``folder``, numbered."""
        folder.mkdir(parents=True)
        chosen = [label for label in self.names if label.partition(".")[2] in ("", model)]
        for number, label in enumerate(chosen, 1):
            stage = label.partition("-")[2].partition(".")[0]
            shutil.copytree(self.folder / label, folder / f"{number}-{stage}", copy_function=link_or_copy)

    def write_timing(self, folder: Path) -> None:
        """Leave the seconds of each stage (of the run that computed it) in ``timing.json``."""
        (folder / "timing.json").write_text(json.dumps({"stage_seconds": self.seconds}, indent=1) + "\n")


class MemorySteps:
    """Runs stages without keeping anything on disk; a stage's value is kept for the same name and options."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self._values: dict[str, object] = {}

    def run(
        self, name: str, compute: Callable[[], Value], after: tuple[str, ...] = (),
        options: Mapping[str, object] | None = None,
    ) -> Value:
        """As ``Steps.run``."""
        key = json.dumps([name, options], sort_keys=True)
        if key not in self._values:
            self.progress.start(name)
            self._values[key] = compute()
            self.progress.finish(False)
        return self._values[key]  # type: ignore[return-value]


class Runner(Protocol):
    """What a pipeline's stage needs: ``Steps`` or ``MemorySteps``."""

    progress: Progress

    def run(
        self, name: str, compute: Callable[[], Value], after: tuple[str, ...] = (),
        options: Mapping[str, object] | None = None,
    ) -> Value: ...


def _load(folder: Path) -> tuple[Any, str, float]:
    """A stage's value, its SHA-256, and the seconds it took. Raises ToolError."""
    return (*store.load(folder), json.loads((folder / "timing.json").read_text())["seconds"])


def _loaded(folder: Path) -> tuple[Any, str, float] | None:
    """What ``_load`` gives, or None if the stored stage is damaged."""
    try:
        (folder / "value.txt").read_bytes()
        return _load(folder)
    except (ToolError, OSError, ValueError, KeyError, TypeError):
        return None


def _stored_key(folder: Path) -> str | None:
    try:
        return (folder / "key").read_text().strip()
    except OSError:
        return None
