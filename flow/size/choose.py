"""Choosing an engine by the name of a device; an ASIC is as large as its ``--area`` says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flow.errors import CapacityError, Problem, UsageError
from flow.graph import widths
from flow.graph.ir import Graph
from flow.size import constraints, reasons, resources, search, silicon
from flow.size.devices import Device, Family, Resources, lookup
from flow.size.sizing import Goal, Sizing

#: Per cent of the die for cells that are tried; the rest is for memory macros.
SPLITS = (35, 55, 75)

#: Areas in mm2 that are tried, smallest first, where only a speed is asked for.
AREAS = tuple(0.25 * 2**step for step in range(10))


def choose(device_name: str, graphs: Sequence[Graph], *, goal: Goal = Goal.THROUGHPUT,
           target_fps: float | None = None, clock_mhz: float | None = None, weight_bits: int | None = None,
           area_mm2: float | None = None) -> Sizing:
    """The engine for ``graphs`` on a device, as ``search.choose``.

    area_mm2: the largest die of an ASIC; with ``target_fps`` the smallest that reaches it, without area too. Raises
    UsageError (unknown device, what ``constraints`` refuses) and CapacityError as ``search.choose``.
    """
    device = lookup(device_name)
    problems = [*constraints.numbers(target_fps, clock_mhz, area_mm2),
                *constraints.contradictions(device, goal, target_fps, area_mm2)]
    if problems:
        raise UsageError(problems)
    if weight_bits is None:
        weight_bits = widths.weight_bits(graphs)
    if device.family is not Family.ASIC:
        return search.choose(device, graphs, goal=goal, target_fps=target_fps, clock_mhz=clock_mhz,
                             weight_bits=weight_bits)
    # smaller dies first: the first that reaches a speed is about the smallest that does
    areas = AREAS if area_mm2 is None else (*(area for area in AREAS if target_fps and area < area_mm2), area_mm2)
    refusals: list[CapacityError] = []
    for area in areas:
        found = []
        for split in SPLITS:
            try:
                found.append(search.choose(_die(device, area, split), graphs, goal=goal, target_fps=target_fps,
                                           clock_mhz=clock_mhz, weight_bits=weight_bits))
            except CapacityError as error:
                refusals.append(error)
        if found:
            return _explained(min(found, key=lambda sizing: _order(sizing, goal, target_fps)), area_mm2)
    least = reasons.smallest(device, device.memory.axi_bytes)
    use = resources.core(least, device.family, device.has_uram).total
    found_area = silicon.die_mm2(use.lut, use.bram)
    if area_mm2 is not None and found_area > area_mm2:
        raise CapacityError(Problem(
            f"--area {area_mm2:g}", f"the smallest engine takes {found_area:.2f} mm2 (estimated)", "allow more area"))
    raise refusals[-1]


def _die(device: Device, area_mm2: float, cells: int) -> Device:
    """The ASIC with ``cells`` per cent of its area for cells."""
    um2 = round(area_mm2 * 1e6)
    whole = Resources(um2 * cells // 100, 0, device.regions[0].dsp, um2 * (100 - cells) // 100, 0)
    return replace(device, regions=(whole,))


def area_of(sizing: Sizing) -> float:
    """mm2 that the cores of an ASIC's engine take."""
    total = sizing.core.total
    return silicon.die_mm2(total.lut, total.bram) * sizing.hw.cores


def _order(sizing: Sizing, goal: Goal, target_fps: float | None) -> tuple[float, ...]:
    """Smallest first: the best."""
    area = area_of(sizing)
    if target_fps is not None:
        return (area,)
    product = 1.0
    for model in sizing.models:
        product *= model.milliseconds if goal is Goal.LATENCY else 1 / model.fps
    return (product, area)


def _explained(sizing: Sizing, area_mm2: float | None) -> Sizing:
    total, cores = sizing.core.total, sizing.hw.cores
    limit = f" of {area_mm2:g}" if area_mm2 is not None else ""
    return replace(sizing, reasons=(
        *sizing.reasons,
        ("area", f"{area_of(sizing):.3f}{limit} mm2 (estimated): {total.lut * cores} um2 of cells, "
                 f"{total.bram * cores} um2 of memory macros"),
        ("areas assumed", silicon.table())))
