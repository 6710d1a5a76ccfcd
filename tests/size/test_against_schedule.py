"""The analytic model against the scheduler's own instructions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from flow import schedule
from flow.graph.ir import Gather, Graph, Padding, Reshape
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
from tests.bench.model import COMPARED
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


def _differences(graphs: Sequence[Graph], engines: Sequence[str]) -> list[tuple[float, str, str]]:
    """Of each network on each engine that holds it: the difference as a share, the network, the engine."""
    found: list[tuple[float, str, str]] = []
    for graph in graphs:
        for name in engines:
            hw = COMPARED[name]
            bandwidth = 0.8 * hw.axi_bytes
            cycles = timed(schedule.compile(graph, hw), MemoryModel(bytes_per_cycle=bandwidth)).cycles
            found.append((estimate(hw, works(graph), bandwidth).cycles / cycles - 1, graph.name, name))
    return sorted(found, key=lambda one: abs(one[0]))


def _within(found: Sequence[tuple[float, str, str]], mean: float, most: float) -> None:
    average = sum(abs(one[0]) for one in found) / len(found)
    print(f"mean {average:.3f}, worst {found[-1]}")
    assert average <= mean and abs(found[-1][0]) <= most, found[-3:]


@pytest.mark.parametrize("side", [8, 16, 24])
def test_small_networks_on_seven_engines(side: int) -> None:
    _within(_differences([small(side)], list(COMPARED)), 0.045, 0.12)


@pytest.mark.full
def test_random_networks_on_seven_engines() -> None:
    """Without values moved by an index, whose selections sizing does not know."""
    seeds = range(60)
    graphs = [replace(random_graph(seed, 8)[0], name=f"seed {seed}") for seed in seeds]
    plain = [g for g in graphs if not any(isinstance(node, Gather | Reshape) for node in g.nodes)]
    assert len(plain) >= 10
    _within(_differences(plain, list(COMPARED)), 0.05, 0.2)


@pytest.mark.full
def test_a_deep_network_on_large_engines_layer_by_layer() -> None:
    graph = resnet50(64)
    for name in ("4x16x16", "6x32x16"):
        hw = COMPARED[name]
        bandwidth = 0.8 * hw.axi_bytes
        timing = timed(schedule.compile(graph, hw), MemoryModel(bytes_per_cycle=bandwidth))
        sized = estimate(hw, works(graph), bandwidth)
        assert abs(sized.cycles / timing.cycles - 1) <= 0.03
        begin = 0
        for layer, program in zip(sized.layers, timing.layers, strict=True):
            cycles, begin = program.end - begin, program.end
            if cycles > 0.05 * timing.cycles:
                assert abs(layer.cycles / cycles - 1) <= 0.1, (name, layer.name, layer.cycles, cycles)


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
