"""Sums in the place of their second operand and means of maps on the chip: where they are expected, and still equal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flow.graph import ir
from flow.graph.evaluate import evaluate
from flow.hardware.config import HwConfig
from flow.isa.description import ErrorCode, Region
from flow.reference import Engine
from flow.schedule import compile_graph
from flow.schedule.layers import ConvLayer, MeanLayer
from flow.schedule.lower import lower
from flow.schedule.placement import FREE_SHARE
from flow.schedule.residency import plan_residency
from flow.verify.layout import unpack, write_inputs
from tests.engines import ENGINES

from .random_graphs import RandomGraph, random_graph


def residual_network(seed: int, channels: int, kernel: int, same_zero: bool) -> tuple[ir.Graph, RandomGraph]:
    """A convolution, three times s = s + convolution(convolution(s)), a mean."""
    maker = RandomGraph(seed)
    half = kernel // 2
    zero = 3 if same_zero else None

    def convolution(name: str, source: ir.Tensor) -> ir.Tensor:
        output = maker.tensor(7, 6, channels, zero)
        weights = maker.random.integers(-127, 128, (channels, kernel, kernel, source.channels)).astype(np.int8)
        window = ir.Window((kernel, kernel), (1, 1), (1, 1), ir.Padding(half, half, half, half))
        maker.nodes.append(ir.Conv2D(name, (source.name,), (output.name,), window, weights,
                                     np.zeros(channels, np.int32),
                                     maker.requantise(channels, 30000, output.zero_point)))
        return output

    x = maker.tensor(7, 6, 4)
    last = convolution("first", x)
    for n in range(3):
        branch = convolution(f"branch{n}", convolution(f"inner{n}", last))
        total = maker.tensor(7, 6, channels, zero)
        tables = [((np.arange(-128, 128) - tensor.zero_point) << 18).astype(np.int32) for tensor in (branch, last)]
        maker.nodes.append(ir.Add(f"sum{n}", (branch.name, last.name), (total.name,), *tables,
                                  maker.requantise(1, 60 << 18, total.zero_point)))
        last = total
    mean = maker.tensor(1, 1, channels)
    maker.nodes.append(ir.Mean("mean", (last.name,), (mean.name,), -42 * last.zero_point,
                               maker.requantise(1, 42 * 80, mean.zero_point)))
    return ir.Graph("residual", maker.tensors, tuple(maker.nodes), (x.name,), (mean.name,)), maker


@pytest.mark.parametrize("engine", ["1x4x4", "1x16x8", "3x8x8", "2x16x4"])
@pytest.mark.parametrize(("channels", "kernel", "same_zero"), [(12, 1, False), (20, 3, True), (19, 3, False)])
def test_residual_networks(engine: str, channels: int, kernel: int, same_zero: bool) -> None:
    hw = replace(ENGINES[engine], inp_depth=4 * ENGINES[engine].inp_depth)
    seed = 100 * channels + kernel
    graph, maker = residual_network(seed, channels, kernel, same_zero)
    layers = lower(graph, hw, False).layers
    kept = plan_residency(layers, graph.outputs, hw).tensors
    assert isinstance(layers[-1], MeanLayer) and layers[-1].source.name in kept
    for layer in layers:
        if isinstance(layer, ConvLayer) and layer.residual is not None:
            together = kept[layer.output.name].base == kept[layer.residual.tensor.name].base
            padded = kernel > 1 and layer.output.name != layers[-1].sources[0].name
            assert together == (same_zero or not padded), layer.name

    program = compile_graph(graph, hw)
    images = maker.images(graph, hw.pix)
    regions = [np.frombuffer(program.constant, np.uint8).copy(), np.zeros(program.scratch_bytes, np.uint8),
               np.zeros(program.input_bytes, np.uint8), np.zeros(program.output_bytes, np.uint8)]
    write_inputs(regions[Region.INPUT], program.inputs, images)
    assert Engine(hw, seed).launch(regions, program.stream_offset).code == ErrorCode.NONE
    output, = program.outputs
    got = unpack(regions[Region.OUTPUT][output.layout.offset :], output.layout)
    for lane, image in enumerate(images):
        assert np.array_equal(got[lane], evaluate(graph, image)[output.tensor]), f"seed {seed}, lane {lane}"


def test_layers_with_transfers_have_room() -> None:
    hw: HwConfig = ENGINES["2x8x8"]
    for seed in range(3000, 3060):
        graph, _ = random_graph(seed, 8)
        layers = lower(graph, hw, False).layers
        residency = plan_residency(layers, graph.outputs, hw)
        for layer, (_, size) in zip(layers, residency.free, strict=True):
            moving = [source.name for source in layer.sources if source.name not in residency.tensors]
            assert not moving or size >= hw.inp_vectors // FREE_SHARE, f"seed {seed}, {layer.name}"
