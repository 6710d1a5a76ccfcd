"""``manifest.json``: the SHA-256 of every file, what the folder was made from and by what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import flow
from flow.build.origin import source_hash, tool_versions
from flow.errors import Problem, UsageError

NAME = "manifest.json"
#: Files anywhere in the folder whose bytes differ from run to run (wall times).
NOT_COVERED = (NAME, "timing.json")
#: Folder below ``fpga`` where the FPGA's tools run, after the build folder was published.
TOOL_FOLDER = "run"
#: Folder where the build folder's own ``make`` works.
MAKE_FOLDER = "build"


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes; of a folder: of its files' names and bytes."""
    if path.is_dir():
        total = hashlib.sha256()
        for item in sorted(path.rglob("*")):
            if item.is_file():
                total.update(f"{item.relative_to(path)}\0{file_hash(item)}\0".encode())
        return total.hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> dict[str, str]:
    made = [makefile.parent / MAKE_FOLDER for makefile in folder.rglob("Makefile")]
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*")
                   if path.is_file() and path.name not in NOT_COVERED
                   and ("fpga", TOOL_FOLDER) not in pairwise(path.relative_to(folder).parts)
                   and not any(path.is_relative_to(where) for where in made))
    return {name: file_hash(folder / name) for name in names}


def provenance(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Everything a folder's bytes depend on: ``inputs`` (JSON values), this project's sources, the tools."""
    return {"inputs": dict(inputs), "flow": {"version": flow.__version__, "sha256": source_hash()},
            "tools": tool_versions()}


def write(folder: Path, inputs: Mapping[str, Any]) -> None:
    """Write the manifest of a finished ``folder``."""
    content = {**provenance(inputs), "not_covered": list(NOT_COVERED), "files": _files(folder)}
    (folder / NAME).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def read(folder: Path) -> dict[str, Any]:
    """The manifest of ``folder``. Raises UsageError if it is no build folder."""
    try:
        content: dict[str, Any] = json.loads((folder / NAME).read_text())
        if isinstance(content["files"], dict):
            return content
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise UsageError(Problem(str(folder), "no folder made by flow build (manifest.json is missing or unreadable)",
                             "build it first: flow build"))


def is_current(folder: Path, inputs: Mapping[str, Any]) -> bool:
    """Whether ``folder`` is complete and was made from the same things."""
    try:
        content = read(folder)
    except UsageError:
        return False
    wanted = json.loads(json.dumps(provenance(inputs)))
    return all(content.get(name) == value for name, value in wanted.items()) and content["files"] == _files(folder)


def intact(folder: Path, part: Path) -> bool:
    """Whether every file of ``part``, a folder inside ``folder``, is as the manifest says. False without a manifest."""
    try:
        wanted = read(folder)["files"]
    except UsageError:
        return False
    names = [path for path in part.rglob("*") if path.is_file() and path.name not in NOT_COVERED]
    return all(wanted.get(str(path.relative_to(folder))) == file_hash(path) for path in names)


def check(folder: Path) -> None:
    """Raise UsageError naming every file that is missing, was added or was changed since the build."""
    wanted, found = read(folder)["files"], _files(folder)
    problems = [Problem(f"{folder.name}/{name}", state,
                        "build the folder again" if name in wanted else "remove it, or build the folder again")
                for name in sorted(set(wanted) | set(found))
                for state in [_state(wanted.get(name), found.get(name))] if state]
    if problems:
        raise UsageError(problems)


def _state(wanted: str | None, found: str | None) -> str:
    if wanted == found:
        return ""
    if found is None:
        return "missing"
    return "not in the manifest" if wanted is None else "changed since the build"
