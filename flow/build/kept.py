"""What people and tools have put into a build folder outlives the folder's replacement."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from flow.build.links import link_or_copy
from flow.build.manifest import NAME, NOT_COVERED, TOOL_FOLDER, file_hash, listed
from flow.errors import Problem, UsageError

#: Added to the name of what cannot keep its own.
SUFFIX = ".yours"
#: Added to ``fpga/run`` if it holds results of another project.
OLD = ".old"
#: What the FPGA's tools read, beside ``fpga`` and with it.
_PROJECT = ("fpga", "rtl", "opencl")


def carry_over(old: Path, new: Path) -> None:
    """Link every file of ``old`` that the build did not leave there as it is now into ``new``, a finished folder.

    At its own place; beside it with SUFFIX where ``new`` has another file; ``fpga/run`` as ``fpga/run.old`` if ``new``
    has another project. Nothing is taken from ``old``, so at every moment one of the two folders has all files.
    """
    before, after = listed(old), listed(new)
    aside = {run: _free(run.with_name(run.name + OLD), OLD) for run in runs(old)
             if not _same_project(old, run.parent.parent, after)}
    for path in sorted(old.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        name = path.relative_to(old)
        if _of_the_build(path, name, before):
            continue
        if str(name) in after and path.is_file() and file_hash(path) == after[str(name)]:
            continue
        for run, elsewhere in aside.items():
            if path.is_relative_to(run):
                name = elsewhere.relative_to(old) / path.relative_to(run)
        link_or_copy(path, _place(new, name))


def _of_the_build(path: Path, name: Path, before: dict[str, str]) -> bool:
    if str(name) in before:
        return path.is_file() and file_hash(path) == before[str(name)]
    return str(name) in NOT_COVERED or name.match("steps/*/timing.json")


def runs(top: Path) -> Iterator[Path]:
    """Folders in which the FPGA's tools ran; several models have one each."""
    yield from (run for pattern in ("", "*/") for run in top.glob(f"{pattern}fpga/{TOOL_FOLDER}") if run.is_dir())


def in_use(run: Path) -> UsageError:
    """What to say of a tools' folder that is locked."""
    return UsageError(Problem(str(run), "the FPGA's tools are running here, for another flow build or left by one",
                              "wait for them, or end them"))


def _same_project(old: Path, folder: Path, after: dict[str, str]) -> bool:
    """Whether the files that the tools read in ``folder`` of ``old`` are those of the new folder."""
    model = folder.relative_to(old)
    tops = [model / name for name in _PROJECT]
    wanted = {name: digest for name, digest in after.items() if any(Path(name).is_relative_to(top) for top in tops)}
    return all((old / name).is_file() and file_hash(old / name) == digest for name, digest in wanted.items())


def _free(path: Path, suffix: str) -> Path:
    while os.path.lexists(path):
        path = path.with_name(path.name + suffix)
    return path


def _place(new: Path, name: Path) -> Path:
    """Where in ``new`` the file ``name`` can be; the folder it is in is made."""
    home = new
    for part in name.parent.parts:
        home /= part
        while os.path.lexists(home) and not home.is_dir():
            home = home.with_name(home.name + SUFFIX)
    home.mkdir(parents=True, exist_ok=True)
    return _free(home / name.name, SUFFIX)
