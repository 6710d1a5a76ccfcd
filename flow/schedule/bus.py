"""Time on the memory bus: what a LOAD or STORE asks of it, and a channel of limited bandwidth that serves it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from flow.hardware.config import HwConfig
from flow.isa.description import Buffer, Opcode
from flow.isa.encoding import Instruction

#: bursts end at multiples of this many bytes, or of LONGEST beats
BOUNDARY = 4096
LONGEST = 64

#: bursts a master may have under way
OUTSTANDING = 64

#: cycles a burst takes besides the memory's latency
ROUND_TRIP = 8


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
    words of the linear buffers."""

    runs: int
    bursts: int
    beats: int
    groups: int


def transfer(i: Instruction, hw: HwConfig) -> Transfer:
    """What a LOAD or STORE moves over the bus. Offsets count from bases that are multiples of a burst."""
    width = hw.axi_bytes
    if i.opcode == Opcode.LOAD and i.buffer != Buffer.INPUT:
        return Transfer(1, _bursts(i.offset, i.x_size * width, hw), i.x_size, i.x_size) if i.x_size else NOTHING
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
    return Transfer(runs, bursts, beats, i.x_size * i.y_size * i.z_size)


NOTHING = Transfer(0, 0, 0, 0)


def _bursts(start: int, count: int, hw: HwConfig) -> int:
    size = min(BOUNDARY, LONGEST * hw.axi_bytes)
    return (start + count - 1) // size - start // size + 1


class Channel:
    """Bandwidth in buckets of time, one list for reads and one for writes.

    A transfer takes what is left, or a fair share of what was given to one reckoned before; that one's direction then
    makes up for it in its next transfer."""

    BUCKET = 32

    def __init__(self, model: MemoryModel, width: int) -> None:
        """width: bytes of a beat."""
        held = 1 + model.stall_permille / 1000
        self.latency = model.latency
        self.rate = min(width / held, model.bytes_per_cycle) / width  # beats per cycle of one direction
        self.room = self.BUCKET * min(2 * width / held, model.bytes_per_cycle) / width
        self.used: tuple[list[float], list[float]] = ([], [])
        self.debt = [0.0, 0.0]
        self.loads: deque[tuple[float, int, float, float]] = deque(maxlen=16)  # request, bursts, begin, end
        self.fetched = (0.0, 0.0)  # request and end
        self.announced: tuple[float, float] | None = None  # request and beats of the next fetch, if that is known

    def load(self, requested: float, after: float, moved: Transfer, written: float) -> float:
        """End of a LOAD's beats: requested from ``requested`` on, one burst a cycle, not served before ``after``.

        written: cycles in which the buffer takes them, the least this lasts."""
        first = max(requested + self.latency, after)
        if self.fetched[0] < requested:
            first = max(first, self.fetched[1])
        if self.announced and self.announced[0] < requested:
            first = max(first, self._turn(self.announced[0]) + self.announced[1] / self.rate)
        beats = moved.beats + self.debt[0]
        self.debt[0] = 0.0
        end = max(self._serve(False, first, beats), first + written,
                  requested + moved.bursts * (self.latency + ROUND_TRIP) / OUTSTANDING)
        self.loads.append((requested, moved.bursts, first, end))
        return end

    def store(self, first: float, moved: Transfer) -> float:
        """End of a STORE's beats, the first of which is there at ``first``."""
        beats = moved.beats + self.debt[1]
        self.debt[1] = 0.0
        return self._serve(True, first, beats)

    def fetch(self, requested: float, beats: float) -> tuple[float, float]:
        """Begin and end of a read beside the LOADs."""
        begin = self._turn(requested)
        end = self._serve(False, begin, beats, True)
        self.fetched, self.announced = (requested, end), None
        return begin, end

    def _turn(self, requested: float) -> float:
        """When a fetch is answered: answers come in the order of the requests."""
        begin = requested + self.latency
        for asked, bursts, first, end in self.loads:
            if asked < requested and end > begin:
                served = max(0.0, min(1.0, (requested - first) / max(end - first, 1.0))) * bursts
                before = min(bursts, requested - asked, served + OUTSTANDING)
                begin = max(begin, first + (end - first) * before / bursts)
        return begin

    def _serve(self, write: bool, start: float, beats: float, first: bool = False) -> float:
        """End of ``beats`` that may start at ``start``. first: they come before what was given in their direction."""
        own, other = self.used[write], self.used[not write]
        bucket = int(start) // self.BUCKET
        span = (bucket + 1) * self.BUCKET - start  # cycles of this bucket
        while True:
            while bucket >= len(own):
                own.append(0.0)
                other.append(0.0)
            given = 0.0 if first else own[bucket]
            taken = max(0.0, min(beats, span * self.rate, self.room - given - min(other[bucket], self.room / 2)))
            excess = own[bucket] + other[bucket] + taken - self.room
            if excess > 0:
                loser = write if first else not write
                lost = min(excess, self.used[loser][bucket])
                self.used[loser][bucket] -= lost
                self.debt[loser] += lost
            own[bucket] += taken
            beats -= taken
            if beats <= 1e-9:
                crowd = 0.0 if first else min(1.0, (own[bucket] + other[bucket]) / self.room) * self.BUCKET
                return bucket * self.BUCKET + max(self.BUCKET - span + taken / self.rate, crowd)
            bucket += 1
            span = float(self.BUCKET)
