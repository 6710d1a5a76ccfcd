"""The folder transaction: work in ``.<name>.partial`` beside the final folder, which appears by one atomic rename.

A reader of the final folder sees the old one or the new one, complete. A killed build leaves the work folder, from
which the next one goes on.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path
from types import TracebackType

from flow.build import lock
from flow.build.kept import carry_over, in_use, runs
from flow.errors import CapacityError, Problem, UnsupportedError, UsageError

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders atomically; False where the system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    return bool(rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0)


class Workspace:
    """Context of one build of the folder ``final``.

    Raises UsageError if another build of the same folder is running, or if ``final`` exists and is no build folder, or
    is the current folder or one around it. A link to a folder stays; the folder it leads to is replaced.
    On a refusal of the user's input nothing stays behind; on any other failure the finished stages stay.
    """

    def __init__(self, final: Path) -> None:
        self.final = final.resolve()
        self.work = self.final.parent / f".{self.final.name}.partial"
        #: the folder under assembly
        self.staged = self.work / "out"
        #: results of finished stages
        self.steps = self.work / "steps"
        #: where the folder goes that is replaced, where two cannot be exchanged
        self._replaced = self.work / "old"
        self._made_parents: list[Path] = []
        self._locks: dict[Path, int] = {}

    def __enter__(self) -> "Workspace":
        if Path.cwd().is_relative_to(self.final):
            raise UsageError(Problem(str(self.final), "the current folder is in it, and it is replaced as a whole",
                                     "go elsewhere, or choose another --output"))
        if self.final.exists() and not (self.final / "manifest.json").is_file() and (
            not self.final.is_dir() or any(self.final.iterdir())
        ):
            raise UsageError(Problem(str(self.final), "exists and was not made by flow build",
                                     "choose another --output"))
        parent = self.final.parent
        while not parent.exists():
            self._made_parents.append(parent)
            parent = parent.parent
        self._take_locks()
        if not self.final.exists() and self._replaced.exists():  # killed between publish's two renames
            os.rename(self._replaced, self.final)
        shutil.rmtree(self.staged, ignore_errors=True)
        self.staged.mkdir()
        self.steps.mkdir(exist_ok=True)
        return self

    def _take_locks(self) -> None:
        """On this folder's builds, and on the FPGA's tools in it."""
        found = lock.take(self.work)
        if found is None:
            raise UsageError(Problem(str(self.final), "another build of this folder is running",
                                     "wait for it, or choose another --output"))
        self._locks[self.work] = found
        try:
            self._lock_runs()
        except UsageError:
            self._release()
            if not self.steps.exists():
                self.discard()
            raise

    def _lock_runs(self) -> None:
        for run in runs(self.final):
            if run not in self._locks:
                found = lock.take(run)
                if found is None:
                    raise in_use(run)
                self._locks[run] = found

    def _release(self) -> None:
        while self._locks:
            lock.release(self._locks.popitem()[1])

    def publish(self) -> None:
        """Put the assembled folder in the place of ``final``, with what people and tools had added to that."""
        if self.final.exists():
            self._lock_runs()
            carry_over(self.final, self.staged)
        if not self.final.exists():
            os.rename(self.staged, self.final)
        elif not _exchange(self.staged, self.final):
            shutil.rmtree(self._replaced, ignore_errors=True)
            os.rename(self.final, self._replaced)
            os.rename(self.staged, self.final)
        self.discard()

    def discard(self) -> None:
        """Forget the finished stages."""
        shutil.rmtree(self.work, ignore_errors=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, (UsageError, UnsupportedError, CapacityError)) or (
            self.steps.is_dir() and not any(path.name[0] != "." for path in self.steps.iterdir())
        ):
            self.discard()
            for parent in self._made_parents:
                if any(parent.iterdir()):
                    break
                parent.rmdir()
        self._release()
