"""The last round of a search: the best engines by the analytic model are scheduled for, and their programs timed.

A program's cycle model is closer to the RTL than the analytic one (DECISIONS, section 8), which matters most where a
network takes a few thousand cycles; those are scheduled in milliseconds. Where a program would be long, the
analytic estimate stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from flow.errors import CapacityError
from flow.graph.ir import Graph
from flow.hardware.config import HwConfig
from flow.schedule import compile_graph
from flow.schedule.timing import Timing
from flow.schedule.timing import estimate as timed
from flow.size.candidates import Candidate
from flow.size.cycles import Estimate, estimate
from flow.size.devices import Device
from flow.size.engines import Engines
from flow.size.ranking import Floats, Speeds, bandwidth, pick
from flow.size.sizing import Goal
from flow.size.tiling import Shapes, residency, tiling
from flow.size.work import Work

#: Engines that are scheduled for at most, and instructions of their programs together (seconds of work).
MOST = 16
BUDGET = 6_000

#: GEMM, ALU and STORE of one accumulator tile and output block.
INSTRUCTIONS_PER_TILE = 3

#: Of a target: an engine so much below it by the analytic estimate may reach it.
SHORT_OF_TARGET = 0.1


def instructions(hw: Sequence[HwConfig], networks: Sequence[Sequence[Work]]) -> Floats:
    """About how many instructions the programs of all networks have, [engines]."""
    engines = Engines.of(hw, [1.0] * len(hw))
    total = np.zeros(len(hw))
    for layers in networks:
        shape = Shapes.of(layers)
        tiles = tiling(engines, shape, residency(engines, layers))
        blocks = np.ceil(shape.out_c / engines.cols)
        total += (INSTRUCTIONS_PER_TILE * tiles.tiles * blocks * tiles.chunks).sum(axis=1)
    return total


def program_timing(graph: Graph, hw: HwConfig, bytes_per_cycle: float) -> Timing:
    """Of the program for one batch on one core. Raises CapacityError if the engine cannot hold a layer."""
    return timed(compile_graph(graph, hw, bytes_per_cycle=bytes_per_cycle))


def closest_estimate(graph: Graph, network: Sequence[Work], hw: HwConfig, bytes_per_cycle: float,
                     timing: Timing | None = None) -> Estimate:
    """By the program where that is short, else (or if the engine cannot hold a layer) analytic; layers are analytic.
    timing: of the program, if it was made."""
    found = estimate(hw, network, bytes_per_cycle)
    if timing is None:
        if not is_short(float(instructions([hw], [network])[0])):
            return found
        try:
            timing = program_timing(graph, hw, bytes_per_cycle)
        except CapacityError:
            return found
    return replace(found, cycles=timing.cycles, fps=hw.frames_per_second(timing.cycles),
                   milliseconds=1e3 * hw.seconds(timing.cycles), utilisation=timing.utilisation, scheduled=True)


def closest_estimates(graphs: Sequence[Graph], networks: Sequence[Sequence[Work]], hw: HwConfig, bytes_per_cycle: float,
                      timings: Sequence[Timing | None] | None = None) -> dict[str, Estimate]:
    """Of every network by its name. timings: of their programs, if they were made."""
    return {graph.name: closest_estimate(graph, network, hw, bytes_per_cycle, timing) for graph, network, timing
            in zip(graphs, networks, timings or [None] * len(graphs), strict=True)}


def is_short(count: float) -> bool:
    """Whether a program of ``count`` instructions may be made just to time it: at least two are to be compared."""
    return 2 * count <= BUDGET


class Finalists:
    """Engines that are timed one after the other until the budget is spent."""

    def __init__(self, found: Sequence[Candidate], speeds: Speeds, graphs: Sequence[Graph],
                 networks: Sequence[Sequence[Work]], device: Device) -> None:
        self.found, self.graphs, self.networks, self.device = found, graphs, networks, device
        self.fps, self.seconds = speeds.fps.copy(), speeds.seconds.copy()
        self.lengths = instructions([candidate.hw for candidate in found], networks)
        self.timed: dict[int, Sequence[Timing]] = {}
        self.refused: set[int] = set()
        self.left = float(BUDGET)

    @property
    def speeds(self) -> Speeds:
        """Those timed by their programs, the others as before."""
        return Speeds(self.fps, self.seconds)

    def may(self, at: int) -> bool:
        """Whether engine ``at`` can still be timed."""
        return len(self.timed) < MOST and is_short(self.lengths[at]) and self.lengths[at] <= self.left

    def time(self, at: int) -> bool:
        """Schedule for engine ``at``; whether it holds all networks."""
        hw = self.found[at].hw
        self.left -= self.lengths[at]
        try:
            timings = [program_timing(graph, hw, bandwidth(self.found[at], self.device)) for graph in self.graphs]
        except CapacityError:
            self.refused.add(at)
            return False
        self.timed[at] = timings
        cycles = float(np.exp(np.mean(np.log([timing.cycles for timing in timings]))))
        self.seconds[at], self.fps[at] = hw.seconds(cycles), hw.frames_per_second(cycles)
        return True

    def estimates(self, at: int) -> dict[str, Estimate]:
        """Of every network on engine ``at``, the closest that is known."""
        hw, bytes_per_cycle = self.found[at].hw, bandwidth(self.found[at], self.device)
        return closest_estimates(self.graphs, self.networks, hw, bytes_per_cycle, self.timed.get(at))


def final_ranking(
    found: Sequence[Candidate],
    speeds: Speeds,
    graphs: Sequence[Graph],
    networks: Sequence[Sequence[Work]],
    device: Device,
    goal: Goal,
    target_fps: float | None,
) -> tuple[list[int], Finalists]:
    """Indices of ``found``, best first, and what is known of them."""
    finalists = Finalists(found, speeds, graphs, networks, device)
    if target_fps is not None:
        return _reaching(finalists, target_fps), finalists
    for at in np.argsort(-speeds.value(goal), kind="stable").tolist():
        if not finalists.may(at):
            break
        finalists.time(at)
    first = list(finalists.timed)
    order = pick([found[at] for at in first], finalists.speeds.take(first), goal, None)
    behind = pick(found, speeds, goal, None)
    done = {*first, *finalists.refused}
    return [*(first[at] for at in order), *(at for at in behind if at not in done)], finalists


def _reaching(finalists: Finalists, target_fps: float) -> list[int]:
    """The smallest first; those that were expected to reach the target and do not are left out."""
    likely = pick(finalists.found, finalists.speeds, Goal.AREA, target_fps * (1 - SHORT_OF_TARGET))
    for at in likely:
        if not finalists.may(at) or (finalists.time(at) and finalists.fps[at] >= target_fps):
            break
    return [at for at in likely if at not in finalists.refused and finalists.fps[at] >= target_fps]
