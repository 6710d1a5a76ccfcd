"""A convolution with an addition whose second operand is loaded: its loads go round the input buffer several times."""

from __future__ import annotations

import numpy as np
import pytest

from flow.graph import ir
from flow.graph.evaluate import evaluate
from flow.hardware.config import HwConfig
from flow.isa.description import ErrorCode, Region
from flow.reference import Engine
from flow.schedule import compile_graph
from flow.verify.layout import unpack, write_inputs
from tests.schedule.random_graphs import RandomGraph


def graph(seed: int, channels: int, kernel: int) -> ir.Graph:
    """x -> a, x -> b, a + b."""
    maker = RandomGraph(seed)
    x = maker.tensor(8, 8, 4)
    padding = ir.Padding(kernel // 2, kernel // 2, kernel // 2, kernel // 2)
    for name in ("a", "b"):
        output = maker.tensor(8, 8, channels)
        weights = maker.random.integers(-127, 128, (channels, kernel, kernel, 4)).astype(np.int8)
        window = ir.Window((kernel, kernel), (1, 1), (1, 1), padding)
        maker.nodes.append(ir.Conv2D(name, (x.name,), (output.name,), window, weights, np.zeros(channels, np.int32),
                                     maker.requantise(channels, 10000, output.zero_point)))
    total = maker.tensor(8, 8, channels)
    tables = [((np.arange(-128, 128) - maker.tensors[name].zero_point) << 18).astype(np.int32) for name in ("t1", "t2")]
    maker.nodes.append(ir.Add("sum", ("t1", "t2"), (total.name,), *tables,
                              maker.requantise(1, 40 << 18, total.zero_point)))
    return ir.Graph("second operand", maker.tensors, tuple(maker.nodes), (x.name,), (total.name,))


@pytest.mark.parametrize(("depth", "channels", "kernel"), [(32, 64, 1), (40, 64, 3), (64, 48, 3), (96, 128, 1)])
def test_loads_leave_the_held_input_alone(depth: int, channels: int, kernel: int) -> None:
    hw = HwConfig(1, 16, 4, axi_bytes=8, inp_banks=1, inp_depth=depth, acc_depth=32, wgt_depth=1024, out_depth=64,
                  par_depth=64).check()
    seed = 1000 * depth + channels + kernel
    made = graph(seed, channels, kernel)
    program = compile_graph(made, hw)
    image = {"t0": np.random.default_rng(seed).integers(-128, 128, (8, 8, 4)).astype(np.int8)}
    regions = [np.frombuffer(program.constant, np.uint8).copy(), np.zeros(program.scratch_bytes, np.uint8),
               np.zeros(program.input_bytes, np.uint8), np.zeros(program.output_bytes, np.uint8)]
    write_inputs(regions[Region.INPUT], program.inputs, [image])
    assert Engine(hw, seed).launch(regions, program.stream_offset).code == ErrorCode.NONE
    layout = program.outputs[0].layout
    assert np.array_equal(unpack(regions[Region.OUTPUT][layout.offset:], layout)[0], evaluate(made, image)["t3"])
