"""Progress for people: a live line on a terminal, plain lines elsewhere; always on standard error."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

#: seconds between plain lines of one stage
_PLAIN_INTERVAL = 10.0


def write(text: str, stream: TextIO) -> str:
    """Why ``text`` could not be written, or nothing; that the reader has seen enough is no reason."""
    try:
        print(text, file=stream, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # where what is still in the buffer goes
        return "" if isinstance(error, BrokenPipeError) else error.strerror or str(error)
    return ""


class PlainConsole:
    """A line when a stage begins, one now and then, one when it ends."""

    def __init__(self) -> None:
        self._begin = self._last = 0.0
        self._stage = ""

    def start(self, stage: str) -> None:
        self._stage, self._begin = stage, time.monotonic()
        self._last = self._begin
        self._line(f"{stage} ...")

    def update(self, done: int, total: int, unit: str) -> None:
        if time.monotonic() - self._last >= _PLAIN_INTERVAL:
            self._last = time.monotonic()
            self._line(f"{self._stage}: {done} of {total} {unit}")

    def finish(self, resumed: bool) -> None:
        spent = time.monotonic() - self._begin
        self._line(f"{self._stage}: taken from before" if resumed else f"{self._stage}: {spent:.1f} s")

    def warn(self, text: str) -> None:
        self._line(f"warning: {text}")

    def close(self) -> None:
        pass

    @staticmethod
    def _line(text: str) -> None:
        write(text, sys.stderr)


class LiveConsole:
    """A bar per stage with its time, also where the stage cannot say how far it is."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._bars: Bars = Progress(TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
                                    TextColumn("{task.fields[unit]}", markup=False), TimeElapsedColumn(),
                                    console=Console(stderr=True))
        self._bars.start()
        self._task: TaskID | None = None

    def start(self, stage: str) -> None:
        self._task = self._bars.add_task(stage, total=None, unit="")

    def update(self, done: int, total: int, unit: str) -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=done, total=total, unit=unit)

    def finish(self, resumed: bool) -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=1, total=1, unit="taken from before" if resumed else "")
            self._bars.stop_task(self._task)

    def warn(self, text: str) -> None:
        from rich.text import Text

        self._bars.console.print(Text.assemble(("warning:", "yellow"), f" {text}"))

    def close(self) -> None:
        self._bars.stop()


def open_console() -> PlainConsole | LiveConsole:
    """The console that fits standard error."""
    return LiveConsole() if sys.stderr.isatty() else PlainConsole()
