"""The whole ECP5 system through its serial pins, with the shipped firmware."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flow import frontend, schedule
from flow.graph.evaluate import evaluate
from flow.isa.render import DEFAULT_ENGINE
from flow.verify import stimuli
from models import zoo
from tests.fpga import serial


@pytest.mark.full
@pytest.mark.parametrize(("clocks", "fraction"), [(4, 0), (8, 85)])
def test_a_network_over_the_serial_line(clocks: int, fraction: int, tmp_path: Path) -> None:
    """Bit-exact, also where bytes are flipped and lost; the second line is 3 Mbaud at 25 MHz, sent a little fast."""
    path = tmp_path / f"direct{zoo.entry('direct').suffix}"
    zoo.write("direct", path)
    graph = frontend.import_model(path, None, 0, "direct").graph
    program = schedule.compile(graph, DEFAULT_ENGINE)
    images = stimuli.images(graph, 2, 0)
    wanted = [evaluate(graph, image) for image in images]
    serial.build(tmp_path, program, clocks, fraction)
    for seed in (None, 1) if clocks == 4 else (None,):
        outputs, said = serial.infer(tmp_path, program, images, seed)
        assert ("sent again" in said) == (seed is not None)
        for output, found in zip(program.outputs, outputs, strict=True):
            assert np.array_equal(found, np.stack([values[output.result] for values in wanted]).reshape(found.shape))
