"""Errors that a user meets: each names the place, what was found and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    where: the layer, file or option; found: what is there; remedy: what the user can change.
    """

    where: str
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.found}"
        return f"{text}\n    remedy: {self.remedy}" if self.remedy else text


class FlowError(Exception):
    """A refusal with every problem that was found, raised before work starts where that is possible."""

    #: exit code of the command
    exit_code = 2

    def __init__(self, problems: Problem | list[Problem] | tuple[Problem, ...]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(FlowError):
    """A file, option or name the user gave cannot be used."""


class UnsupportedError(FlowError):
    """The model holds something that neither the engine nor the host part can run exactly."""

    exit_code = 3


class CapacityError(FlowError):
    """The model does not fit the engine or the device."""

    exit_code = 4


class VerificationError(FlowError):
    """Something differed from the oracle, or the comparison proves nothing."""

    exit_code = 5


class ToolError(FlowError):
    """A tool that was run (Verilator, a compiler, a vendor's tool, the oracle) failed."""

    exit_code = 6
