"""What may be asked of an engine, checked before any is looked for."""

from __future__ import annotations

import math

from flow.errors import Problem
from flow.size.devices import Device, Family
from flow.size.sizing import Goal


def numbers(target_fps: float | None, clock_mhz: float | None, area_mm2: float | None) -> list[Problem]:
    """Those that are no speed, clock or area; None is not asked for."""
    asked = (("--target-fps", target_fps), ("--area", area_mm2), ("--clock", clock_mhz))
    return [Problem(option, f"{value}", "a finite number above 0")
            for option, value in asked if value is not None and not 0 < value < math.inf]


def contradictions(device: Device, goal: Goal, target_fps: float | None, area_mm2: float | None) -> list[Problem]:
    """What does not go together, or misses its other half."""
    found = []
    if goal is Goal.AREA and target_fps is None:
        found.append(Problem("--goal area", "no --target-fps is given", "say how many frames per second it needs"))
    if device.family is Family.ASIC and area_mm2 is None and target_fps is None:
        found.append(Problem("--fpga asic", "neither --area nor --target-fps is given",
                             "say how large it may be (mm2), or how fast it must be"))
    if device.family is not Family.ASIC and area_mm2 is not None:
        found.append(Problem("--area", f"{device.name} has the area it has",
                             "leave it out, or --fpga asic; --target-fps gives the smallest engine"))
    return found
