"""Time on the memory bus: what a LOAD or STORE asks of it, and a channel of limited bandwidth that serves it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from flow.hardware.config import HwConfig
from flow.hardware.pipelines import pipeline
from flow.isa.description import Buffer, Opcode
from flow.isa.encoding import Instruction

#: bursts end at multiples of this many bytes, or of LONGEST beats
BOUNDARY = 4096
LONGEST = 64

#: bursts that LOAD may have under way; beats with which it requests no more, which it sees AT_ONCE bursts late; so many
#: beats are under way on average
BURSTS_UNDER_WAY, BEATS_ENOUGH, AT_ONCE = pipeline("READ_BURSTS"), pipeline("READ_BEATS"), 2
BEATS_UNDER_WAY = BEATS_ENOUGH + AT_ONCE * LONGEST // 2

#: cycles a burst takes besides the memory's latency; of them from its request to its first data
ROUND_TRIP = 8
ANSWER = 2


@dataclass(frozen=True)
class MemoryModel:
    """latency: cycles from a request to its first data; bytes_per_cycle: reads and writes together; stall_permille:
    chance of each handshake to be held back for a cycle."""

    latency: int = 100
    bytes_per_cycle: float = 51.2
    stall_permille: int = 10


@dataclass(frozen=True, slots=True)
class Transfer:
    """runs: rows as the address generator makes them; bursts and beats on the bus; groups: positions of activations, or
    words of the linear buffers; joined: rows taken before the first burst is known; requests: cycles from the first
    burst's request to the last one's."""

    runs: int
    bursts: int
    beats: int
    groups: int
    joined: int = 0
    requests: int = 0


def transfer(i: Instruction, hw: HwConfig) -> Transfer:
    """What a LOAD or STORE moves over the bus. Offsets count from bases that are multiples of a burst."""
    width = hw.axi_bytes
    if i.opcode == Opcode.LOAD and i.buffer != Buffer.INPUT:
        if not i.x_size:
            return NOTHING
        bursts = _bursts(i.offset, i.x_size * width, hw)
        return Transfer(1, bursts, i.x_size, i.x_size, 0, bursts - 1)
    runs = i.y_size * i.z_size
    if not runs or not i.x_size:
        return NOTHING
    row = i.x_size * hw.group_bytes
    rows, planes = i.y_size, i.z_size
    if rows == 1 or i.y_pitch == row:  # adjacent rows are joined
        row, rows = row * rows, 1
        if planes == 1 or i.z_pitch == row:
            row, planes = row * planes, 1
    bursts = beats = 0
    for z in range(planes):
        for y in range(rows):
            start = i.offset + z * i.z_pitch + y * i.y_pitch
            count = _bursts(start, row, hw)
            bursts += count
            beats += -(-(start + row) // width) - start // width
    stretches = rows * planes  # of adjacent rows: each row takes a cycle, and handing a stretch on another one
    joined = min(runs // stretches, -(-min(BOUNDARY, LONGEST * width) // (i.x_size * hw.group_bytes))) - 1
    requests = max(bursts - 1, runs + stretches - 2 - joined)
    return Transfer(runs, bursts, beats, i.x_size * i.y_size * i.z_size, joined, requests)


NOTHING = Transfer(0, 0, 0, 0)


def _bursts(start: int, count: int, hw: HwConfig) -> int:
    size = min(BOUNDARY, LONGEST * hw.axi_bytes)
    return (start + count - 1) // size - start // size + 1


@dataclass(slots=True)
class Job:
    """Beats in one direction that pass one after the other.

    ready: cycle from which they may; pace: cycles a beat takes at least; done: called with the cycle of the last beat.
    asked, until: its bursts are requested from one to the other; per_beat: bursts of a beat, of LOAD, which has no
    more than BURSTS_UNDER_WAY; begin: called when the jobs before it are done, gives another cycle from which on beats
    may pass; writes: into the input buffer, of a beat; end: beats of the whole LOAD up to the job's last."""

    ready: float
    beats: float
    pace: float
    done: Callable[[float], None]
    asked: float = 0.0
    until: float = 0.0
    begin: Callable[[], float] | None = None
    per_beat: float = 0.0
    writes: float = 0.0
    end: float = 0.0

    def part(self, beats: float, asked: float) -> Job:
        """Cut off the last ``beats``, which are asked for from ``asked`` on."""
        rest = replace(self, ready=0.0, beats=beats, asked=asked, until=max(asked, self.until), begin=None)
        self.beats, self.until, self.done = self.beats - beats, min(asked, self.until), _nothing
        self.end -= beats
        return rest


class Bus:
    """Reads and writes that share a channel's bandwidth, each in the order of their requests.

    Both directions flow evenly; where the channel cannot serve both, each has half of it at least."""

    def __init__(self, model: MemoryModel, width: int) -> None:
        """width: bytes of a beat."""
        held = 1 + model.stall_permille / 1000
        self.latency = model.latency
        self.rate = min(width / held, model.bytes_per_cycle) / width  # beats per cycle of one direction
        self.room = min(2 * width / held, model.bytes_per_cycle) / width  # and of both
        self.queues: tuple[deque[Job], deque[Job]] = (deque(), deque())
        self.rates = [0.0, 0.0]
        self.written = 0.0  # share of the cycles in which ALU, not LOAD, writes the input buffer
        self.now = 0.0

    def read(self, job: Job) -> None:
        """Add a read behind what was requested before it; of a job whose bursts are still being requested, the rest
        comes behind it."""
        reads = self.queues[0]
        behind: list[Job] = []
        while len(reads) > bool(self.rates[0]) and (reads[-1].asked, reads[-1].until) > (job.asked, job.asked):
            behind.append(reads.pop())
        if reads and reads[-1].until > max(job.asked, reads[-1].asked):
            whole = reads[-1]
            share = (whole.until - job.asked) / (whole.until - whole.asked)
            behind.append(whole.part(min(whole.beats, whole.beats * share), job.asked))
        if not job.per_beat:
            behind += reversed(self._not_yet_asked(job.asked))
        reads.append(job)
        reads.extend(reversed(behind))

    def _not_yet_asked(self, now: float) -> list[Job]:
        """Take what LOAD may not have requested yet from the end of the queue."""
        reads = self.queues[0]
        bursts, beats = float(BURSTS_UNDER_WAY), float(BEATS_ENOUGH)  # that may still be requested
        for n, job in enumerate(reads):
            if not job.per_beat:
                continue
            passed, request = job.end - job.beats, AT_ONCE / job.per_beat
            more = math.ceil((passed + max(beats, 0.0)) / request - 1e-6) * request - passed
            over = job.beats - min(bursts / job.per_beat, more)
            if over > 0:
                rest = [job.part(over, now), *list(reads)[n + 1 :]]
                while len(reads) > n + 1:
                    reads.pop()
                return rest
            bursts -= job.beats * job.per_beat
            beats -= job.beats
        return []

    def write(self, job: Job) -> None:
        """Add a write behind all others."""
        self.queues[1].append(job)

    def next(self) -> float:
        """Cycle of the next begin or end; infinity if there is nothing to do."""
        wants = [0.0, 0.0]
        times = [math.inf, math.inf]
        for way, queue in enumerate(self.queues):
            if not queue:
                continue
            job = queue[0]
            if job.begin is not None:
                job.ready, job.begin = max(job.ready, job.begin()), None
            if job.ready > self.now + 1e-9:
                times[way] = job.ready
            else:
                wants[way] = min(self.rate, 1 / job.pace)
                if job.writes:
                    wants[way] = min(wants[way], (1 - self.written) / job.writes)
        if sum(wants) > self.room:
            half = self.room / 2
            wants = [min(wants[0], max(half, self.room - wants[1])), min(wants[1], max(half, self.room - wants[0]))]
        self.rates = wants
        for way, want in enumerate(wants):
            if want:
                times[way] = self.now + self.queues[way][0].beats / want
        return min(times)

    def advance(self, to: float) -> None:
        """Let time pass, no further than ``next``."""
        passed, self.now = to - self.now, to
        for queue, rate in zip(self.queues, self.rates, strict=True):
            if rate:
                queue[0].beats -= passed * rate
                if queue[0].beats < 1e-6:
                    queue.popleft().done(to - 1)


def _nothing(_: float) -> None:
    """The end of a job's first part."""
