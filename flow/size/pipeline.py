"""The units of many engines at work on a network, step by step: when each layer is complete, in cycles.

For each step the times at which LOAD, GEMM, ALU and STORE begin and end follow from those of the steps before: a unit
is free, its operands are there, the buffer has room. Of a layer with many steps the first and the last ones are
reckoned one by one; those between repeat at the pace of what limits them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flow.schedule import timing_units as delays
from flow.schedule.order import MOST
from flow.schedule.timing_fetch import CHUNK
from flow.size.demands import Demands
from flow.size.engines import Array, Engines, Indices, Mask
from flow.size.progress import EXPLICIT, FIRST_STEPS, WINDOW, Progress
from flow.size.tiling import Residency, Shapes
from flow.size.units import ALU_TO_GEMM, EACH, GEMM_TO_ALU, HISTORY, LOAD_TO_UNIT, TAKEN, Units
from flow.size.work import Kind, Work

#: layers whose LOADs may be moved ahead of one's work
LAYERS_AHEAD = 3

INPUTS, HELD, OPERAND, PIECE = range(4)


def ends(e: Engines, layers: Sequence[Work], shape: Shapes, d: Demands, stays: Residency, latency: float) -> Array:
    """Cycle of each layer's last write, [engines, layers]. latency: of the memory, in cycles."""
    parts = [Progress(n, work, shape, d, stays) for n, work in enumerate(layers)]
    walk = _Walk(Units(e, latency, d.image.sum(axis=1)), parts)
    for part in parts:
        walk.layer(part)
    return np.stack([part.done for part in parts], axis=1)


class _Walk:
    def __init__(self, units: Units, layers: Sequence[Progress]) -> None:
        self.u, self.layers = units, layers

    # loads ------------------------------------------------------------------------------------------------------

    def made(self, source: int, share: Array) -> Array:
        """When the first ``share`` of a layer's map is complete; a network's input is."""
        return self.u.zero if source < 0 else self.layers[source].ready(share)

    def ended(self, after: Indices, alu: bool) -> Array:
        """When GEMM, or ALU, has read what it reads in the layers ``after``; -1: none."""
        found = self.u.zero
        for n in np.unique(after).tolist():
            if n >= 0:
                found = np.where(after == n, self.layers[n].finished if alu else self.layers[n].ended, found)
        return found

    def constants(self, layer: Progress, mask: Mask) -> None:
        """LOADs at the beginning of a layer, for the engines of ``mask``."""
        u, d = self.u, layer.d
        tables, constants = d.tables.where(mask), d.constants.where(mask)
        u.load(tables, u.deal(tables.instructions))
        fills = np.where(mask, d.border, 0.0)
        if fills.any():
            dealt = u.deal(np.where(mask, d.fills, 0.0))
            u.fill(fills, np.maximum(dealt, self.ended(np.where(mask, layer.after, -1), False) + TAKEN))
        dealt = u.deal(constants.instructions)
        if (mask & (layer.waits >= 0)).any():
            free = np.maximum(self.ended(d.weights_after, False), self.ended(d.parameters_after, True))
            u.asked = np.where(mask, np.maximum(u.asked, free + TAKEN), u.asked)
        found = u.load(constants, dealt)
        layer.constants = np.where(mask, found, layer.constants)

    def loads(self, layer: Progress, explicit: Array, mask: Mask) -> None:
        """LOADs of the ``explicit`` steps of the engines in ``mask``."""
        if not any(layer.loads):
            return
        u, d, work = self.u, layer.d, layer.work
        at = np.where(mask, explicit, EXPLICIT).astype(np.int64)
        step = layer.step(explicit)
        group = np.floor(step / d.tiles)
        macro = np.floor(group / d.groups)
        new_group = mask & (step == group * d.tiles)
        worked = step - layer.early + layer.array  # steps whose work, of array or ALU, is over
        if layer.loads[INPUTS]:
            new = new_group & (group == macro * d.groups)
            found = u.zero
            if new.any():
                t = d.inputs.where(new)
                free = layer.macro_ends.end(np.floor(worked / (d.tiles * d.groups)) - 1 - macro + d.macro_room)
                ready = np.maximum(self.moved(layer, step) - self.by_blocks(layer), free) + TAKEN
                found = u.load(t, np.maximum(u.deal(t.instructions), ready))
            layer.put(INPUTS, at, new & (d.inputs.instructions > 0), found)
        if layer.loads[HELD]:
            found = u.zero
            if new_group.any():
                t = d.held.where(new_group)
                free = layer.group_ends.end(np.floor(worked / d.tiles) - 1 - group + d.group_room)
                found = u.load(t, np.maximum(u.deal(t.instructions), free + TAKEN))
            layer.put(HELD, at, new_group & (d.held.instructions > 0), found)
        if layer.loads[OPERAND]:
            t = d.operand.where(mask)
            there = self.made(work.sources[1], layer.output_share(step))
            found = u.load(t, np.maximum(u.deal(t.instructions), there + TAKEN))
            layer.put(OPERAND, at, t.instructions > 0, found)
        if layer.loads[PIECE]:
            t = d.streamed.times(d.piece).where(mask)
            found = u.load(t, np.maximum(u.deal(t.instructions), self.moved(layer, step) + TAKEN))
            layer.put(PIECE, at, t.instructions > 0, found)

    def moved(self, layer: Progress, step: Array) -> Array:
        """When what a step loads from the maps of other layers is there."""
        share = layer.source_share(step)
        several = layer.work.kind in (Kind.BINARY, Kind.JOIN)
        found = self.u.zero
        for source in layer.work.sources if several else layer.work.sources[:1]:
            found = np.maximum(found, self.made(source, share))
        return np.where(layer.source, 0.0, found)

    def by_blocks(self, layer: Progress) -> Array:
        """Cycles by which LOADs begin before the whole source is there: those of its first channel blocks, which other
        steps have made than the last one."""
        source, t = layer.work.sources[0], layer.d.inputs
        if source < 0 or not layer.all_array:
            return self.u.zero
        maker = self.layers[source]
        group = np.where(maker.d.groups > 1, maker.pace * maker.d.tiles, 0.0)
        return np.minimum(t.cycles * (1 - 1 / np.maximum(t.instructions, 1.0)), group)

    def first_loads(self, layer: Progress, mask: Mask) -> None:
        """LOADs of the steps before any work of the layer is done."""
        if any(layer.loads):
            for k in range(int(np.maximum(layer.early, 1.0)[mask].max())):
                self.loads(layer, self.u.zero + k, mask & ((k == 0) | (k < layer.early) & (k < layer.total)))

    def ahead(self, current: int, mask: Mask, room: Array) -> None:
        """LOADs of the layers behind ``current``, moved ahead of its work: those that wait for none of it. room: so
        many instructions ahead."""
        for layer in self.layers[current + 1 : current + 1 + LAYERS_AHEAD]:
            sources = layer.work.sources
            mask = mask & (layer.waits < current)
            now = mask & ~layer.taken[0]
            if now.any():
                self.constants(layer, now)
            layer.taken[0] = layer.taken[0] | now
            own = sources if layer.work.kind in (Kind.BINARY, Kind.JOIN) else sources[:1]
            if max(own) >= current:
                mask = mask & layer.source
            if len(sources) > 1 and sources[1] >= current:
                mask = mask & (layer.d.operand.instructions == 0)
            now = mask & ~layer.taken[1]
            if now.any():
                self.first_loads(layer, now)
            layer.taken[1] = layer.taken[1] | now
            room = room - layer.each * layer.total
            mask = mask & (room > 0) & (layer.last_load < np.maximum(layer.early, 1.0))
            if not mask.any():
                return

    def all_loaded(self, layer: Progress, step: Array, following: Array) -> Mask:
        """Whether the LOADs of ``following`` are a layer's last ones, and WEIGHT has room for those of the next layer's
        first step beside those of its own steps behind ``step``."""
        loaded = layer.step(np.minimum(following, EXPLICIT - 1))
        found: Mask = loaded >= layer.last_load
        if layer.n + 1 < len(self.layers):
            d = layer.d
            behind = layer.total - 1 - np.maximum(step, loaded - layer.early)
            used = np.floor(behind / d.tiles) * d.held_share + self.layers[layer.n + 1].d.held_share
            found = found & ((used <= 1) | (d.held_share == 0))
        return found

    # steps ------------------------------------------------------------------------------------------------------

    def layer(self, layer: Progress) -> None:
        """All steps of a layer."""
        u, d, total = self.u, layer.d, layer.total
        if not layer.taken[0].all():
            self.constants(layer, ~layer.taken[0])
        if not layer.taken[1].all():
            self.first_loads(layer, ~layer.taken[1])
        steps = np.minimum(total, EXPLICIT)
        hoisted = u.zero > 0
        previous = marked = u.zero
        for k in range(int(steps.max())):
            if k == FIRST_STEPS - WINDOW:
                marked = layer.done
            if k == FIRST_STEPS:
                seen = np.where(layer.regular, (layer.done - marked) / WINDOW, 0.0)
                passed = np.maximum(self.pace(d), seen) * np.maximum(total - EXPLICIT, 0.0)
                u.pass_by(passed)
                layer.pass_by(passed)
                previous = previous + passed
            step = layer.step(u.zero + k)
            active = k < steps
            kept = None if active.all() else u.copy()
            there = u.zero
            if layer.any_source:
                made = self.made(layer.work.sources[0], layer.source_share(step)) + TAKEN
                there = np.where(layer.source, made, 0.0)
            if layer.any_array:
                self.gemm(layer, k, there)
                self.over(layer, step, active & layer.array, u.stream + delays.GEMM_DONE)
            following = k + layer.early
            more = (following < steps) & (following > 0)
            if any(layer.loads) and more.any():
                self.loads(layer, following, more)
            left = (total - step) * layer.each
            hoist = active & ~hoisted & (left <= MOST) & self.all_loaded(layer, step, following)
            if hoist.any():
                self.ahead(layer.n, hoist, MOST - left)
                hoisted = hoisted | hoist
            end = self.results(layer, k, step, there)
            if not layer.all_array:
                self.over(layer, step, active & ~layer.array, u.final + delays.ALU_DONE)
            previous, layer.done = np.where(active, layer.done, previous), np.where(active, end, layer.done)
            if kept is not None:
                u.undo(kept, active)
        layer.pace = np.where(total > 1, layer.done - previous, 0.0)
        layer.finished = u.final + delays.ALU_DONE
        alu = ~layer.array | layer.operand if layer.any_operand else ~layer.array
        layer.ended = np.where(alu, layer.finished, u.stream + delays.GEMM_DONE)

    def over(self, layer: Progress, step: Array, mask: Mask, end: Array) -> None:
        """A step's work on inputs and weights has ended."""
        d = layer.d
        if layer.loads[INPUTS] or layer.loads[HELD]:
            group = np.floor(step / d.tiles)
            last = mask & (step == group * d.tiles + d.tiles - 1)
            layer.group_ends.add(last, end)
            layer.macro_ends.add(last & (group - np.floor(group / d.groups) * d.groups == d.groups - 1), end)

    def gemm(self, layer: Progress, k: int, there: Array) -> None:
        """The array's part of a step. there: the source on the chip is."""
        u, d, needs = self.u, layer.d, layer.needs
        ready = np.maximum(there, layer.constants)
        last = following = until = None
        if layer.loads[INPUTS]:
            ready = np.maximum(ready, needs[INPUTS][k])
        if layer.loads[HELD]:
            ready = np.maximum(ready, needs[HELD][k] - d.held.cycles * (1 - 1 / d.held_pieces))
            one = u.words + d.gemm / np.maximum(d.gemm_instructions, 1.0)
            last = needs[HELD][k] + np.where(d.held_pieces > 1, one, 0.0)
        if layer.loads[PIECE]:
            ready = np.maximum(ready, needs[PIECE][k])
            streaming = d.streamed.cycles > 0
            rest = 1 - d.piece
            trip = u.answer + (delays.HAVE_TO_ADDRESS + LOAD_TO_UNIT + delays.GEMM_DONE + TAKEN) + u.words
            turn = trip + (d.streamed.cycles + d.gemm) * d.piece
            following = np.maximum(d.streamed.cycles * rest, (d.loops - 1) * turn)
            until = np.maximum(d.streamed.cycles * rest, d.loops * turn - d.streamed.cycles * d.piece)
            end = needs[PIECE][k] + following + u.words + d.gemm * np.minimum(d.piece, rest)
            last = np.where(streaming, end, u.zero if last is None else last)
            until = np.where(streaming, until, 0.0)
        ready = np.maximum(ready, u.deal(np.minimum(d.gemm_instructions, 1.0)))
        last = u.zero if last is None else last
        if layer.rest_gemm is not None:
            last = np.maximum(last, u.deal(layer.rest_gemm))
        if until is not None:
            u.data = u.data + until
        u.gemm(layer.array, d.gemm, d.slack, ready, last)

    def results(self, layer: Progress, k: int, step: Array, there: Array) -> Array:
        """ALU's and STORE's part of a step: cycle of its end. there: the source on the chip is."""
        u, d, needs = self.u, layer.d, layer.needs
        ready = u.stream + (delays.GEMM_DONE + TAKEN)
        if not layer.all_array:
            alone = np.maximum(np.maximum(there, layer.constants), np.maximum(needs[INPUTS][k], needs[HELD][k]))
            ready = np.where(layer.array, ready, alone)
        if layer.loads[OPERAND]:
            ready = np.maximum(ready, needs[OPERAND][k])
        if layer.any_operand:
            operand = self.made(layer.work.sources[1], layer.output_share(step)) + TAKEN
            ready = np.maximum(ready, np.where(layer.operand, operand, 0.0))
        storing = d.store.instructions > 0
        if layer.any_store:
            ready = np.maximum(ready, np.where(storing, u.reads.end(d.out_room - 1) + TAKEN, 0.0))
        ready = np.maximum(ready, u.deal(np.minimum(d.alu_instructions, 1.0)))
        u.alu(d.alu, ready, u.zero if layer.rest_alu is None else u.deal(layer.rest_alu))
        end = u.final + delays.ALU_DONE
        if layer.any_store:
            end = np.where(storing, u.store(d.store, u.deal(d.store.instructions)), end)
        return end

    def pace(self, d: Demands) -> Array:
        """Cycles of a step among many: those of the unit, or of the way round, that takes longest."""
        u = self.u
        group = 1 / d.tiles
        macro = group / d.groups
        loads = d.inputs.cycles * macro + d.held.cycles * group + d.streamed.cycles + d.operand.cycles
        bus = d.inputs.bus * macro + d.held.bus * group + d.streamed.bus + d.operand.bus + d.store.bus
        instructions = (
            d.inputs.instructions * macro + d.held.instructions * group + d.streamed.instructions
            + d.operand.instructions + d.gemm_instructions + d.alu_instructions + d.store.instructions
        )  # fmt: skip
        bursts = instructions / CHUNK
        # LOAD's beats that instructions wait behind: those asked for before the next burst is
        behind = np.clip(loads - bursts * u.spare, 0.0, bursts * u.waiting)
        fetched = np.maximum(bursts * u.again + behind, instructions * EACH)
        bus = bus + instructions * u.burst / CHUNK
        bank = np.where(d.gemm > 0, (d.gemm + GEMM_TO_ALU + d.alu + ALU_TO_GEMM + u.words + 1) / 2, 0.0)
        trip = u.answer + delays.HAVE_TO_ADDRESS + LOAD_TO_UNIT + GEMM_TO_ALU + u.words
        turn = np.where(d.inputs.cycles > 0, (trip + d.inputs.cycles) * macro + np.maximum(d.gemm, d.alu), 0.0)
        loop = turn / np.minimum(d.macro_room, float(HISTORY))
        return np.maximum.reduce([loads, bus, fetched, bank, d.gemm, d.alu, d.store.cycles, loop])
