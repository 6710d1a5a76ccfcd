"""Estimated cycles of a program: the units, their tokens and a memory of limited bandwidth, instruction by instruction.

A model, not a simulation of the RTL; how far the two differ is measured by a benchmark.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.isa.description import Buffer, Opcode, Unit
from flow.isa.encoding import Instruction
from flow.schedule.program import Program

#: cycles from a unit's last issue to its token being visible to another unit
GEMM_LATENCY = 24
ALU_LATENCY = 28
TOKEN_LATENCY = 4
LOAD_OVERHEAD = 6
STORE_OVERHEAD = 8


@dataclass(frozen=True)
class MemoryModel:
    """latency: cycles from a request to its first data; bytes_per_cycle: reads and writes together."""

    latency: int = 110
    bytes_per_cycle: float = 51.2


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


class _Memory:
    """Bandwidth in buckets of time; a transfer takes what is left from its first bucket on."""

    BUCKET = 32

    def __init__(self, model: MemoryModel) -> None:
        self.room = self.BUCKET * model.bytes_per_cycle
        self.left: list[float] = []

    def transfer(self, start: float, count: float) -> float:
        """End of a transfer of ``count`` bytes that may start at ``start``."""
        bucket = int(start) // self.BUCKET
        while count > 0:
            while bucket >= len(self.left):
                self.left.append(self.room)
            taken = min(count, self.left[bucket])
            self.left[bucket] -= taken
            count -= taken
            if count > 0:
                bucket += 1
        used = (self.room - self.left[bucket]) / self.room if bucket < len(self.left) else 0.0
        return max(start, (bucket + used) * self.BUCKET)


def gemm_cycles(i: Instruction, hw: HwConfig) -> int:
    """Cycles in which GEMM is occupied."""
    return i.v_size * i.h_size * i.w_size * max(i.i_size * i.j_size, hw.tile_words)


def work_cycles(i: Instruction, hw: HwConfig) -> int:
    """Cycles in which GEMM or ALU is occupied; 0 for the others."""
    match i.opcode:
        case Opcode.GEMM:
            return gemm_cycles(i, hw)
        case Opcode.ALU:
            return i.k_size * i.i_size * i.j_size
    return 0


def moved_bytes(i: Instruction, hw: HwConfig) -> int:
    """Bytes a LOAD or STORE moves over the bus."""
    if i.opcode == Opcode.LOAD and i.buffer != Buffer.INPUT:
        return i.x_size * hw.axi_bytes
    return i.x_size * i.y_size * i.z_size * hw.group_bytes


def _load_words(i: Instruction, hw: HwConfig) -> int:
    """Cycles in which LOAD writes the buffer."""
    if i.buffer == Buffer.INPUT:
        return (i.pad_left + i.x_size + i.pad_right) * (i.pad_top + i.y_size + i.pad_bottom) * i.z_size
    return i.x_size * (hw.axi_bytes // 4 if i.buffer == Buffer.TABLE else 1)


DEFAULT_MEMORY = MemoryModel()


def estimate(program: Program, model: MemoryModel = DEFAULT_MEMORY) -> Timing:
    """Walk the program once; every token's time is known when it is popped because program order is legal."""
    hw = program.hw
    memory = _Memory(model)
    tokens: dict[tuple[int, int], deque[float]] = {(int(p), int(c)): deque() for p, c in isa.CHANNELS}
    free = [0.0] * 4
    received = 0.0
    starts = [0.0] * len(program.instructions)
    ends = [0.0] * len(program.instructions)
    for pc, i in enumerate(program.instructions):
        if i.opcode == Opcode.FINISH:
            break
        unit = int(isa.UNIT_OF[i.opcode])
        start = free[unit]
        for other in range(4):
            if i.pop >> other & 1:
                start = max(start, tokens[other, unit].popleft() + TOKEN_LATENCY)
        starts[pc] = start
        done_alu = None
        if unit == Unit.LOAD:
            count = moved_bytes(i, hw)
            free[unit] = start + LOAD_OVERHEAD + count / hw.axi_bytes
            end = memory.transfer(start + model.latency, count) if count else start + LOAD_OVERHEAD
            end = max(end, received + _load_words(i, hw))
            received = end
        elif unit == Unit.GEMM:
            free[unit] = start + gemm_cycles(i, hw)
            end = free[unit] + GEMM_LATENCY
        elif unit == Unit.ALU:
            free[unit] = start + i.k_size * i.i_size * i.j_size
            end = free[unit] + ALU_LATENCY
        else:
            count = moved_bytes(i, hw)
            groups = max(count // hw.group_bytes, count / hw.axi_bytes)
            sent = max(memory.transfer(start, count), start + groups + STORE_OVERHEAD)
            free[unit] = sent
            done_alu = sent
            end = sent + model.latency
        ends[pc] = end
        for other in range(4):
            if i.push >> other & 1:
                tokens[unit, other].append(done_alu if done_alu is not None and other == Unit.ALU else end)
    total = int(max(ends, default=0.0)) + 1
    layers = []
    bounds = [layer.last for layer in program.layers]
    first = 0
    for layer, last in zip(program.layers, bounds, strict=True):
        part = program.instructions[first : last + 1]
        layers.append(LayerTiming(
            layer.name, int(max(ends[first : last + 1], default=0.0)),
            sum(gemm_cycles(i, hw) for i in part if i.opcode == Opcode.GEMM),
            sum(i.k_size * i.i_size * i.j_size for i in part if i.opcode == Opcode.ALU),
            sum(moved_bytes(i, hw) for i in part if i.opcode in (Opcode.LOAD, Opcode.STORE))))
        first = last + 1
    return Timing(total, program.macs * hw.pix / (hw.macs_per_cycle * total), tuple(layers))
