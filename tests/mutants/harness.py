"""Planted faults: a text replaced in a copy of the project, and the tests that must then fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("flow", "templates", "rtl", "fpga", "firmware", "models", "tests", "pyproject.toml", "flow.core", "Makefile",
         "LICENSE", "fusesoc.conf")


@dataclass(frozen=True)
class Mutant:
    """``old`` occurs exactly once in ``file`` and becomes ``new``; ``tests`` (pytest arguments) must notice."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def copy_project(target: Path) -> Path:
    """A copy of everything the tests read."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / part)
    return target


def apply(mutant: Mutant, project: Path) -> None:
    """Plant the fault; AssertionError if its place is not found exactly once."""
    path = project / mutant.file
    text = path.read_text()
    assert text.count(mutant.old) == 1, f"{mutant.name}: {text.count(mutant.old)} places in {mutant.file}"
    path.write_text(text.replace(mutant.old, mutant.new))


def run_tests(tests: tuple[str, ...], project: Path) -> subprocess.CompletedProcess[str]:
    """Run tests of the copy, with the copy's own code and compiled engines."""
    environment = {**os.environ, "PYTHONPATH": str(project), "FLOW_CACHE": str(project / "build" / ".cache")}
    command = [sys.executable, "-m", "pytest", "-q", "-x", *tests]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
