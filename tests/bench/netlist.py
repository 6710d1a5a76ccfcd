"""Logic levels between registers in a netlist that Yosys wrote as JSON (UltraScale+ cells).

A level is a LUT, a multiplexer behind LUTs, a read of distributed memory, or a carry chain as a whole. Pins of
flip-flops, shift registers, block memories and DSPs are ends. Cells of modules that were synthesised on their own count
with their summaries, port by port.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_ENDS = ("FD", "LD", "RAMB", "URAM", "DSP48", "SRL")
_LUTRAM = ("RAM32", "RAM64", "RAM128", "RAM256", "RAM512")
_LEVEL = ("LUT", "MUXF", "INV", "CARRY", *_LUTRAM)
_CARRY = "CARRY"
_CLOCKS = ("C", "CLK", "WCLK", "CLKARDCLK", "CLKBWRCLK", "clk_i")
_ADDRESS = re.compile(r"(ADDR|DPRA|A\d?$)")


@dataclass(frozen=True)
class Path:
    """The longest way into one register or port. Names are the design's; ``via``: those on the way, last first."""

    levels: int
    start: str
    end: str
    via: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """A module as its user sees it: levels from registers to a port, from a port to registers, from port to port."""

    launched: Mapping[str, int] = field(default_factory=dict)
    captured: Mapping[str, int] = field(default_factory=dict)
    through: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Arc:
    """How one net follows from others: levels added; those of a carry chain's next cell add none."""

    levels: Mapping[int, int]
    carry: bool
    launched: int


class Netlist:
    """One flat module. ``summaries`` by the beginning of a module's name, up to a ``$``."""

    def __init__(self, module: Mapping[str, Any], summaries: Mapping[str, Summary] | None = None) -> None:
        self._summaries = summaries or {}
        self._ports: dict[str, tuple[str, list[int]]] = {
            name: (port["direction"], _nets(port["bits"])) for name, port in module["ports"].items()
        }
        self._names = _names(module["netnames"])
        self._arcs: dict[int, _Arc] = {}
        self._ends: list[tuple[int, str, int]] = []  # net, name of the end, levels behind it
        self._starts: dict[int, str] = {}
        for name, cell in module["cells"].items():
            self._add(name, cell)

    def _add(self, name: str, cell: Mapping[str, Any]) -> None:
        kind = cell["type"].split("$")[0].lstrip("\\") if not cell["type"].startswith("$") else cell["type"]
        pins = {pin: _nets(bits) for pin, bits in cell["connections"].items()}
        outputs = [pin for pin, way in cell["port_directions"].items() if way == "output"]
        inputs = [pin for pin in pins if pin not in outputs and pin not in _CLOCKS]
        if kind in self._summaries:
            self._add_block(name, self._summaries[kind], pins, outputs, inputs)
        elif kind.startswith(_ENDS):
            for pin in outputs:
                self._starts.update((net, self._names.get(net, name)) for net in pins[pin])
            label = next((self._names[net] for pin in ("Q",) for net in pins.get(pin, ()) if net in self._names), name)
            self._ends += [(net, f"{label}.{pin}", 0) for pin in inputs for net in pins[pin]]
        else:
            memory = kind.startswith(_LUTRAM)
            read = [pin for pin in inputs if _ADDRESS.match(pin)] if memory else inputs
            level = int(kind.startswith(_LEVEL))
            arc = _Arc({net: level for pin in read for net in pins[pin]}, kind.startswith(_CARRY), 0)
            self._arcs.update((net, arc) for pin in outputs for net in pins[pin])
            if memory:
                self._ends += [(net, f"{name}.{pin}", 0) for pin in inputs for net in pins[pin]]

    def _add_block(self, name: str, block: Summary, pins: Mapping[str, list[int]], outputs: Iterable[str],
                   inputs: Iterable[str]) -> None:
        for pin in outputs:
            levels = {net: block.through[source, pin] for source in inputs if (source, pin) in block.through
                      for net in pins[source]}
            arc = _Arc(levels, False, block.launched.get(pin, 0))
            self._arcs.update((net, arc) for net in pins[pin])
            self._starts.update((net, f"{name}.{pin}") for net in pins[pin])
        self._ends += [(net, f"{name}.{pin}", block.captured.get(pin, 0)) for pin in inputs for net in pins[pin]]

    def _arrivals(self, begins: Mapping[int, int] | None = None) -> tuple[dict[int, int], dict[int, int]]:
        """Levels up to every net, and the net before it on the longest way. ``begins``: only ways from these nets."""
        levels: dict[int, int] = {}
        before: dict[int, int] = {}
        nothing = -(1 << 30)
        for goal in [net for net, _, _ in self._ends] + [net for way, nets in self._ports.values() for net in nets]:
            stack = [goal]
            while stack:
                net = stack[-1]
                arc = self._arcs.get(net)
                if net in levels:
                    stack.pop()
                elif begins is not None and net in begins:
                    levels[net] = begins[net]
                elif arc is None:
                    levels[net] = 0 if begins is None else nothing
                elif missing := [source for source in arc.levels if source not in levels]:
                    stack += missing
                else:
                    levels[net] = arc.launched if begins is None else nothing
                    for source, step in arc.levels.items():
                        chained = arc.carry and source in self._arcs and self._arcs[source].carry
                        reached = levels[source] + (0 if chained else step)
                        if reached > levels[net] or (net not in before and reached == levels[net] and reached > 0):
                            levels[net], before[net] = reached, source
        return levels, before

    def paths(self) -> Iterator[Path]:
        """The longest way to every end, longest first."""
        levels, before = self._arrivals()
        ends = self._ends + [(net, f"port {name}", 0) for name, (way, nets) in self._ports.items() if way == "output"
                             for net in nets]
        for net, end, behind in sorted(ends, key=lambda item: -(levels[item[0]] + item[2])):
            way = [net]
            while way[-1] in before:
                way.append(before[way[-1]])
            via = [name for name in (self._names.get(step, "$") for step in way[1:-1]) if "$" not in name]
            start = self._starts.get(way[-1], self._names.get(way[-1], "constant"))
            yield Path(levels[net] + behind, start, end, tuple(dict.fromkeys(map(_bus, via))))

    def worst(self, count: int) -> list[Path]:
        """The longest ways, one for each pair of buses (and arrays of buses) they lead from and to."""
        found: dict[tuple[str, str], Path] = {}
        for path in self.paths():
            found.setdefault((_family(path.start), _family(path.end)), path)
            if len(found) == count:
                break
        return list(found.values())

    def summary(self) -> Summary:
        """This module for its user."""
        inputs = {name: nets for name, (way, nets) in self._ports.items() if way == "input" and name not in _CLOCKS}
        outputs = {name: nets for name, (way, nets) in self._ports.items() if way == "output"}
        begins = {net: self._arcs[net].launched if net in self._arcs else 0 for net in self._starts}
        launched, _ = self._arrivals(begins)
        captured, through = {}, {}
        for name, nets in inputs.items():
            reached, _ = self._arrivals(dict.fromkeys(nets, 0))
            captured[name] = max((reached[net] + behind for net, _, behind in self._ends if reached[net] >= 0),
                                 default=0)
            for target, bits in outputs.items():
                most = max((reached[net] for net in bits), default=-1)
                if most >= 0:
                    through[name, target] = most
        leaving = {name: max([0, *(launched[net] for net in nets)]) for name, nets in outputs.items()}
        return Summary(leaving, captured, through)


def _nets(bits: Iterable[Any]) -> list[int]:
    return [bit for bit in bits if isinstance(bit, int)]


def _names(netnames: Mapping[str, Any]) -> dict[int, str]:
    """The shortest name of the design for each net."""
    names: dict[int, str] = {}
    for name, entry in netnames.items():
        bits = entry["bits"]
        for place, bit in enumerate(bits):
            label = name if len(bits) == 1 else f"{name}[{place}]"
            if isinstance(bit, int):
                names[bit] = min(names.get(bit, label), label, key=lambda text: ("$" in text, len(text), text))
    return names


def _bus(name: str) -> str:
    return re.sub(r"(\[\d+\])+$", "", name)


def _family(name: str) -> str:
    return re.sub(r"\d+", "#", name)
