"""What placing and routing came to, read from nextpnr's own report."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flow.project.steps import read_plan

_REPORT = "reports/timing.json"


@dataclass(frozen=True)
class Implementation:
    """bitstream: the file; reached_mhz, asked_mhz: of the clock with the least slack; used: cells of each kind the
    design has any of, and how many the device has."""

    bitstream: str
    reached_mhz: float
    asked_mhz: float
    used: dict[str, tuple[int, int]]

    def lines(self) -> list[str]:
        cells = ", ".join(f"{used} of {available} {name}" for name, (used, available) in self.used.items())
        return [f"bitstream:  {self.bitstream}",
                f"timing:     met: {self.reached_mhz:.1f} MHz reached, {self.asked_mhz:g} MHz asked (after routing)",
                f"device:     {cells}"]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def implementation_of(project: Path) -> Implementation | None:
    """Of the bitstream in ``project``/run; None if there is none, or its tool reports otherwise."""
    planned, report = read_plan(project), project / "run" / _REPORT
    if planned is None or not report.is_file():
        return None
    path = project / "run" / planned[1].bitstream
    if not path.is_file():
        return None
    found = json.loads(report.read_text())
    clock = min(found["fmax"].values(), key=lambda clock: clock["achieved"] / clock["constraint"])
    used = {name: (cells["used"], cells["available"]) for name, cells in found["utilization"].items() if cells["used"]}
    return Implementation(str(path), round(clock["achieved"], 2), clock["constraint"], used)
