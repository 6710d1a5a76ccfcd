"""Hold an engine to the reference: same memory for legal programs, same verdict for illegal ones."""

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
    """An engine that can be given four regions and a stream. ``regions`` are changed in place."""

    def launch(self, regions: Sequence[Memory], stream_offset: int, watchdog: int = 0,
               bus_error: bool = False) -> Verdict: ...


class ReferenceLauncher:
    """The reference as a Launcher; it has no clock and no bus."""

    def __init__(self, hw: HwConfig, seed: int = 0) -> None:
        self.engine = Engine(hw, seed)

    def launch(self, regions: Sequence[Memory], stream_offset: int, watchdog: int = 0,
               bus_error: bool = False) -> Verdict:
        if watchdog or bus_error:
            raise ValueError("the reference has no clock and no bus")
        return self.engine.launch(regions, stream_offset)


@dataclass(frozen=True)
class Difference:
    """What an engine did otherwise than the reference."""

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


def run_legal(case: Case, launcher: Launcher) -> Difference | None:
    """None if the launch ends well and every byte of memory equals the reference's."""
    expected = [region.copy() for region in case.regions]
    verdict = Engine(case.hw, seed=case.seed ^ 0x5EED).launch(expected, case.stream_offset)
    if verdict.code != ErrorCode.NONE:
        raise AssertionError(f"seed {case.seed}: the generator made an illegal program: {verdict}")
    obtained = [region.copy() for region in case.regions]
    got = launcher.launch(obtained, case.stream_offset)
    if got.code != ErrorCode.NONE:
        return Difference(case.seed, "legal", f"ended with {got}")
    text = _first_difference(expected, obtained)
    return Difference(case.seed, "legal", text) if text else None


def run_illegal(illegal: IllegalCase, launcher: Launcher, good: Case) -> Difference | None:
    """None if the verdict is the manual's and the program ``good``, run right after it, is right."""
    obtained = [region.copy() for region in illegal.case.regions]
    got = launcher.launch(obtained, illegal.case.stream_offset, illegal.watchdog, illegal.bus_error)
    timeless = illegal.verdict.code not in (ErrorCode.WATCHDOG, ErrorCode.BUS)
    if got.code != illegal.verdict.code or (timeless and got != illegal.verdict):
        return Difference(illegal.case.seed, illegal.name, f"verdict {got}, the manual says {illegal.verdict}")
    return run_legal(good, launcher)
