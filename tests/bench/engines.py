"""One network through the RTL, measured: cycles by layer, bounds, the cycle model beside it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from flow.frontend import Imported
from flow.graph.ir import Int8
from flow.hardware.config import HwConfig
from flow.schedule import compile_graph
from flow.schedule.bus import MemoryModel as Modelled
from flow.schedule.program import Program
from flow.schedule.timing import Timing, estimate
from flow.simulate import host
from flow.simulate.driver import MemoryModel
from flow.verify.stimuli import images


@dataclass(frozen=True)
class Layer:
    """Cycles up to a tensor written to memory, with the layers before it that stayed on the chip; bounds in cycles."""

    name: str
    rtl: int
    model: int
    array: int
    alu: int
    memory: int

    @property
    def bound(self) -> tuple[str, int]:
        found = max((self.array, "array"), (self.alu, "ALU"), (self.memory, "memory"))
        return found[1], found[0]


@dataclass(frozen=True)
class Measured:
    """One full batch on one core."""

    name: str
    hw: HwConfig
    memory: MemoryModel
    cycles: int
    modelled: int
    utilisation: float
    seconds: float
    schedule_seconds: float
    images: int
    layers: tuple[Layer, ...]
    counters: dict[str, int]


def measure(model: Imported, hw: HwConfig, memory: MemoryModel) -> Measured:
    """Schedule, run a batch in RTL through the firmware. Bit-exactness is the tests' and ``flow verify``'s business."""
    begin = time.monotonic()
    program = compile_graph(model.graph, hw)
    scheduled = time.monotonic() - begin
    batch: list[dict[str, Int8]] = images(model.graph, hw.pix, 0)
    result = host.run(program, batch, memory, library=host.engine_library(program), keep_tensors=True)
    launch, = result.launches
    timing = estimate(program, Modelled(memory.latency, memory.bandwidth))
    cycles = launch.counters["CYCLES"]
    utilisation = program.macs * hw.pix / (hw.macs_per_cycle * cycles)
    layers = _layers(program, timing, launch.finished, memory)
    return Measured(model.graph.name, hw, memory, cycles, timing.cycles, utilisation, result.seconds, scheduled,
                    hw.pix, layers, launch.counters)


def _layers(program: Program, timing: Timing, finished: tuple[int, ...], memory: MemoryModel) -> tuple[Layer, ...]:
    """Layers in groups that end with a tensor in device memory."""
    written = {w.tensor: cycle for w, cycle in zip(program.written, finished, strict=True)}
    found: list[Layer] = []
    array = alu = moved = 0
    names: list[str] = []
    rtl = model = 0
    for span, layer in zip(program.layers, timing.layers, strict=True):
        names.append(span.name)
        array, alu, moved = array + layer.gemm, alu + layer.alu, moved + layer.bytes
        if span.tensor in written:
            name = names[0] if len(names) == 1 else f"{names[0]} .. {names[-1]} ({len(names)})"
            found.append(Layer(name, written[span.tensor] - rtl, layer.end - model, array, alu,
                               round(moved / memory.bandwidth)))
            rtl, model = written[span.tensor], layer.end
            array = alu = moved = 0
            names = []
    return tuple(found)
