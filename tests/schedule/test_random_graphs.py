"""Random graphs through the scheduler and the reference engine, equal to the integer graph in every tensor."""

from __future__ import annotations

import numpy as np
import pytest

from flow.graph.verify import verify
from flow.hardware.config import HwConfig
from flow.isa.description import ErrorCode, Opcode, Region
from flow.reference import Engine
from flow.schedule import compile_graph
from flow.verify.layout import unpack, write_inputs
from tests.engines import ENGINES

from .random_graphs import evaluate, random_graph


def compare(seed: int, hw: HwConfig, trace: bool, nodes: int = 6) -> int:
    """Run one graph; returns how many tensors were compared, raises AssertionError on a difference."""
    graph, maker = random_graph(seed, nodes)
    verify(graph)
    program = compile_graph(graph, hw, trace)
    images = maker.images(graph, hw.pix)
    expected = [evaluate(graph, image) for image in images]
    regions = [np.frombuffer(program.constant, np.uint8).copy(), np.zeros(program.scratch_bytes, np.uint8),
               np.zeros(program.input_bytes, np.uint8), np.zeros(program.output_bytes, np.uint8)]
    write_inputs(regions[Region.INPUT], program.inputs, images)
    left = {written.tensor: written.bytes_written for written in program.written}
    order = list(program.written)
    compared = 0

    def after(pc: int, instruction: object) -> None:
        nonlocal compared
        i = program.instructions[pc]
        if i.opcode != Opcode.STORE:
            return
        for written in order:
            layout = written.layout
            size = i.x_size * i.y_size * i.z_size * hw.group_bytes
            if (left[written.tensor] and layout.region == i.region
                    and layout.offset <= i.offset < layout.offset + layout.size):
                left[written.tensor] -= size
                assert left[written.tensor] >= 0
                if left[written.tensor] == 0:
                    got = unpack(regions[layout.region][layout.offset :], layout)
                    name = written.tensor.removesuffix("/copy")
                    for lane, values in enumerate(expected):
                        want = values[name].reshape(got[lane].shape)
                        assert np.array_equal(got[lane], want), f"seed {seed}: {written.layer} {name} lane {lane}"
                    compared += 1
                return

    verdict = Engine(hw, seed).launch(regions, program.stream_offset, after)
    assert verdict.code == ErrorCode.NONE, f"seed {seed}: {verdict}"
    assert not any(left.values()), f"seed {seed}: not all bytes written: {left}"
    assert compared == len(program.written)
    for output in program.outputs:
        got = unpack(regions[Region.OUTPUT][output.layout.offset :], output.layout)
        for lane, values in enumerate(expected):
            assert np.array_equal(got[lane].ravel(), values[output.tensor].ravel()), f"seed {seed}: {output.tensor}"
    return compared


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("trace", [False, True])
def test_random_graph(engine: str, seed: int, trace: bool) -> None:
    assert compare(seed, ENGINES[engine], trace) > 0
