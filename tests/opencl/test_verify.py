"""Compiled graphs on the OpenCL engine: every tensor it writes and every output, as the integer graph says."""

from __future__ import annotations

import random

import numpy as np
import pytest

from flow.build.progress import Silent
from flow.errors import VerificationError
from flow.hardware.config import HwConfig
from flow.schedule import compile_graph
from flow.verify.engines import open_engine
from tests.schedule.random_graphs import evaluate, random_graph

from .device import needs_opencl

pytestmark = needs_opencl

HW = HwConfig(2, 8, 8, axi_bytes=16, inp_banks=2, inp_depth=128, acc_depth=48, wgt_depth=256, out_depth=64,
              par_depth=16)


@pytest.mark.parametrize("trace", [False, True])
def test_tensors_of_random_graphs(trace: bool) -> None:
    for _ in range(3):
        seed = random.randrange(1 << 30)
        print("seed", seed)
        graph, maker = random_graph(seed, 6)
        program = compile_graph(graph, HW, trace)
        images = maker.images(graph, HW.pix)
        expected = [evaluate(graph, image) for image in images]
        engine = open_engine("opencl", program, graph, 0, Silent())
        run = engine.run(images)
        engine.close()
        assert set(run.tensors) == {written.tensor for written in program.written}
        for name, values in run.tensors.items():
            for lane, tensors in enumerate(expected):
                want = tensors[name.removesuffix("/copy")]
                assert np.array_equal(values[lane].reshape(want.shape), want), f"{name}, lane {lane}"
        for output in program.outputs:
            if output.softmax_beta is None:
                for lane, tensors in enumerate(expected):
                    assert np.array_equal(run.outputs[lane][output.result].ravel(), tensors[output.tensor].ravel())


def test_an_engine_that_stops_is_told() -> None:
    graph, maker = random_graph(5, 3)
    program = compile_graph(graph, HW)
    engine = open_engine("opencl", program, graph, 0, Silent())
    constant = bytearray(program.constant)
    constant[program.stream_offset] ^= 1
    object.__setattr__(program, "constant", bytes(constant))
    with pytest.raises(VerificationError, match="HEADER"):
        engine.run(maker.images(graph, HW.pix))
    engine.close()
