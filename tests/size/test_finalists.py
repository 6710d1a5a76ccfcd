"""The last round of a search: programs, not formulas, decide where they are short."""

from __future__ import annotations

import pytest

from flow.errors import CapacityError
from flow.graph.ir import Graph
from flow.hardware.config import HwConfig
from flow.schedule import compile_graph
from flow.size import Goal, choose, evaluate, finalists
from flow.size.finalists import instructions, program_timing
from flow.size.ranking import SAME
from flow.size.work import works
from tests.size.graphs import Builder, resnet50, small


def _deep() -> Graph:
    """Layers that are hardly more than latencies."""
    b = Builder("deep", 6, 6, 5)
    x = "input"
    for _ in range(6):
        x = b.conv(x, 16, 3)
    return b.graph(b.dense(b.mean(x), 10))


GRAPHS = [small(), _deep()]


@pytest.mark.parametrize("device", ["vu9p", "zcu102", "pynq-z2", "ulx3s"])
@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_figures_are_the_programs(graph: Graph, device: str) -> None:
    sizing = choose(device, [graph])
    found, = sizing.models
    timing = program_timing(graph, sizing.hw, sizing.memory_bytes_per_cycle)
    assert found.estimate.scheduled and "its program timed" in sizing.to_text()
    assert (found.cycles, found.utilisation) == (timing.cycles, timing.utilisation)
    assert found.fps == sizing.hw.cores * sizing.hw.pix / (timing.cycles / (sizing.hw.clock_mhz * 1e6))


@pytest.mark.parametrize("goal", [Goal.THROUGHPUT, Goal.LATENCY])
@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_no_engine_that_was_timed_is_faster(graph: Graph, goal: Goal, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[HwConfig, int] = {}

    def record(graph: Graph, hw: HwConfig, bytes_per_cycle: float):
        timing = program_timing(graph, hw, bytes_per_cycle)
        seen[hw] = timing.cycles
        return timing

    monkeypatch.setattr(finalists, "program_timing", record)
    chosen = choose("zcu102", [graph], goal=goal).hw

    def value(hw: HwConfig) -> float:
        return 1 / seen[hw] if goal is Goal.LATENCY else hw.cores * hw.pix / seen[hw]

    assert len(seen) > 8
    assert value(chosen) >= (1 - SAME) * max(value(hw) for hw in seen)


def test_an_engine_that_cannot_hold_a_layer_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    first = choose("zcu102", [small()]).hw

    def refuse(graph: Graph, hw: HwConfig, bytes_per_cycle: float):
        if hw == first:
            raise CapacityError([])
        return program_timing(graph, hw, bytes_per_cycle)

    monkeypatch.setattr(finalists, "program_timing", refuse)
    assert choose("zcu102", [small()]).hw != first


def test_target_is_reached_by_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines whose estimates promise more than their programs hold are passed over."""
    graph = _deep()
    target = 0.5 * choose("zcu102", [graph]).models[0].fps
    sizing = choose("zcu102", [graph], target_fps=target)
    assert sizing.models[0].estimate.scheduled and sizing.models[0].fps >= target
    hw = sizing.hw

    def slow(graph: Graph, hw_asked: HwConfig, bytes_per_cycle: float):
        timing = program_timing(graph, hw_asked, bytes_per_cycle)
        return timing if hw_asked != hw else type(timing)(1000 * timing.cycles, 0.0, timing.layers)

    monkeypatch.setattr(finalists, "program_timing", slow)
    assert choose("zcu102", [graph], target_fps=target).hw != hw


def test_long_programs_are_not_made_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("scheduled")

    monkeypatch.setattr(finalists, "program_timing", never)
    found, = choose("vu9p", [resnet50()]).models
    assert not found.estimate.scheduled and "analytic" in found.source


def test_a_given_engine_is_timed_alike() -> None:
    chosen = choose("pynq-z2", [small()])
    assert evaluate(chosen.hw, [small()], "pynq-z2").models == chosen.models


@pytest.mark.parametrize("graph", [*GRAPHS, small(64)], ids=["small", "deep", "larger"])
def test_instructions_are_about_the_programs(graph: Graph) -> None:
    for hw in (HwConfig(1, 4, 4), HwConfig(2, 8, 8), HwConfig(4, 16, 16)):
        count = len(compile_graph(graph, hw).instructions)
        assert count / 4 <= instructions([hw], [works(graph)])[0] <= 2 * count
