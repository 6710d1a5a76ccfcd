"""The whole ECP5 system through its serial pins, with the shipped firmware."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flow import frontend, schedule
from flow.graph.evaluate import evaluate
from flow.graph.ir import Graph
from flow.isa.render import DEFAULT_ENGINE
from flow.schedule.program import Program
from flow.size import choose
from flow.verify import stimuli
from models import zoo
from tests.fpga import serial


def imported(name: str, folder: Path) -> Graph:
    path = folder / f"{name}{zoo.entry(name).suffix}"
    zoo.write(name, path)
    return frontend.import_model(path, None, 0, name).graph


def compare(folder: Path, graph: Graph, program: Program, seed: int | None = None) -> str:
    """Run two images; every byte must be the integer graph's. Returns what the host said."""
    images = stimuli.images(graph, 2, 0)
    wanted = [evaluate(graph, image) for image in images]
    outputs, said = serial.infer(folder, program, images, seed)
    for output, found in zip(program.outputs, outputs, strict=True):
        name = output.result if output.result in wanted[0] else output.tensor
        assert np.array_equal(found, np.stack([values[name] for values in wanted]).reshape(found.shape))
    return said


@pytest.mark.full
def test_bytes_flipped_and_lost_change_nothing(tmp_path: Path) -> None:
    graph = imported("direct", tmp_path)
    program = schedule.compile(graph, DEFAULT_ENGINE)
    serial.build(tmp_path, program, clocks=4)
    assert "sent again" not in compare(tmp_path, graph, program)
    assert "sent again" in compare(tmp_path, graph, program, seed=1)


@pytest.mark.full
def test_digits_as_on_the_board(tmp_path: Path) -> None:
    """The engine flow chooses for the ULX3S; 3 Mbaud at 25 MHz."""
    graph = imported("digits", tmp_path)
    program = schedule.compile(graph, choose("ulx3s", [graph]).hw)
    serial.build(tmp_path, program, clocks=8, fraction=85)
    compare(tmp_path, graph, program)
