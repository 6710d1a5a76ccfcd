"""The benchmark's layers and their bounds."""

from __future__ import annotations

from dataclasses import replace

from flow.schedule import compile_graph
from flow.schedule.timing import estimate
from flow.simulate.driver import MemoryModel
from tests.bench.engines import Layer, groups, single, slow
from tests.engines import ENGINES
from tests.size.graphs import small


def test_every_cycle_byte_and_product_is_in_one_layer() -> None:
    graph, memory = small(24), MemoryModel(bandwidth=8.0)
    program = compile_graph(graph, ENGINES["2x8x8"])
    timing = estimate(program)
    finished = [100 * (n + 1) for n in range(len(program.written))]
    grouped, layers = groups(program, timing, finished, memory), single(program, graph, timing, memory)
    assert [layer.rtl for layer in grouped] == [100] * len(program.written)
    assert all(layer.rtl is None for layer in layers) and len(layers) > 1
    for found in (grouped, layers):
        assert sum(layer.model for layer in found) == timing.layers[-1].end
        assert sum(layer.array for layer in found) == sum(layer.gemm for layer in timing.layers)
        assert sum(layer.alu for layer in found) == sum(layer.alu for layer in timing.layers)
        moved = sum(layer.bytes for layer in timing.layers) / memory.bandwidth
        assert abs(sum(layer.memory for layer in found) - moved) <= len(found)


def test_a_layer_is_slow_above_its_largest_bound() -> None:
    layer = Layer("one", None, 150, 20, 100, 40)
    assert layer.bound == ("ALU", 100) and not slow([layer])
    assert slow([layer, replace(layer, rtl=151)]) == (replace(layer, rtl=151),)
