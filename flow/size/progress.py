"""What is known of one layer on many engines while its steps are reckoned: what they ask, and when what is complete."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from flow.schedule.order import MOST
from flow.size.demands import Demands
from flow.size.engines import Array, Mask
from flow.size.tiling import Residency, Shapes
from flow.size.transfers import Transfer
from flow.size.units import Uses
from flow.size.work import Kind, Work

T = TypeVar("T", bound=np.generic)

#: steps of a layer that are reckoned one by one, at its beginning and at its end
FIRST_STEPS, LAST_STEPS = 5, 3
EXPLICIT = FIRST_STEPS + LAST_STEPS
#: the last of the first ones, whose pace the following ones keep
WINDOW = 4

#: LOADs are reckoned this many steps ahead at most
MOST_EARLY = 4


class Progress:
    """Columns of one layer, [engines], and times so far, in cycles.

    total: steps; early: steps that LOADs are ahead of the array's work, or of ALU's. done: the map is complete; pace:
    from one step's end to the next one's; ended, finished: GEMM and ALU have read what they read; waits: the last layer
    that must have ended before its constants can be loaded. constants: parameters and
    resident weights are there; needs: the inputs, held weights, operand and first piece of each explicit step are.
    taken: whether the constants, and the loads of the first steps, were loaded ahead of their place.
    """

    def __init__(self, n: int, work: Work, shape: Shapes, d: Demands, stays: Residency) -> None:
        self.n, self.work = n, work

        def at(part: npt.NDArray[T]) -> npt.NDArray[T]:
            return np.ascontiguousarray(part[:, n])

        self.d = d = _column(d, n)
        self.out_h, self.in_h, self.stride = at(shape.out_h), at(shape.in_h), at(shape.stride_h)
        self.lead = at(shape.reach_h) - at(shape.top)
        self.source, self.operand, self.after = at(stays.source), at(stays.operand), at(stays.after)
        self.waits = np.maximum(self.after, np.maximum(d.weights_after, d.parameters_after))
        self.total = d.macros * d.groups * d.tiles
        self.array = d.gemm > 0
        self.each = (
            d.streamed.instructions + d.operand.instructions + d.gemm_instructions + d.alu_instructions
            + d.store.instructions
        )  # fmt: skip
        zero = np.zeros(len(self.total))
        self.line = np.arange(len(zero))
        self.done = self.pace = self.ended = self.finished = self.constants = zero
        self.now = [zero] * 4
        self.needs = np.zeros((4, EXPLICIT + 1, len(zero)))
        self.taken = [zero > 0, zero > 0]
        self.macro_ends, self.group_ends = Uses(len(zero)), Uses(len(zero))
        # what any engine has
        parts = (d.inputs, d.held, d.operand, d.streamed)
        self.loads = tuple(bool((part.instructions > 0).any()) for part in parts)
        self.any_array, self.all_array = bool(self.array.any()), bool(self.array.all())
        self.any_store = bool((d.store.instructions > 0).any())
        self.any_source = bool(self.source.any()) and work.sources[0] >= 0
        self.any_operand = work.skip and len(work.sources) > 1 and bool(self.operand.any())
        self.rest_gemm = _more(d.gemm_instructions - 1 + d.streamed.instructions * (1 - d.piece))
        self.rest_alu = _more(d.alu_instructions - 1)
        self.early = self._early()
        self.last_load = self._last_load()

    def _early(self) -> Array:
        """As far as buffers have room."""
        d = self.d
        most = np.full_like(self.total, float(MOST_EARLY))
        for loads, room, steps in (
            (d.inputs, d.macro_room, d.groups * d.tiles),
            (d.held, d.group_room, d.tiles),
            (d.operand, d.operand_room, 1.0),
            (d.streamed, 1.0 + (d.loops < 1), 1.0),
        ):
            most = np.where(loads.instructions > 0, np.minimum(most, (room - 1) * steps + 1), most)
        most = np.minimum(most, np.maximum(np.floor(MOST / np.maximum(self.each, 1.0)), 1.0))
        return np.where(self.array, most, most - 1)

    def _last_load(self) -> Array:
        """The last step with LOADs of its own."""
        d = self.d
        each = (d.streamed.instructions > 0) | (d.operand.instructions > 0)
        macros = np.where(d.inputs.instructions > 0, (d.macros - 1) * d.groups * d.tiles, 0.0)
        groups = np.where(d.held.instructions > 0, (d.macros * d.groups - 1) * d.tiles, 0.0)
        return np.where(each, self.total - 1, np.maximum(macros, groups))

    @property
    def regular(self) -> Mask:
        """Whether the steps of a window stand for all."""
        d = self.d
        macro = np.where(d.inputs.instructions > 0, d.groups * d.tiles, 1.0)
        group = np.where(d.held.instructions > 0, d.tiles, 1.0)
        return np.asarray((macro * np.round(WINDOW / macro) == WINDOW) & (group * np.round(WINDOW / group) == WINDOW))

    def step(self, at: Array) -> Array:
        """The explicit step ``at`` among all."""
        return np.where((self.total > EXPLICIT) & (at >= FIRST_STEPS), self.total - EXPLICIT + at, at)

    def pass_by(self, cycles: Array) -> None:
        """Everything known so far happens ``cycles`` later."""
        self.now = [part + cycles for part in self.now]
        self.done, self.needs = self.done + cycles, self.needs + cycles
        for uses in (self.macro_ends, self.group_ends):
            uses.times = uses.times + cycles

    def source_share(self, step: Array) -> Array:
        """How much of the source a step needs, from the top."""
        d = self.d
        macro = np.floor(step / (d.groups * d.tiles))
        if self.work.kind is Kind.MEAN:
            return np.where(self.source, 1.0, (macro + 1) / d.macros)
        tile = step - np.floor(step / d.tiles) * d.tiles
        rows = np.ceil(np.where(self.source, (tile + 1) / d.tiles, (macro + 1) / d.macros) * self.out_h)
        return np.where(rows >= self.out_h, 1.0, ((rows - 1) * self.stride + self.lead) / self.in_h)

    def output_share(self, step: Array) -> Array:
        """How much of the output is complete after a step; as much of an operand does it need."""
        d = self.d
        tile = step - np.floor(step / d.tiles) * d.tiles
        return (np.floor(step / (d.groups * d.tiles)) + (tile + 1) / d.tiles) / d.macros

    def ready(self, share: Array) -> Array:
        """When the first ``share`` of its map is complete."""
        d = self.d
        place = np.ceil(np.clip(share, 0.0, 1.0) * d.macros * d.tiles - 1e-9) - 1
        macro = np.floor(place / d.tiles)
        behind = (d.macros - 1 - macro) * d.groups * d.tiles + (d.tiles - 1 - (place - macro * d.tiles))
        return self.done - behind * self.pace

    def put(self, kind: int, at: npt.NDArray[np.int64], mask: Mask, found: Array) -> None:
        """The explicit steps ``at`` need what was loaded at ``found``, where ``mask``, or what was loaded last."""
        self.now[kind] = np.where(mask, found, self.now[kind])
        self.needs[kind][at, self.line] = self.now[kind]


def _column(of: Demands, n: int) -> Demands:
    """Layer ``n`` of all engines."""

    def part(value: Any) -> Any:
        if isinstance(value, Transfer):
            return Transfer(*(np.ascontiguousarray(getattr(value, f.name)[:, n]) for f in fields(value)))
        return np.ascontiguousarray(value[:, n])

    return Demands(**{f.name: part(getattr(of, f.name)) for f in fields(of)})


def _more(count: Array) -> Array | None:
    """``count`` where positive; None if it is nowhere."""
    return np.maximum(count, 0.0) if (count > 1e-9).any() else None
