"""How a long operation tells that it is alive; the library reports, only the command prints."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receiver of progress. Stages do not nest."""

    def start(self, stage: str) -> None:
        """A stage begins."""

    def update(self, done: int, total: int, unit: str) -> None:
        """The running stage has done ``done`` of ``total`` units."""

    def finish(self, resumed: bool) -> None:
        """The running stage ended; ``resumed`` if its stored result was taken."""

    def warn(self, text: str) -> None:
        """Something the user should know, that stops nothing."""


class Silent:
    """Reports to no one."""

    def start(self, stage: str) -> None:
        pass

    def update(self, done: int, total: int, unit: str) -> None:
        pass

    def finish(self, resumed: bool) -> None:
        pass

    def warn(self, text: str) -> None:
        pass
