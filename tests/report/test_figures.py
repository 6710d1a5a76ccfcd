"""Frames per second of the engine and end to end: two figures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from flow import size
from flow.report import write
from flow.report.figures import figures
from flow.report.text import summary
from flow.schedule import compile_graph
from flow.schedule.bus import MemoryModel
from flow.schedule.timing import estimate
from tests.schedule.random_graphs import random_graph


@pytest.mark.parametrize(("fpga", "rate"), [("vu9p", 12e9), ("a10-pac", 6e9)])
def test_the_link_or_the_engine_sets_the_pace(fpga: str, rate: float) -> None:
    graph, _ = random_graph(1)
    sizing = size.choose(fpga, [graph])
    program = compile_graph(graph, sizing.hw)
    found = figures(fpga, sizing, program, None)
    assert found.end_to_end is not None
    assert found.end_to_end.fps == min(found.estimated.fps, rate / found.end_to_end.bytes_up)
    wide = replace(program, input_bytes=10**9 * sizing.hw.pix)
    slow = figures(fpga, sizing, wide, None)
    assert slow.end_to_end is not None and slow.end_to_end.fps == rate / 1e9
    assert f"{rate / 1e9:.1f} frames/s with two batches in flight" in summary(slow)
    assert slow.end_to_end.source == "estimated" and "an image (estimated)" in summary(slow)


def test_no_link_no_figure() -> None:
    graph, _ = random_graph(1)
    sizing = size.choose("zcu102", [graph])
    found = figures("zcu102", sizing, compile_graph(graph, sizing.hw), None)
    assert found.end_to_end is None and "end to end" not in summary(found)


def test_estimates_are_of_the_program_and_its_memory() -> None:
    graph, _ = random_graph(1)
    sizing = size.choose("zcu102", [graph])
    for bytes_per_cycle in (sizing.memory_bytes_per_cycle, 0.5):
        program = compile_graph(graph, sizing.hw, bytes_per_cycle=bytes_per_cycle)
        timing = estimate(program, MemoryModel(bytes_per_cycle=bytes_per_cycle))
        found = figures("zcu102", sizing, program, None)
        assert found.estimated.milliseconds == 1e3 * (timing.cycles / (program.hw.clock_mhz * 1e6))
        assert found.estimated.utilisation == timing.utilisation
        assert f"memory of {bytes_per_cycle:g} bytes per cycle" in summary(found)
    assert found.estimated.fps < sizing.models[0].fps / 2


def test_what_the_import_warned_of_is_in_the_folder(tmp_path: Path) -> None:
    graph, _ = random_graph(1)
    sizing = size.choose("zcu102", [graph])
    program = compile_graph(graph, sizing.hw)
    write(tmp_path, "zcu102", sizing, program, None, ("ranges of noise",))
    assert "\nwarning:    ranges of noise\n" in (tmp_path / "summary.txt").read_text()
    assert "ranges of noise" in (tmp_path / "report.html").read_text()
    assert json.loads((tmp_path / "report.json").read_text())["warnings"] == ["ranges of noise"]


def test_cores_are_told_apart_from_the_engine_s_shape() -> None:
    graph, _ = random_graph(1)
    sizing = size.choose("zcu102", [graph])
    found = replace(figures("zcu102", sizing, compile_graph(graph, sizing.hw), None), cores=2, engine="6 x 32 x 16")
    assert "engine:     2 cores of 6 x 32 x 16 (pixels x input channels x output channels)" in summary(found)
