"""Which maps stay in the input buffer from the layer that makes them to the last that reads them, and where.

The scheduler places maps by it and sizing reckons with it. A map lies as [vector][row][column] with a border of padding
as wide as its readers need, so that a convolution reads it where it is. A sum takes the place of its second operand if
nothing reads that any more. What remains free while a layer runs is the ring its transfers use.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from flow.graph.ir import Padding

#: share of the input buffer that must be free, in one piece, for a layer with transfers
FREE_SHARE = 5
#: largest pad field of LOAD
FILL_LIMIT = (1 << 12) - 1


class Access(Enum):
    """How a kind of layer deals with the input buffer.

    ARRAY: reads and makes maps there (a convolution). POOL, SUM: only read them there. NONE: neither.
    """

    ARRAY = "array"
    POOL = "pool"
    SUM = "sum"
    NONE = "none"


@dataclass(frozen=True)
class Step:
    """One layer. height, width, channels: of the map it makes; output: that must be in device memory.

    sources: layers whose maps it reads, -1 for a network input; the first is the one its window goes over, of an ARRAY
    step the second that of its sum. border: rows and columns outside its first source that it reads as ``pad_value``.
    """

    access: Access
    height: int
    width: int
    channels: int
    output: bool
    sources: tuple[int, ...]
    border: Padding = Padding()
    pad_value: int = 0


@dataclass(frozen=True)
class Place:
    """Input vectors from ``base`` on."""

    base: int
    size: int
    border: Padding
    pad_value: int


@dataclass(frozen=True)
class Placement:
    """Maps that stay, by the layer that makes them; of each layer the largest free piece (first vector, vectors)."""

    places: Mapping[int, Place]
    free: tuple[tuple[int, int], ...]


def readers(steps: Sequence[Step]) -> list[list[int]]:
    """Of each step those that read its map."""
    found: list[list[int]] = [[] for _ in steps]
    for n, step in enumerate(steps):
        for source in {*step.sources} - {-1}:
            found[source].append(n)
    return found


def pairs(steps: Sequence[Step]) -> frozenset[int]:
    """Steps that run together with the next one if their map stays: a convolution whose only reader is the pooling
    after it, which reads its tiles on the chip while the array works on the next."""
    return frozenset(n for n, after in enumerate(readers(steps)) if after == [n + 1]
                     and steps[n].access is Access.ARRAY and steps[n + 1].access is Access.POOL)


@lru_cache(maxsize=1 << 16)
def place(steps: tuple[Step, ...], rows: int, blocks: int, capacity: int) -> Placement:
    """Keep what fits into ``capacity`` input vectors of ``rows`` channels in ``blocks`` blocks, in the order of steps.

    Room for transfers is kept free only while layers run that need it; which ones shows when all maps are placed.
    """
    planner = _Planner(steps, rows, blocks, capacity)
    transferring: frozenset[int] = frozenset()
    while True:
        found = planner.keep(transferring)
        short = {n for n, (_, size) in enumerate(found.free)
                 if size < planner.room and any(source not in found.places for source in steps[n].sources)}
        if short <= transferring:
            return found
        transferring |= short


@dataclass(frozen=True)
class _Candidate:
    """A map that may stay during the layers ``first`` .. ``last``. high: it goes to the top of the buffer, where what
    lives long lies, so that the rest stays in one piece."""

    first: int
    last: int
    size: int
    border: Padding
    pad_value: int
    high: bool


class _Planner:
    def __init__(self, steps: Sequence[Step], rows: int, blocks: int, capacity: int) -> None:
        self.steps, self.capacity, self.room = steps, capacity, capacity // FREE_SHARE
        self.pairs = pairs(steps)
        operands = {step.sources[1] for step in steps if step.access is Access.ARRAY and len(step.sources) > 1}
        self.candidates: list[_Candidate] = []
        for n, after in enumerate(readers(steps)):
            step = steps[n]
            if step.output or not after or step.access is not Access.ARRAY:
                continue
            border = _border(n, steps, after, blocks)
            if border is not None:
                around, value = border
                plane = ((step.height + around.top + around.bottom) * (step.width + around.left + around.right))
                size = -(-step.channels // rows) * plane
                self.candidates.append(_Candidate(n, max(after), size, around, value, n in operands))

    def keep(self, transferring: Collection[int]) -> Placement:
        """Keep what fits if the layers ``transferring`` have their room."""
        found: dict[int, Place] = {}
        lives: dict[int, int] = {}
        for candidate in self.candidates:
            placed = self._in_place(candidate, found, lives) or self._free_place(candidate, found, lives, transferring)
            if placed is not None:
                found[candidate.first] = placed
                lives[candidate.first] = candidate.last
        together = self.pairs & found.keys()
        spans = [(n - (n - 1 in together), n + (n in together)) for n in range(len(self.steps))]
        return Placement(found, tuple(_largest(self._gaps(self._taken(*span, found, lives))) for span in spans))

    def _in_place(self, candidate: _Candidate, found: Mapping[int, Place], lives: Mapping[int, int]) -> Place | None:
        """The sum where its second operand lies, if that may be: each vector is read just before it is written."""
        sources = self.steps[candidate.first].sources
        if len(sources) < 2 or sources[1] == sources[0]:
            return None
        there = found.get(sources[1])
        if there is None or lives[sources[1]] != candidate.first:
            return None
        needed, has = candidate.border, there.border
        wide = (needed.top <= has.top and needed.bottom <= has.bottom and needed.left <= has.left
                and needed.right <= has.right)
        if not wide or (needed != Padding() and candidate.pad_value != there.pad_value):
            return None
        return there

    def _free_place(self, candidate: _Candidate, found: Mapping[int, Place], lives: Mapping[int, int],
                    transferring: Collection[int]) -> Place | None:
        """A place that leaves the layers ``transferring`` their room in one piece during the whole life."""
        size, high = candidate.size, candidate.high
        gaps = self._gaps(self._taken(candidate.first, candidate.last, found, lives))
        narrow = [n for n in transferring if candidate.first <= n <= candidate.last]
        for low, room in reversed(gaps) if high else gaps:
            if room < size:
                continue
            for base in (low + room - size, low) if high else (low, low + room - size):
                if all(_largest(self._gaps(sorted([*self._taken(n, n, found, lives), (base, base + size)])))[1]
                       >= self.room for n in narrow):
                    return Place(base, size, candidate.border, candidate.pad_value)
        return None

    @staticmethod
    def _taken(first: int, last: int, found: Mapping[int, Place], lives: Mapping[int, int]) -> list[tuple[int, int]]:
        """Pieces taken while layers first..last run."""
        return sorted((place.base, place.base + place.size) for n, place in found.items()
                      if n <= last and first <= lives[n])

    def _gaps(self, taken: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Free pieces between the sorted ones taken."""
        gaps, at = [], 0
        for low, high in taken:
            if low > at:
                gaps.append((at, low - at))
            at = max(at, high)
        if at < self.capacity:
            gaps.append((at, self.capacity - at))
        return gaps


def _largest(gaps: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return max(gaps, key=lambda gap: gap[1], default=(0, 0))


def _border(n: int, steps: Sequence[Step], after: Sequence[int], blocks: int) -> tuple[Padding, int] | None:
    """Border that serves all readers and its value; None if one of them cannot read a map that stays."""
    around = Padding()
    values: set[int] = set()
    for step in (steps[reader] for reader in after):
        if step.access is Access.NONE:
            return None
        if step.access is Access.SUM or step.sources[0] != n:
            continue
        if step.border != Padding():
            values.add(step.pad_value)
        around = Padding(max(around.top, step.border.top), max(around.bottom, step.border.bottom),
                         max(around.left, step.border.left), max(around.right, step.border.right))
    widest = (steps[n].width + around.left + around.right) * blocks
    if len(values) > 1 or max(widest, steps[n].height + around.top + around.bottom) > FILL_LIMIT:
        return None
    return around, values.pop() if values else 0
