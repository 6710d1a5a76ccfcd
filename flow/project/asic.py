"""An engine for an ASIC: memories as macros, the cells assumed, scripts for Yosys, Genus and Innovus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flow.emit.templates import render
from flow.hardware.config import HwConfig
from flow.hardware.filelist import rtl_files
from flow.isa import description as isa
from flow.size import resources, silicon
from flow.size.devices import FILL_LIMITS, Device, Family
from flow.tree import ROOT

#: RTL whose memories become macros.
REPLACED = ("ram_1r1w.sv", "table_ram.sv")


@dataclass(frozen=True)
class Macro:
    """A compiled memory, one read and one write port; ``count`` of them in the engine."""

    width: int
    depth: int
    count: int

    @property
    def name(self) -> str:
        return f"flow_sram_{self.width}x{self.depth}"

    @property
    def um2(self) -> int:
        return silicon.macro_um2(self.width, self.depth)


def macros(hw: HwConfig) -> tuple[Macro, ...]:
    """Every shape of memory that is too large for registers, and how many there are in all cores."""
    counts: dict[tuple[int, int], int] = {}
    for buffer in resources.buffers(hw, Family.ASIC, False):
        if buffer.primitive != "LUTRAM":
            shape = buffer.width, buffer.depth
            counts[shape] = counts.get(shape, 0) + buffer.memories * hw.cores
    return tuple(Macro(width, depth, count) for (width, depth), count in sorted(counts.items()))


def asic_files(hw: HwConfig, device: Device) -> Iterator[tuple[str, str | bytes]]:
    """Names below ``fpga`` and their content."""
    names = [path.name for path in rtl_files(ROOT)]
    rtl = ["rtl/engine_pkg.sv", *(f"rtl/{name}" for name in names if name not in REPLACED)]
    values = {"hw": hw, "device": device, "macros": macros(hw), "rtl": rtl, "cells": silicon.CELLS,
              "table": silicon.table(), "table_depth": isa.TABLE_SLOTS * isa.TABLE_ENTRIES,
              "period_ns": 1000 / hw.clock_mhz, "fill": FILL_LIMITS}
    for name in ("cells.lib", "facts.tcl", "flow.sdc", "memories.sv", "memory_models.sv", "yosys.ys"):
        yield f"asic/{name}", render(f"fpga/asic/{name}.j2", **values)
    for path in sorted((ROOT / "fpga" / "asic").iterdir()):
        yield f"asic/{path.name}", path.read_bytes()
