"""``flow list``: what is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: text and JSON values, one for each row
Listing = tuple[str, list[dict[str, Any]]]


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                     for row in rows)


def fpgas() -> Listing:
    """The device table; source V: read in a public source, M: from memory."""
    from flow.project import has_project
    from flow.size import DEVICES

    rows: list[tuple[str, ...]] = [
        ("name", "part", "DSP usable", "memory", "clock", "source", "project", "also called")]
    for device in DEVICES:
        memory = device.memory
        rows.append((device.name, device.part, str(sum(region.dsp for region in device.usable)),
                     f"{memory.channels} x {memory.kind}, {memory.gigabytes_per_second:.1f} GB/s",
                     f"{device.clock_mhz:g} MHz", device.source, "yes" if has_project(device.name) else "no",
                     ", ".join(device.aliases)))
    value = [{"name": device.name, "part": device.part, "aliases": list(device.aliases),
              "family": device.family.value, "regions": len(device.regions),
              "usable_dsp": sum(region.dsp for region in device.usable), "memory": device.memory.kind,
              "memory_channels": device.memory.channels, "clock_mhz": device.clock_mhz, "source": device.source,
              "project": has_project(device.name), "note": device.note} for device in DEVICES]
    return f"{_table(rows)}\n\nsource: V read in a public source, M from memory; notes: flow list fpgas --json", value


def models() -> Listing:
    """The networks the zoo can make without a download."""
    from models import zoo

    rows = [(entry.name, entry.doc) for entry in zoo.ENTRIES]
    return _table([("name", "what it is"), *rows]), [{"name": name, "doc": doc} for name, doc in rows]


def ops() -> Listing:
    """The operations and where each runs."""
    from flow.frontend import operations

    rows = operations()
    return _table([("operation (TensorFlow Lite)", "runs on", "notes"), *rows]), [
        {"operation": name, "runs_on": place, "notes": notes} for name, place, notes in rows]


LISTINGS: dict[str, Callable[[], Listing]] = {"fpgas": fpgas, "models": models, "ops": ops}
