"""The program's cycle model and the sizing's against the RTL, layer by layer (``python -m tests.bench model``)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flow.errors import CapacityError
from flow.graph.ir import Graph
from flow.hardware.config import HwConfig
from flow.schedule import compile_graph
from flow.schedule.bus import MemoryModel as Modelled
from flow.schedule.program import Program
from flow.schedule.timing import Timing, estimate
from flow.simulate import host
from flow.simulate.driver import MemoryModel
from flow.size.cycles import estimate as sized
from flow.size.work import works
from flow.verify.stimuli import images
from tests.engines import ENGINES

#: the engines of the comparison: the tests' small ones, and larger ones with the buses they would have
COMPARED: dict[str, HwConfig] = {
    **ENGINES,
    "4x16x16": HwConfig(4, 16, 16, inp_banks=4, inp_depth=1024, acc_depth=256, wgt_depth=1024, out_depth=1024),
    "6x32x16": HwConfig(6, 32, 16, inp_banks=11, inp_depth=4096, acc_depth=512, wgt_depth=4096, out_depth=4096,
                        par_depth=256),
}
NETWORKS = ("tiny", "odd", "two-by-two", "digits", "keywords", "resnet8", "resnet50-64")

#: share of the bus's width that the memory delivers: 51.2 bytes a cycle on 64
SHARE = 0.8

#: layers with a smaller share of the cycles are not judged
SMALL = 0.01


@dataclass(frozen=True)
class Layer:
    """Cycles from the previous tensor's last write response to this one's; others add to the next."""

    name: str
    rtl: int
    model: int


@dataclass(frozen=True)
class Comparison:
    """One network on one engine, in cycles: RTL, the program's model, sizing's model; and the first two by layer."""

    network: str
    engine: str
    rtl: int
    model: int
    sizing: int
    layers: tuple[Layer, ...]

    @property
    def difference(self) -> float:
        """Of the program's model from the RTL, as a share of the RTL."""
        return self.model / self.rtl - 1

    @property
    def judged(self) -> tuple[Layer, ...]:
        return tuple(layer for layer in self.layers if layer.rtl > SMALL * self.rtl)

    @property
    def worst(self) -> Layer:
        return max(self.judged, key=lambda layer: abs(layer.model / layer.rtl - 1))


def by_layer(program: Program, timing: Timing, finished: Sequence[int]) -> tuple[Layer, ...]:
    """Layers that write a tensor, in the order in which the RTL completed them."""
    written = {w.tensor: cycle for w, cycle in zip(program.written, finished, strict=True)}
    ends = sorted((written[span.tensor], layer.end, span.name)
                  for span, layer in zip(program.layers, timing.layers, strict=True) if span.tensor in written)
    found: list[Layer] = []
    rtl = model = 0
    for cycle, end, name in ends:
        found.append(Layer(name, cycle - rtl, end - model))
        rtl, model = cycle, end
    return tuple(found)


def compare(graph: Graph, engine: str, trace: bool = False) -> Comparison:
    """Run one batch in RTL. trace: every tensor is written. Raises CapacityError if the network does not fit."""
    hw = COMPARED[engine]
    program = compile_graph(graph, hw, trace)
    memory = MemoryModel(bandwidth=SHARE * hw.axi_bytes, stall_permille=10, seed=1)
    launch, = host.run(program, images(graph, hw.pix, 0), memory, library=host.engine_library(program),
                       keep_tensors=False).launches
    timing = estimate(program, Modelled(memory.latency, memory.bandwidth, memory.stall_permille))
    return Comparison(graph.name, engine, launch.counters["CYCLES"], timing.cycles,
                      sized(hw, works(graph), memory.bandwidth).cycles, by_layer(program, timing, launch.finished))


def table(graphs: Sequence[Graph], engines: Sequence[str]) -> Iterator[str]:
    """Lines of the comparison."""
    yield "| network | engine | RTL | program model | sizing model | worst layer over 1 % |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for graph in graphs:
        for engine in engines:
            try:
                found = compare(graph, engine)
            except CapacityError as error:
                print(f"{graph.name} on {engine}: {error}", file=sys.stderr)
                continue
            worst = found.worst
            yield (f"| {found.network} | {engine} | {found.rtl} | {100 * found.difference:+.1f} % | "
                   f"{100 * (found.sizing / found.rtl - 1):+.1f} % | {worst.name}: "
                   f"{100 * (worst.model / worst.rtl - 1):+.1f} % of {worst.rtl} |")
