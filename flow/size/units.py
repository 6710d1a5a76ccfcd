"""The units of many engines: when each can begin, and when what it does can be used; all times in cycles, [engines].

Instructions come in bursts, in program order; every unit works on its own in that order.
"""

from __future__ import annotations

from copy import copy
from typing import Self

import numpy as np

from flow.isa import description as isa
from flow.schedule import timing_fetch as fetch
from flow.schedule import timing_units as delays
from flow.schedule.bus import ANSWER, BEATS_UNDER_WAY
from flow.size.engines import Array, Engines, Mask
from flow.size.transfers import STALLED, Transfer

#: uses of a buffer that are remembered
HISTORY = 8

#: from an instruction in its queue, or its last token, to the unit
TAKEN = 2

GEMM_TO_ALU = delays.GEMM_DONE + TAKEN + delays.HAVE_TO_ISSUE
ALU_TO_GEMM = delays.ALU_DONE + TAKEN
HAVE_TO_BEAT = delays.HAVE_TO_ADDRESS + delays.ADDRESS_TO_BEAT
LOAD_TO_UNIT = delays.BEAT_TO_INPUT + delays.LOAD_DONE + TAKEN
EACH = fetch.CHECKED + 1


class Uses:
    """Ends of the last uses of a buffer."""

    def __init__(self, engines: int) -> None:
        self.line = np.arange(engines)
        self.times = np.zeros((HISTORY + 1, engines))
        self.count = np.zeros(engines, dtype=np.int64)

    def add(self, mask: Mask, end: Array) -> None:
        """One more where ``mask``."""
        self.times[self.count % (HISTORY + 1), self.line] = end
        self.count = self.count + mask

    def end(self, before: Array) -> Array:
        """Of the last use but ``before``; 0 if that is too long ago."""
        back = np.clip(before, 0, HISTORY - 1).astype(np.int64)
        return np.where(before < HISTORY, self.times[(self.count - 1 - back) % (HISTORY + 1), self.line], 0.0)


class Units:
    """Clocks of the units. Methods let one step's work happen.

    fetched: first beat of the last burst of instructions; count: instructions since a burst began; request: of the next
    burst; blocked: last data of the LOADs requested before that; dealt: the last instruction can be taken from its
    queue. asked: LOAD's next request; requested, receiving, data: the last LOAD's request, its first and its last data;
    before: last data of those before. stream, held: GEMM's last vector, and when it has the next weights; final: ALU's
    last vector; older, newer: GEMM may use the accumulators of the last step but one, of the last. sending, sent: the
    last STORE's first and last beat. reading, writing: shares of the channel that the last LOAD and STORE take.
    """

    CLOCKS = (
        "fetched", "request", "blocked", "dealt", "asked", "requested", "receiving", "data", "before",
        "stream", "held", "final", "older", "newer", "sending", "sent",
    )  # fmt: skip
    STATE = (*CLOCKS, "count", "reading", "writing")

    def __init__(self, e: Engines, latency: float, image: Array) -> None:
        """latency: of the memory. image: bytes of the constants, behind which the instructions lie."""
        self.zero = zero = np.zeros(len(e.rows))
        width = e.axi_bytes[:, 0]
        rate = np.minimum(width / (1 + STALLED), e.bytes_per_cycle[:, 0]) / width
        beats = np.maximum(1.0, isa.INSTRUCTION_BYTES / width) / rate  # of an instruction
        self.each = np.maximum(beats, float(EACH))
        self.latency, self.answer = latency, latency + ANSWER
        self.burst = fetch.CHUNK * beats
        self.waiting = BEATS_UNDER_WAY / rate
        self.again = fetch.PASSED + fetch.NEXT + self.answer + self.burst
        # from the address of a LOAD that came with a burst to the request of the next one
        self.spare = np.maximum(self.burst + (fetch.NEXT - EACH - TAKEN - delays.HAVE_TO_ADDRESS), 0.0)
        self.words = e.tile_words[:, 0]
        self.fetched = zero + fetch.HEADER + fetch.PASSED + fetch.FIRST + 2 * self.answer + beats
        self.count = (image // isa.INSTRUCTION_BYTES + 1) % fetch.CHUNK
        self.dealt = self.fetched
        self.request = self.fetched + self.burst + fetch.PASSED + fetch.NEXT
        self.blocked = self.asked = self.requested = self.receiving = self.data = self.before = zero
        self.stream = self.held = self.final = self.older = self.newer = zero
        self.sending = self.sent = self.reading = self.writing = zero
        self.reads = Uses(len(zero))  # when STORE had read OUT

    def pass_by(self, cycles: Array) -> None:
        """Everything happens ``cycles`` later."""
        for name in self.CLOCKS:
            setattr(self, name, getattr(self, name) + cycles)
        self.reads.times = self.reads.times + cycles

    def copy(self) -> Self:
        """As it is now."""
        found = copy(self)
        found.reads = copy(self.reads)
        return found

    def undo(self, kept: Self, mask: Mask) -> None:
        """As in ``kept`` where not ``mask``."""
        now, then = (np.stack([getattr(one, name) for name in self.STATE]) for one in (self, kept))
        for name, part in zip(self.STATE, np.where(mask, now, then), strict=True):
            setattr(self, name, part)
        self.reads.count = np.where(mask, self.reads.count, kept.reads.count)

    def arrival(self) -> Array:
        """First beat of the next burst of instructions, behind the beats that LOAD has asked for."""
        asked = np.minimum(self.blocked, self.request + self.waiting)
        return np.maximum(self.request + self.answer, asked)

    def deal(self, count: Array) -> Array:
        """Fetch ``count`` instructions; cycle in which a unit can have the last of them."""
        total = self.count + count
        bursts = np.floor(total / fetch.CHUNK)
        self.count = total - bursts * fetch.CHUNK
        new = bursts > 0
        if new.any():
            first = self.arrival() + (bursts - 1) * self.again
            self.fetched = np.where(new, first, self.fetched)
            request = np.maximum(self.fetched + (self.burst + fetch.PASSED), self.dealt) + fetch.NEXT
            self.request = np.where(new, request, self.request)
            self.blocked = np.where(new, np.where(self.requested <= request, self.data, self.before), self.blocked)
        arrived = self.fetched + self.count * self.each + (fetch.PASSED + EACH)
        self.dealt = np.maximum(self.dealt + count * EACH, arrived)
        return self.dealt + TAKEN

    def load(self, t: Transfer, ready: Array) -> Array:
        """LOADs that can be taken at ``ready``; cycle in which a unit has what they bring."""
        some = t.instructions > 0
        have = np.maximum(ready, self.asked)
        first = have + delays.HAVE_TO_ADDRESS + t.joined
        instructions = self.arrival() + self.burst
        begin = np.maximum(first + self.answer, self.data + 1)
        begin = np.maximum(begin, np.where(first > self.request, instructions, 0.0))
        busy = t.bus / np.maximum(t.cycles, 1.0)
        both = np.minimum(begin + t.cycles, self.sent) - np.maximum(begin, self.sending)
        data = begin + t.cycles + np.maximum(both, 0.0) * np.maximum(busy + self.writing - 1, 0.0)
        self.blocked = np.where(some & (first <= self.request), data, self.blocked)
        self.before, self.requested = np.where(some, self.data, self.before), np.where(some, first, self.requested)
        self.asked, self.data = np.where(some, have + t.runs, self.asked), np.where(some, data, self.data)
        self.reading = np.where(some, busy * t.cycles / np.maximum(data - begin, 1.0), self.reading)
        self.receiving = np.where(some, begin, self.receiving)
        return np.where(some, data + LOAD_TO_UNIT, 0.0)

    def fill(self, cycles: Array, ready: Array) -> None:
        """LOADs that write a border for ``cycles``, from ``ready`` on."""
        some = cycles > 0
        begin = np.maximum(ready, self.data + 1)
        self.data = np.where(some, begin + cycles, self.data)
        self.asked = np.where(some, np.maximum(self.asked, ready), self.asked)

    def gemm(self, some: Mask, cycles: Array, slack: Array, ready: Array, last: Array) -> None:
        """GEMM of a step whose operands are there at ``ready``, and that cannot end before ``last``. slack: cycles by
        which the loading of a weight tile takes longer than its stream."""
        have = np.maximum(ready, self.older)
        start = np.maximum(
            have + np.maximum(self.words + 1, float(delays.HAVE_TO_ISSUE)), self.held + delays.ISSUE_TO_ISSUE
        )
        self.stream = np.where(some, np.maximum(start + cycles - slack - 1, last), self.stream)
        self.held = np.where(some, self.stream + slack, self.held)

    def alu(self, cycles: Array, ready: Array, last: Array) -> None:
        """ALU passes of a step, of which the unit can have the first at ``ready`` and the last at ``last``."""
        start = np.maximum(ready + delays.HAVE_TO_ISSUE, self.final + delays.ISSUE_TO_ISSUE)
        self.final = np.maximum(start + cycles - 1, last)
        self.older, self.newer = self.newer, self.final + ALU_TO_GEMM

    def store(self, t: Transfer, ready: Array) -> Array:
        """STORE of a step that the unit can have at ``ready``; cycle of the last response."""
        some = t.instructions > 0
        first = np.maximum(ready, self.final + delays.ALU_DONE + TAKEN) + HAVE_TO_BEAT + t.joined
        begin = np.maximum(first, self.sent)
        busy = t.bus / np.maximum(t.cycles, 1.0)
        both = np.minimum(begin + t.cycles, self.data) - np.maximum(begin, self.receiving)
        sent = begin + t.cycles + np.maximum(both, 0.0) * np.maximum(busy + self.reading - 1, 0.0)
        self.sent, self.sending = np.where(some, sent, self.sent), np.where(some, begin, self.sending)
        self.writing = np.where(some, busy * t.cycles / np.maximum(sent - begin, 1.0), self.writing)
        self.reads.add(some, sent - 1)
        return sent + self.latency + delays.STORE_DONE
