"""Where tensors lie in device memory: lifetimes, first fit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flow.graph.ir import Tensor
from flow.hardware.config import HwConfig
from flow.isa.description import Region
from flow.schedule.lower import Lowered
from flow.schedule.program import Layout
from flow.schedule.residency import interleaved

ALIGNMENT = 128


def layout_of(tensor: Tensor, hw: HwConfig, region: Region, offset: int) -> Layout:
    """The tensor's layout at an offset."""
    return Layout(region, offset, tensor.height, tensor.width, tensor.channels, -(-tensor.channels // hw.cols), hw.pix,
                  hw.cols)


@dataclass(frozen=True)
class MemoryPlan:
    """Layouts by tensor name and the regions' sizes in bytes."""

    layouts: dict[str, Layout]
    scratch_bytes: int
    input_bytes: int
    output_bytes: int


def _align(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def plan_memory(lowered: Lowered, outputs: tuple[str, ...], resident: Collection[str], hw: HwConfig,
                reuse: bool) -> MemoryPlan:
    """Place every tensor but the ``resident`` ones. outputs: names of tensors that must lie in OUTPUT.
    reuse: memory of dead tensors may be taken again."""
    layouts: dict[str, Layout] = {}
    input_bytes = 0
    together = interleaved(lowered.layers, resident)
    for folded in lowered.inputs:
        layouts[folded.tensor.name] = layout_of(folded.tensor, hw, Region.INPUT, input_bytes)
        input_bytes += _align(layouts[folded.tensor.name].size)
    last_use: dict[str, int] = {}
    for index, layer in enumerate(lowered.layers):
        for source in layer.sources:
            last_use[source.name] = index
    output_bytes = scratch = 0
    living: list[tuple[int, int, int]] = []  # (offset, end, last layer that reads it)
    for index, layer in enumerate(lowered.layers):
        name = layer.output.name
        if name in resident:
            continue
        if name in outputs:
            layouts[name] = layout_of(layer.output, hw, Region.OUTPUT, output_bytes)
            output_bytes += _align(layouts[name].size)
            continue
        if reuse:
            first = index - (index - 1 in together)  # what the layer beside this one reads is still needed
            living = [entry for entry in living if entry[2] >= first]
        size = _align(layout_of(layer.output, hw, Region.SCRATCH, 0).size)
        offset = 0
        for low, high, _ in sorted(living):
            if offset + size <= low:
                break
            offset = max(offset, high)
        layouts[name] = layout_of(layer.output, hw, Region.SCRATCH, offset)
        living.append((offset, offset + size, last_use.get(name, index)))
        scratch = max(scratch, offset + size)
    return MemoryPlan(layouts, scratch, input_bytes, output_bytes)
