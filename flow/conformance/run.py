"""Hold engines to the reference: same memory for legal programs, same verdict for illegal ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from flow.conformance.generate import Case
from flow.conformance.illegal import IllegalCase
from flow.hardware.config import HwConfig
from flow.isa.description import ErrorCode, Region
from flow.reference import Engine, Verdict

Memory = npt.NDArray[np.uint8]


class Launcher(Protocol):
    """An engine that can be given four regions and a stream. ``regions`` are changed in place.

    has_bus: its memory can be made to answer with errors.
    """

    name: str
    has_bus: bool

    def launch(self, regions: Sequence[Memory], stream_offset: int, watchdog: int = 0,
               bus_error: bool = False) -> Verdict: ...


class ReferenceLauncher:
    """The reference as a Launcher."""

    name = "reference"
    has_bus = False

    def __init__(self, hw: HwConfig, seed: int = 0) -> None:
        self.engine = Engine(hw, seed)

    def launch(self, regions: Sequence[Memory], stream_offset: int, watchdog: int = 0,
               bus_error: bool = False) -> Verdict:
        if bus_error:
            raise ValueError("the reference has no bus")
        return self.engine.launch(regions, stream_offset, watchdog=watchdog)


@dataclass(frozen=True)
class Difference:
    """What an engine did otherwise than the reference."""

    engine: str
    seed: int
    name: str
    text: str


def _first_difference(expected: Sequence[Memory], obtained: Sequence[Memory]) -> str | None:
    for region, want, got in zip(Region, expected, obtained, strict=True):
        where = np.flatnonzero(want != got)
        if where.size:
            at = int(where[0])
            return f"{region.name}[{at}] is {got[at]}, the reference says {want[at]} ({where.size} bytes differ)"
    return None


def run_legal(case: Case, *launchers: Launcher) -> Difference | None:
    """None if every launch ends well and every byte of memory equals the reference's."""
    expected = [region.copy() for region in case.regions]
    verdict = Engine(case.hw, seed=case.seed ^ 0x5EED).launch(expected, case.stream_offset)
    if verdict.code != ErrorCode.NONE:
        raise AssertionError(f"seed {case.seed}: the generator made an illegal program: {verdict}")
    for launcher in launchers:
        obtained = [region.copy() for region in case.regions]
        got = launcher.launch(obtained, case.stream_offset)
        text = f"ended with {got}" if got.code != ErrorCode.NONE else _first_difference(expected, obtained)
        if text:
            return Difference(launcher.name, case.seed, "legal", text)
    return None


def run_illegal(illegal: IllegalCase, good: Case, *launchers: Launcher) -> Difference | None:
    """None if each verdict is the manual's and the program ``good``, run right after it, is right.

    Faults of the bus are shown to the launchers that have one.
    """
    able = [launcher for launcher in launchers if launcher.has_bus or not illegal.bus_error]
    for launcher in able:
        obtained = [region.copy() for region in illegal.case.regions]
        got = launcher.launch(obtained, illegal.case.stream_offset, illegal.watchdog, illegal.bus_error)
        timeless = illegal.verdict.code not in (ErrorCode.WATCHDOG, ErrorCode.BUS)
        if got.code != illegal.verdict.code or (timeless and got != illegal.verdict):
            return Difference(launcher.name, illegal.case.seed, illegal.name,
                              f"verdict {got}, the manual says {illegal.verdict}")
    return run_legal(good, *able)
