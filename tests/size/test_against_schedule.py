"""The analytic model against the scheduler's own instructions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flow import schedule
from flow.graph.ir import Graph, Padding
from flow.hardware.config import HwConfig
from flow.isa.description import Opcode
from flow.schedule.bus import MemoryModel
from flow.schedule.compiler import output_tensors
from flow.schedule.lower import lower
from flow.schedule.placement import Step
from flow.schedule.residency import steps
from flow.schedule.timing import estimate as timed
from flow.schedule.timing import work_cycles
from flow.size.cycles import estimate
from flow.size.work import works
from tests.schedule.random_graphs import random_graph
from tests.size.graphs import resnet50, small, vgg16

LARGE = HwConfig(6, 32, 16, inp_banks=11, inp_depth=4096, acc_depth=512, wgt_depth=4096, out_depth=4096, par_depth=256)
SMALL = HwConfig(2, 8, 8, axi_bytes=16, inp_banks=4, inp_depth=1024, acc_depth=256, out_depth=1024, wgt_depth=1024)


def _same_work(graph: Graph, hw: HwConfig) -> None:
    program = schedule.compile(graph, hw)
    layers = estimate(hw, works(graph)).layers
    array = sum(work_cycles(i, hw) for i in program.instructions if i.opcode == Opcode.GEMM)
    alu = sum(i.k_size * i.i_size * i.j_size for i in program.instructions if i.opcode == Opcode.ALU)
    assert [layer.name for layer in layers] == [layer.name for layer in program.layers]
    assert sum(layer.macs for layer in layers) == program.macs
    assert sum(layer.array for layer in layers) == array
    assert sum(layer.alu for layer in layers) == alu


@pytest.mark.parametrize("hw", [LARGE, SMALL, replace(SMALL, rows=16, pix=1)], ids=["large", "small", "two blocks"])
def test_array_and_alu_cycles_equal_the_programs(hw: HwConfig) -> None:
    _same_work(small(24), hw)


@pytest.mark.full
@pytest.mark.parametrize("graph", [resnet50(), vgg16()], ids=["resnet50", "vgg16"])
def test_array_and_alu_cycles_of_whole_networks(graph: Graph) -> None:
    _same_work(graph, LARGE)


@pytest.mark.full
@pytest.mark.parametrize("graph", [resnet50(), vgg16()], ids=["resnet50", "vgg16"])
def test_total_is_within_three_per_cent_of_the_programs_timing(graph: Graph) -> None:
    """Of the scheduler's instruction by instruction estimate, which is itself no measurement."""
    timing = timed(schedule.compile(graph, LARGE), MemoryModel(bytes_per_cycle=51.2))
    assert abs(estimate(LARGE, works(graph), 51.2).cycles / timing.cycles - 1) <= 0.03


def _elsewhere(step: Step) -> Step:
    """Without the border around a network input, which the host may lay out."""
    return replace(step, border=Padding(), pad_value=0) if step.sources[0] == -1 else step


@pytest.mark.parametrize("seeds", [range(100), range(100, 200)])
def test_layers_and_what_they_read_are_the_schedulers(seeds: range) -> None:
    for seed in seeds:
        graph, _ = random_graph(seed, 8)
        lowered, layers = lower(graph, SMALL, False), works(graph)
        wanted = steps(lowered.layers, output_tensors(graph, lowered).values())
        assert [layer.name for layer in layers] == [layer.name for layer in lowered.layers], f"seed {seed}"
        assert [_elsewhere(layer.step) for layer in layers] == [_elsewhere(step) for step in wanted], f"seed {seed}"
