"""One network through the RTL, measured: cycles by layer, bounds, the cycle model beside it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from flow.frontend import Imported
from flow.graph.ir import Graph, Int8
from flow.hardware.config import HwConfig
from flow.schedule import compile_graph
from flow.schedule.bus import MemoryModel as Modelled
from flow.schedule.lower import lower
from flow.schedule.program import LayerSpan, Program
from flow.schedule.residency import interleaved
from flow.schedule.timing import LayerTiming, Timing, estimate
from flow.simulate import host
from flow.simulate.driver import MemoryModel
from flow.verify.stimuli import images
from tests.bench.costs import children_seconds

#: no layer may take more than this many times its bound
MOST = 1.5


@dataclass(frozen=True)
class Layer:
    """One layer, or several that end with a tensor in memory; in cycles. rtl: None where the program model alone sees
    the layer's end; array, alu: busy cycles; memory: its bytes at the memory's rate."""

    name: str
    rtl: int | None
    model: int
    array: int
    alu: int
    memory: int

    @property
    def bound(self) -> tuple[str, int]:
        found = max((self.array, "array"), (self.alu, "ALU"), (self.memory, "memory"))
        return found[1], found[0]

    @property
    def ratio(self) -> float:
        """Cycles it takes, in RTL where that shows them, over its bound."""
        return (self.model if self.rtl is None else self.rtl) / max(self.bound[1], 1)


def slow(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers that take more than ``MOST`` times their bound."""
    return tuple(layer for layer in layers if layer.ratio > MOST)


@dataclass(frozen=True)
class Measured:
    """One full batch on one core. seconds: wall time of the host program, processor_seconds: its and its compilation's;
    groups: layers up to a tensor in memory, in RTL; layers: each for itself, by the program model."""

    name: str
    hw: HwConfig
    memory: MemoryModel
    cycles: int
    modelled: int
    utilisation: float
    seconds: float
    processor_seconds: float
    schedule_seconds: float
    images: int
    groups: tuple[Layer, ...]
    layers: tuple[Layer, ...]
    counters: dict[str, int]


def measure(model: Imported, hw: HwConfig, memory: MemoryModel) -> Measured:
    """Schedule, run a batch in RTL through the firmware. Bit-exactness is the tests' and ``flow verify``'s business."""
    begin = time.monotonic()
    program = compile_graph(model.graph, hw)
    scheduled = time.monotonic() - begin
    library = host.engine_library(program)
    batch: list[dict[str, Int8]] = images(model.graph, hw.pix, 0)
    before = children_seconds()
    result = host.run(program, batch, memory, library=library, keep_tensors=True)
    spent = children_seconds() - before
    launch, = result.launches
    timing = estimate(program, Modelled(memory.latency, memory.bandwidth, memory.stall_permille))
    cycles = launch.counters["CYCLES"]
    utilisation = program.macs * hw.pix / (hw.macs_per_cycle * cycles)
    return Measured(model.graph.name, hw, memory, cycles, timing.cycles, utilisation, result.seconds, spent, scheduled,
                    hw.pix, groups(program, timing, launch.finished, memory),
                    single(program, model.graph, timing, memory), launch.counters)


def groups(program: Program, timing: Timing, finished: Sequence[int], memory: MemoryModel) -> tuple[Layer, ...]:
    """Layers in groups that end with a tensor in device memory; finished: as ``host.Launch`` has it."""
    written = {w.tensor: cycle for w, cycle in zip(program.written, finished, strict=True)}
    found: list[Layer] = []
    group: list[tuple[LayerSpan, LayerTiming]] = []
    rtl = model = 0
    for span, layer in zip(program.layers, timing.layers, strict=True):
        group.append((span, layer))
        if span.tensor in written:
            found.append(_joined(group, written[span.tensor] - rtl, layer.end - model, memory))
            rtl, model, group = written[span.tensor], layer.end, []
    return tuple(found)


def single(program: Program, graph: Graph, timing: Timing, memory: MemoryModel) -> tuple[Layer, ...]:
    """Each layer for itself, those that run side by side together."""
    layers = lower(graph, program.hw, trace=False).layers
    together = interleaved(layers, {layer.output.name for layer in layers} - {w.tensor for w in program.written})
    found: list[Layer] = []
    group: list[tuple[LayerSpan, LayerTiming]] = []
    begin = 0
    for index, (span, layer) in enumerate(zip(program.layers, timing.layers, strict=True)):
        group.append((span, layer))
        if index not in together:
            end = max(one.end for _, one in group)
            found.append(_joined(group, None, end - begin, memory))
            begin, group = end, []
    return tuple(found)


def _joined(group: Sequence[tuple[LayerSpan, LayerTiming]], rtl: int | None, model: int, memory: MemoryModel) -> Layer:
    names, layers = [span.name for span, _ in group], [layer for _, layer in group]
    name = names[0] if len(names) == 1 else f"{names[0]} .. {names[-1]} ({len(names)})"
    return Layer(name, rtl, model, sum(layer.gemm for layer in layers), sum(layer.alu for layer in layers),
                 round(sum(layer.bytes for layer in layers) / memory.bandwidth))
