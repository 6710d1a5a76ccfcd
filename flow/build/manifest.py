"""``manifest.json``: the SHA-256 of every file, what the folder was made from and by what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
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
#: Folders from which programs are compiled by what lies in them: a file added there is a mistake. Elsewhere people may
#: keep files of their own.
SEALED = ("firmware", "opencl", "rtl", "steps", "verify")


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
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*")
                   if path.is_file() and path.name not in NOT_COVERED)
    return {name: file_hash(folder / name) for name in names}


def _found(folder: Path, wanted: Mapping[str, str]) -> dict[str, str]:
    """Of the files in ``wanted`` those that are there, with their hashes."""
    return {name: file_hash(folder / name) for name in wanted if (folder / name).is_file()}


def _added(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Files in sealed folders that the build did not leave there."""
    models = {Path(name).parent for name in wanted if Path(name).name == "report.json"} | {Path()}
    paths = [path for model in models for name in SEALED for path in (folder / model / name).rglob("*")
             if path.is_file() and path.name not in NOT_COVERED]
    return [name for name in (str(path.relative_to(folder)) for path in paths) if name not in wanted]


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


def listed(folder: Path) -> dict[str, str]:
    """Names and hashes of the files that the build left in ``folder``; none without a manifest."""
    try:
        files: dict[str, str] = read(folder)["files"]
    except UsageError:
        return {}
    return files


def is_current(folder: Path, inputs: Mapping[str, Any]) -> bool:
    """Whether ``folder`` is complete and was made from the same things. What people added does not matter."""
    try:
        content = read(folder)
    except UsageError:
        return False
    wanted = json.loads(json.dumps(provenance(inputs)))
    return (all(content.get(name) == value for name, value in wanted.items())
            and content["files"] == _found(folder, content["files"]))


def intact(folder: Path, part: Path) -> bool:
    """Whether every file of ``part``, a folder inside ``folder``, is as the manifest says."""
    wanted = listed(folder)
    names = [path for path in part.rglob("*") if path.is_file() and path.name not in NOT_COVERED]
    return all(wanted.get(str(path.relative_to(folder))) == file_hash(path) for path in names)


def check(folder: Path) -> None:
    """Raise UsageError naming every file that is missing or was changed since the build, or was added to a folder whose
    files are compiled or compared."""
    wanted = read(folder)["files"]
    found = _found(folder, wanted)
    problems = [Problem(f"{folder.resolve().name}/{name}", "changed since the build" if name in found else "missing",
                        "build the folder again") for name in sorted(wanted) if wanted[name] != found.get(name)]
    problems += [Problem(f"{folder.resolve().name}/{name}", "not in the manifest", "move it out of this folder")
                 for name in sorted(_added(folder, wanted))]
    if problems:
        raise UsageError(problems)
