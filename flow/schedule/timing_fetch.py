"""When instructions reach their units' queues."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from flow.isa import description as isa
from flow.isa.description import Opcode
from flow.schedule.bus import ANSWER, Job
from flow.schedule.program import Program

if TYPE_CHECKING:
    from flow.schedule.timing_units import Simulation

#: fetch reads bursts of CHUNK instructions, AHEAD of them before the queues
CHUNK = 8
AHEAD = 16

HEADER = 3  # doorbell to the request of the stream's header
PASSED = 1  # beats pass a register before fetch looks at them
FIRST = 4  # the header's last beat to the request of the first instructions
NEXT = 2  # last beat of a burst, or a place free for the next one, to that one's request
CHECKED = 4  # an instruction is looked at for this long, one at a time, before its queue gets it


class Fetch:
    """Instructions read in bursts, one under way, and dealt out in order to queues that may be full."""

    def __init__(self, program: Program, engine: Simulation) -> None:
        self.engine, self.program = engine, program.instructions
        self.beats = max(1.0, isa.INSTRUCTION_BYTES / program.hw.axi_bytes)
        self.slot = (program.stream_offset // isa.INSTRUCTION_BYTES + 1) % CHUNK
        self.arrived: deque[float] = deque()  # last beats of instructions not yet looked at
        self.requested = self.coming = self.next = 0  # instructions
        self.heads = deque([0.0] * AHEAD, AHEAD)
        self.looked_at = False  # the next one has left its place
        self.idle = math.inf  # when the next burst may be asked for
        self.dealt = 0.0
        self._read(HEADER, 1, self._header)

    def _read(self, request: float, count: int, done: Callable[[float], None]) -> None:
        for _ in range(count):
            self.engine.bus.read(Job(request + self.engine.latency + ANSWER, self.beats, 1.0, done, request, request))

    def _header(self, last: float) -> None:
        self.idle = last + PASSED + FIRST

    def _arrive(self, last: float) -> None:
        self.arrived.append(last + PASSED)
        self.coming -= 1
        if not self.coming:
            self.idle = last + PASSED + NEXT

    def step(self) -> bool:
        """Deal the next instruction, ask for the next burst, as far as it is known when; whether something was."""
        return self._ask() | self._look() | self._deal()

    def _ask(self) -> bool:
        """Ask for the next burst if there are places for it."""
        wanted = CHUNK - self.slot
        left = self.next + self.looked_at  # instructions that left their places
        if self.idle == math.inf or self.requested == len(self.program) or self.requested + wanted - left > AHEAD:
            return False
        freed = self.heads[self.requested + wanted - AHEAD - left - 1] if self.requested + wanted > AHEAD else 0.0
        request = max(self.idle, freed + NEXT)
        count = min(wanted, len(self.program) - self.requested)
        self.idle, self.slot = math.inf, 0
        self.requested += count
        self.coming = count
        self.engine.at(request, partial(self._read, request, count, self._arrive))
        return True

    def _look(self) -> bool:
        """Begin to look at the next instruction if it is there."""
        if self.looked_at or not self.arrived:
            return False
        self.heads.append(max(self.arrived.popleft(), self.dealt) + 1)
        self.looked_at = True
        return True

    def _deal(self) -> bool:
        """Give the instruction to its queue if that is known to have room."""
        if not self.looked_at or self.program[self.next].opcode == Opcode.FINISH:
            return False
        unit = int(isa.UNIT_OF[self.program[self.next].opcode])
        room = self.engine.room(unit)
        if room == math.inf:
            return False
        self.dealt = max(self.heads[-1] + CHECKED, room)
        self.engine.queues[unit].append((self.next, self.dealt))
        self.next += 1
        self.looked_at = False
        return True
