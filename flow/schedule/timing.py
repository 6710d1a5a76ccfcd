"""Estimated cycles of a program: the units, their tokens and a memory of limited bandwidth, instruction by instruction.

A model, not a simulation of the RTL; ``python -m tests.bench model`` shows how far the two differ.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from flow.hardware.config import HwConfig
from flow.hardware.pipelines import pipeline
from flow.isa import description as isa
from flow.isa.description import Buffer, Opcode, Source0, Table, Unit
from flow.isa.encoding import Instruction
from flow.isa.legality import extent
from flow.schedule.bus import Channel, MemoryModel, transfer
from flow.schedule.program import LayerSpan, Layout, Program

#: pipelines that the RTL names
SHORTEST_STREAM = pipeline("GEMM_WRITE") - pipeline("GEMM_READ") + 1  # from one use of an accumulator to the next
GEMM_DEPTH = pipeline("GEMM_WRITE") + 1
ALU_DEPTH = pipeline("ALU_VISIBLE")
IN_FLIGHT = pipeline("IN_FLIGHT")

#: cycles between events of the RTL, as measured
POP_TO_REQUEST = 6  # LOAD: tokens taken to the first address on the bus
POP_TO_WEIGHT = 1  # GEMM: to the first weight word's request
POP_TO_VECTOR = 2  # ALU: to the first vector
POP_TO_BEAT = 8  # STORE: to the first beat on the bus
DATA_TO_BUFFER = 3  # last beat to the last write of the buffer
READ_AHEAD = 2  # STORE: groups are read from OUT before their beats
RESPONSE = 3  # STORE: response to token, beside the memory's latency
GIVE = 3  # an instruction's last cycle in its unit to the cycle in which another unit takes its token
HEADER = 3  # doorbell to the request of the stream's header
FIRST = 4  # header to the request of the first instructions
NEXT = 2  # last instruction of a burst to the request of the next ones
END = 19  # last event to done

#: a residual sum that begins this soon after the last GEMM, ALU's work since then apart, runs beside the next one
BESIDE = 64

#: fetch reads bursts of CHUNK instructions, AHEAD of them before the queues; GEMM holds QUEUED
CHUNK = 8
AHEAD = 16
QUEUED = 4


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


def _stream_cycles(i: Instruction, hw: HwConfig) -> int:
    """Cycles in which a weight tile of a GEMM is held: its pixels, or what takes longer, the next tile's loading or an
    accumulator's way round."""
    return max(i.i_size * i.j_size, hw.tile_words, SHORTEST_STREAM)


def work_cycles(i: Instruction, hw: HwConfig) -> int:
    """Cycles in which GEMM or ALU is occupied; 0 for the others."""
    match i.opcode:
        case Opcode.GEMM:
            return i.v_size * i.h_size * i.w_size * _stream_cycles(i, hw)
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


DEFAULT_MEMORY = MemoryModel()


def estimate(program: Program, model: MemoryModel = DEFAULT_MEMORY) -> Timing:
    """Walk the program once; every token's time is known when it is popped because program order is legal."""
    walk = _Walk(program, model)
    for pc, i in enumerate(program.instructions):
        if i.opcode == Opcode.FINISH:
            break
        walk.step(pc, i)
    hw = program.hw
    total = round(max(walk.ends, default=0.0)) + END
    layouts = {written.tensor: written.layout for written in program.written}
    layers = []
    first = 0
    for layer in program.layers:
        part = program.instructions[first : layer.last + 1]
        work = {opcode: sum(work_cycles(i, hw) for i in part if i.opcode == opcode)
                for opcode in (Opcode.GEMM, Opcode.ALU)}
        layers.append(LayerTiming(layer.name, _end(program, layer, layouts.get(layer.tensor), walk.ends),
                                  work[Opcode.GEMM], work[Opcode.ALU], sum(moved_bytes(i, hw) for i in part)))
        first = layer.last + 1
    return Timing(total, program.macs * hw.pix / (hw.macs_per_cycle * total), tuple(layers))


def _end(program: Program, layer: LayerSpan, layout: Layout | None, ends: Sequence[float]) -> int:
    """Cycle of the layer's last write: into ``layout``, or into the input buffer if there is none.

    Instructions of other layers may lie between its own."""
    last = 0.0
    for i, end in zip(program.instructions[layer.first : layer.last + 1], ends[layer.first : layer.last + 1],
                      strict=True):
        if layout is None:
            mine = i.opcode == Opcode.ALU
        else:
            mine = (i.opcode == Opcode.STORE and i.region == layout.region
                    and layout.offset <= i.offset < layout.offset + layout.size)
        if mine:
            last = max(last, end)
    return round(last)


class _Walk:
    """The units' times so far. ``ends``: of each instruction; ``pops`` and ``given``: of each unit's last ones."""

    def __init__(self, program: Program, model: MemoryModel) -> None:
        self.hw, self.latency = program.hw, model.latency
        self.channel = Channel(model, program.hw.axi_bytes)
        self.fetch = _Fetch(program, self.channel)
        self.tokens: dict[tuple[int, int], deque[float]] = {(int(p), int(c)): deque() for p, c in isa.CHANNELS}
        self.ends: list[float] = []
        depth = program.hw.queue_depth
        self.pops = [deque([0.0] * depth, depth) for _ in range(4)]
        self.given = [deque([0.0] * IN_FLIGHT, IN_FLIGHT) for _ in range(4)]
        self.free = [0.0] * 4
        self.received = 0.0  # LOAD's last write
        self.begun = deque([0.0] * QUEUED, QUEUED)  # GEMM's last instructions
        self.loader = self.before = self.stream = 0.0  # weight tiles requested; the last two streams' ends
        self.streamed: range | None = None  # input vectors of the last GEMM
        self.since = 0.0  # ALU's cycles since then
        self.reading: deque[tuple[float, float, range]] = deque(maxlen=4)  # ALU's last sums: begin, end, vectors
        self.vector = 0.0  # ALU's last instruction: its first vector, and the accumulator bank it writes
        self.writes: int | None = None

    def step(self, pc: int, i: Instruction) -> None:
        unit = int(isa.UNIT_OF[i.opcode])
        pop = max(self.fetch.dispatch(pc, self.pops[unit][0]) + 1, self.free[unit], self.given[unit][0] + 1)
        if unit == Unit.GEMM:
            pop = max(pop, self.begun[0] + 1)
        for other in range(4):
            if i.pop >> other & 1:
                pop = max(pop, self.tokens[other, unit].popleft())
        self.pops[unit].append(pop)
        read = 0.0  # when STORE has read the output buffer
        match unit:
            case Unit.LOAD:
                end = self._load(i, pop)
            case Unit.GEMM:
                end = self._gemm(i, pop)
            case Unit.ALU:
                end = self._alu(i, pop)
            case _:
                read, end = self._store(i, pop)
        end = max(end, self.given[unit][-1])
        self.given[unit].append(end)
        self.ends.append(end)
        for other in range(4):
            if i.push >> other & 1:
                self.tokens[unit, other].append((read if unit == Unit.STORE and other == Unit.ALU else end) + GIVE)

    def _load(self, i: Instruction, pop: float) -> float:
        moved = transfer(i, self.hw)
        end = max(pop, self.received)
        if moved.beats:
            end = self.channel.load(pop + POP_TO_REQUEST, self.received, moved, moved.groups * self._write_cycles(i))
        if i.buffer == Buffer.INPUT:  # padding takes its cycles while the memory waits
            positions = (i.pad_left + i.x_size + i.pad_right) * (i.pad_top + i.y_size + i.pad_bottom) * i.z_size
            end += positions - moved.groups
        self.free[Unit.LOAD] = pop + 3 + moved.runs if moved.runs else pop + 1
        self.received = end
        return end + DATA_TO_BUFFER

    def _write_cycles(self, i: Instruction) -> int:
        """Cycles in which LOAD writes one word: tables take an entry a cycle."""
        if i.buffer != Buffer.TABLE:
            return 1
        return self.hw.axi_bytes if i.base >= Table.O else self.hw.axi_bytes // 4

    def _gemm(self, i: Instruction, pop: float) -> float:
        """The first two tiles one by one, the others at their common pace. A tile is requested when the stream of the
        one before the last has ended."""
        words, pixels, pace = self.hw.tile_words, i.i_size * i.j_size, _stream_cycles(i, self.hw)
        tiles = i.v_size * i.h_size * i.w_size
        self.streamed, self.since = _vectors(i, self.hw), 0.0
        loaded = max(pop + POP_TO_WEIGHT, self.loader, self.before) + words
        start = max(loaded, self.stream)
        self.begun.append(start)
        end = start + pixels
        self.loader, self.before = loaded, self.stream
        if tiles > 1:
            self.loader = max(loaded, self.stream) + words
            start = max(self.loader, start + pace) + (tiles - 2) * pace
            self.before = max(end, start - pace + pixels)
            self.loader = max(self.loader, self.before - pace + words)
            end = start + pixels
        lost = sum(max(0.0, min(end, last) - max(begin, self.begun[-1])) * _share(self.streamed, read, self.hw)
                   for begin, last, read in self.reading)
        end += lost
        self.before += lost
        self.stream = end
        self.free[Unit.GEMM] = self.loader
        return end + GEMM_DEPTH

    def _alu(self, i: Instruction, pop: float) -> float:
        count: float = i.k_size * i.i_size * i.j_size
        start = max(pop + POP_TO_VECTOR, self.free[Unit.ALU])
        if i.src0 == Source0.ACC:
            if self.writes == i.acc_bank:
                start = max(start, self.vector + ALU_DEPTH - 1)
            again = _again(i)
            if i.to_acc and again:
                count = count // again * max(again, ALU_DEPTH - 1)
        self.vector, self.writes = start, i.acc_bank if i.to_acc else None
        self.since += count
        if i.table_b and self.streamed and start < self.stream + self.since + BESIDE:
            read = _vectors(i, self.hw)
            count += count * _share(self.streamed, read, self.hw)
            self.reading.append((start, start + count, read))
        self.free[Unit.ALU] = start + count
        return start + count + ALU_DEPTH

    def _store(self, i: Instruction, pop: float) -> tuple[float, float]:
        moved = transfer(i, self.hw)
        first = pop + POP_TO_BEAT
        sent = max(self.channel.store(first, moved), first + moved.groups)
        read = sent - READ_AHEAD
        self.free[Unit.STORE] = max(read - READ_AHEAD, pop + 3 + moved.runs)
        return read, sent + self.latency + RESPONSE


def _again(i: Instruction) -> int:
    """Vectors from one use of an accumulator to its next one by the same ALU instruction; 0 if there is none."""
    inside = 1
    for size, step in ((i.j_size, i.j_acc), (i.i_size, i.i_acc), (i.k_size, i.k_acc)):
        if size > 1 and step == 0:
            return inside
        inside *= size
    return 0


class _Fetch:
    """Instructions read in bursts, one under way, and dealt out in order to queues that may be full."""

    def __init__(self, program: Program, channel: Channel) -> None:
        self.channel = channel
        self.beats = max(1.0, isa.INSTRUCTION_BYTES / program.hw.axi_bytes)
        self.idle = channel.fetch(HEADER, self.beats)[1] + FIRST  # when the next burst may be asked for
        self.slot = (program.stream_offset // isa.INSTRUCTION_BYTES + 1) % CHUNK
        self.arrived: list[float] = []
        self.heads = deque([0.0] * AHEAD, AHEAD)
        self.dealt = 0.0

    def dispatch(self, pc: int, room: float) -> float:
        """Cycle in which instruction ``pc`` enters its unit's queue, where a place is free from ``room`` on."""
        if pc >= len(self.arrived):
            wanted = CHUNK - self.slot
            self.slot = 0
            begin, end = self.channel.fetch(max(self.idle, self.heads[wanted - 1]), wanted * self.beats)
            self.arrived += [begin + (end - begin) * (n + 1) / wanted for n in range(wanted)]
            self.idle = end + NEXT
        head = max(self.arrived[pc] + 1, self.dealt)
        self.heads.append(head)
        self.dealt = max(head, room) + 1
        freed = len(self.arrived) - 1 - pc + CHUNK  # heads until the next burst has its places
        if freed <= AHEAD:
            self.channel.announced = (max(self.idle, self.heads[freed - 1]), CHUNK * self.beats)
        return self.dealt


def _vectors(i: Instruction, hw: HwConfig) -> range:
    """Input vectors that a GEMM or ALU instruction reads, from the first to the last."""
    if i.opcode == Opcode.GEMM:
        last = extent(i.inp_base, (i.v_size, i.v_stride), (i.h_size, i.h_stride), (i.w_size, i.w_stride),
                      (i.i_size, i.i_stride), (i.j_size, i.j_stride))
        return range(i.inp_base, last + 1)
    last = extent(i.src_base, (i.k_size, i.k_src), (i.i_size, i.i_src), (i.j_size, i.j_src))
    return range(i.src_base // hw.blocks, last // hw.blocks + 1)


def _share(one: range, other: range, hw: HwConfig) -> float:
    """Share of the vectors of ``one`` that lie in the bank in which ``other`` is."""
    first, last = other.start // hw.inp_depth, (other.stop - 1) // hw.inp_depth
    common = min(one.stop, (last + 1) * hw.inp_depth) - max(one.start, first * hw.inp_depth)
    return max(0, common) / len(one) / (last - first + 1)
