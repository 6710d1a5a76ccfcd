"""Programs survive every order of execution that their tokens allow."""

from __future__ import annotations

import numpy as np
import pytest

from flow.conformance.generate import generate
from flow.isa.description import Region
from flow.reference import Engine
from flow.schedule import compile_graph
from flow.verify.layout import write_inputs
from tests.engines import ENGINES
from tests.schedule.random_graphs import random_graph

from .any_order import execute


@pytest.mark.parametrize("engine", ENGINES)
def test_random_programs(engine: str) -> None:
    hw = ENGINES[engine]
    for seed in range(2):
        case = generate(hw, seed)
        expected = [region.copy() for region in case.regions]
        Engine(hw, seed).launch(expected, case.stream_offset)
        for order in range(2):
            got = [region.copy() for region in case.regions]
            execute(case.program, Engine(hw, order), got, order)
            assert all(np.array_equal(a, b) for a, b in zip(got, expected, strict=True)), f"seed {seed}, order {order}"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("trace", [False, True])
def test_scheduled_graphs(engine: str, trace: bool) -> None:
    hw = ENGINES[engine]
    for seed in range(2):
        graph, maker = random_graph(seed, 10)
        program = compile_graph(graph, hw, trace)
        regions = [np.frombuffer(program.constant, np.uint8).copy(), np.zeros(program.scratch_bytes, np.uint8),
                   np.zeros(program.input_bytes, np.uint8), np.zeros(program.output_bytes, np.uint8)]
        write_inputs(regions[Region.INPUT], program.inputs, maker.images(graph, hw.pix))
        expected = [region.copy() for region in regions]
        assert Engine(hw, seed).launch(expected, program.stream_offset).code == 0
        for order in range(2):
            got = [region.copy() for region in regions]
            execute(program.instructions, Engine(hw, order), got, order)
            assert np.array_equal(got[Region.OUTPUT], expected[Region.OUTPUT]), f"seed {seed}, order {order}"


def test_a_program_without_its_tokens_does_not_survive() -> None:
    """The check above can fail: the same programs with all tokens removed go wrong in some order."""
    hw = ENGINES["1x4x4"]
    wrong = 0
    for seed in range(2):
        case = generate(hw, seed)
        bare = [instruction.replace(pop=0, push=0) for instruction in case.program]
        expected = [region.copy() for region in case.regions]
        Engine(hw, seed).launch(expected, case.stream_offset)
        got = [region.copy() for region in case.regions]
        execute(bare, Engine(hw, 1), got, 1)
        wrong += not all(np.array_equal(a, b) for a, b in zip(got, expected, strict=True))
    assert wrong == 2
