"""Estimated cycles of a program: the units, their tokens and a memory of limited bandwidth, instruction by instruction.

A model, not a simulation of the RTL; ``python -m tests.bench model`` shows how far the two differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flow.hardware.config import HwConfig
from flow.isa.description import Buffer, Opcode
from flow.isa.encoding import Instruction
from flow.schedule.bus import MemoryModel
from flow.schedule.program import LayerSpan, Layout, Program
from flow.schedule.timing_units import Simulation, stream_cycles

#: last event to done
END = 19

@dataclass(frozen=True)
class LayerTiming:
    """end: cycle of the layer's last write; busy cycles of GEMM, ALU and the bytes it moves."""

    name: str
    end: int
    gemm: int
    alu: int
    bytes: int


@dataclass(frozen=True)
class Timing:
    """cycles from doorbell to done; utilisation: useful products over products per cycle and cycle, full batch."""

    cycles: int
    utilisation: float
    layers: tuple[LayerTiming, ...]


def work_cycles(i: Instruction, hw: HwConfig) -> int:
    """Cycles in which GEMM or ALU is occupied; 0 for the others."""
    match i.opcode:
        case Opcode.GEMM:
            return i.v_size * i.h_size * i.w_size * stream_cycles(i, hw)
        case Opcode.ALU:
            return i.k_size * i.i_size * i.j_size
    return 0


def moved_bytes(i: Instruction, hw: HwConfig) -> int:
    """Bytes a LOAD or STORE moves over the bus; 0 for the others."""
    match i.opcode:
        case Opcode.LOAD if i.buffer != Buffer.INPUT:
            return i.x_size * hw.axi_bytes
        case Opcode.LOAD | Opcode.STORE:
            return i.x_size * i.y_size * i.z_size * hw.group_bytes
    return 0


def estimate(program: Program, model: MemoryModel | None = None) -> Timing:
    """Walk the program once; every token's time is known when it is popped because program order is legal.

    model: the memory, by default the one it was scheduled for.
    """
    walk = Simulation(program, model or MemoryModel(bytes_per_cycle=program.bytes_per_cycle))
    walk.run()
    hw = program.hw
    total = round(max(walk.ends, default=0.0)) + END
    layouts = {written.tensor: written.layout for written in program.written}
    layers = []
    for layer in program.layers:
        part = [program.instructions[at] for at in layer.instructions]
        work = {opcode: sum(work_cycles(i, hw) for i in part if i.opcode == opcode)
                for opcode in (Opcode.GEMM, Opcode.ALU)}
        layers.append(LayerTiming(layer.name, _end(program, layer, layouts.get(layer.tensor), walk.ends),
                                  work[Opcode.GEMM], work[Opcode.ALU], sum(moved_bytes(i, hw) for i in part)))
    return Timing(total, program.macs * hw.pix / (hw.macs_per_cycle * total), tuple(layers))


def _end(program: Program, layer: LayerSpan, layout: Layout | None, ends: Sequence[float]) -> int:
    """Cycle of the layer's last write: into ``layout``, or into the input buffer if there is none."""
    last = 0.0
    for at in layer.instructions:
        i = program.instructions[at]
        if layout is None:
            mine = i.opcode == Opcode.ALU
        else:
            mine = (i.opcode == Opcode.STORE and i.region == layout.region
                    and layout.offset <= i.offset < layout.offset + layout.size)
        if mine:
            last = max(last, ends[at])
    return round(last)
