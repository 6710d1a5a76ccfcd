"""Yosys's netlist of ECP5 cells (JSON) as text for ``fpga/ecp5/sim/gates.cpp``; cells that have no model are refused.

A net is a number; 0 and 1 are the constants. One line for each cell, inputs before outputs:

    nets COUNT | in NAME NET | out NAME NET      NAME of a port's bit: name, or name[index]
    lut TABLE a b c d  z                         LUT4
    mux a b select  z                            PFUMX, L6MUX21
    carry TABLE TABLE CUT CUT cin a0 b0 c0 d0 a1 b1 c1 d1  s0 s1 cout          CCU2C
    product a*18 b*18 a_signed b_signed  p*36    MULT18X18D
    ff ENABLE RESET_LOW VALUE ce lsr d  q        TRELLIS_FF; ENABLE 0 always, 1 high, 2 low
    ram16 CONTENTS*16 di*4 wad*4 wre rad*4  do*4 TRELLIS_DPR16X4
    block WIDTH_A WIDTH_B OLD_A OLD_B (address*14 data*18 enable write)*2  doa*18 dob*18            DP16KD
    contents ROW HEX                             36 bits of a row of the block above, where they are not 0

What a netlist leaves open (x) gets a value at random, so that nothing can rest on it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flow.errors import Problem, ToolError

_PLL = "EHXPLLL"
_WIDTHS = (1, 2, 4, 9, 18, 36)
#: Cells that are notes about the source.
_NOTES = ("$scopeinfo",)


@dataclass
class _Cell:
    """A cell of the netlist: its pins' nets and its parameters."""

    name: str
    kind: str
    pins: Mapping[str, list[int | str]]
    parameters: Mapping[str, str]
    problems: list[Problem]

    def text(self, name: str, default: str) -> str:
        """A parameter that is a word (Yosys marks words that look like numbers with a space)."""
        return self.parameters.get(name, default).rstrip(" ")

    def number(self, name: str, default: int) -> int:
        value = self.parameters.get(name)
        return default if value is None else int(value.replace("x", "0"), 2)

    def require(self, name: str, default: str, *allowed: str) -> str:
        """A parameter that must have one of the values there is a model for."""
        value = self.text(name, default)
        if value not in allowed:
            self.problems.append(Problem(f"netlist: {self.kind} {self.name}", f"{name} = {value} has no model",
                                         f"one of: {', '.join(allowed)}"))
        return value


@dataclass
class _Nets:
    """Numbers of nets."""

    chance: random.Random
    numbers: dict[int, int] = field(default_factory=dict)
    read: set[int] = field(default_factory=set)
    driven: set[int] = field(default_factory=lambda: {0, 1})

    def of(self, bit: int | str) -> int:
        if isinstance(bit, int):
            return self.numbers.setdefault(bit, len(self.numbers) + 2)
        return self.chance.getrandbits(1) if bit == "x" else int(bit == "1")


class _Writer:
    """One module, cell by cell."""

    def __init__(self, module: Mapping[str, Any], seed: int) -> None:
        self.nets = _Nets(random.Random(seed))
        self.problems: list[Problem] = []
        self.module = module
        self.cells = [_Cell(name, cell["type"], cell["connections"], cell["parameters"], self.problems)
                      for name, cell in module["cells"].items() if cell["type"] not in _NOTES]
        self.plls = [cell for cell in self.cells if cell.kind == _PLL]
        self.clock = self.plls[0].pins["CLKOP"][0] if self.plls else self._only_clock()

    def _only_clock(self) -> int | str:
        return next((cell.pins[pin][0] for cell in self.cells for pin in _CLOCKS.get(cell.kind, ())), "x")

    def lines(self) -> Iterator[str]:
        rows = list(self._ports("input"))
        for cell in self.cells:
            if cell.kind == _PLL:
                # locked for good: the netlist is looked at from then on
                rows.append(f"mux 1 1 1 {self.outputs(cell, 'LOCK')}")
                continue
            model = _MODELS.get(cell.kind)
            if model is None:
                self.problems.append(Problem(f"netlist: {cell.name}", f"cell {cell.kind} has no model"))
                continue
            for pin in _CLOCKS.get(cell.kind, ()):
                if cell.pins[pin][0] != self.clock and cell.pins[pin][0] not in ("0", "1", "x"):
                    self.problems.append(Problem(f"netlist: {cell.kind} {cell.name}", f"{pin} is not the one clock"))
            rows += model(cell, self)
        rows += self._ports("output")
        open_nets = self.nets.read - self.nets.driven
        if open_nets:
            self.problems.append(Problem("netlist", f"{len(open_nets)} nets are read and have no driver"))
        if self.problems:
            raise ToolError(self.problems[:20])
        yield f"nets {len(self.nets.numbers) + 2}"
        yield from rows

    def _ports(self, direction: str) -> Iterator[str]:
        for name, port in self.module["ports"].items():
            if port["direction"] != direction:
                continue
            for index, bit in enumerate(port["bits"]):
                label = name if len(port["bits"]) == 1 else f"{name}[{index}]"
                net, = self._driven([bit]) if direction == "input" else self._read([bit])
                yield f"{direction.removesuffix('put')} {label} {net}"

    def inputs(self, cell: _Cell, *names: str) -> str:
        """Nets of input pins; one that is not connected gets a value at random."""
        return " ".join(str(net) for name in names for net in self._read(cell.pins.get(name) or ["x"]))

    def outputs(self, cell: _Cell, *names: str) -> str:
        """Nets of output pins; one that is not connected gets a net of its own."""
        return " ".join(str(net) for name in names for net in self._driven(cell.pins.get(name) or [self._spare()]))

    def _read(self, bits: list[int | str]) -> list[int]:
        nets = [self.nets.of(bit) for bit in bits]
        self.nets.read.update(nets)
        return nets

    def _driven(self, bits: list[int | str]) -> list[int]:
        nets = [self.nets.of(bit) for bit in bits]
        self.nets.driven.update(nets)
        return nets

    def _spare(self) -> int:
        return -1 - len(self.nets.numbers)

    def unknown(self, digits: str, width: int) -> int:
        """A number in binary digits, those that are x at random."""
        return int("".join(str(self.nets.chance.getrandbits(1)) if digit == "x" else digit
                           for digit in digits.zfill(width)), 2)


def _numbered(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}{index}" for index in range(count))


def _lut(cell: _Cell, out: _Writer) -> list[str]:
    table = cell.number("INIT", 0)
    return [f"lut {table:x} {out.inputs(cell, 'A', 'B', 'C', 'D')} {out.outputs(cell, 'Z')}"]


def _pfumx(cell: _Cell, out: _Writer) -> list[str]:
    return [f"mux {out.inputs(cell, 'ALUT', 'BLUT', 'C0')} {out.outputs(cell, 'Z')}"]


def _l6mux(cell: _Cell, out: _Writer) -> list[str]:
    return [f"mux {out.inputs(cell, 'D1', 'D0', 'SD')} {out.outputs(cell, 'Z')}"]


def _carry(cell: _Cell, out: _Writer) -> list[str]:
    tables = " ".join(f"{cell.number(name, 0):x}" for name in ("INIT0", "INIT1"))
    cuts = " ".join(str(int(cell.require(name, "YES", "YES", "NO") == "YES")) for name in ("INJECT1_0", "INJECT1_1"))
    pins = out.inputs(cell, "CIN", "A0", "B0", "C0", "D0", "A1", "B1", "C1", "D1")
    return [f"carry {tables} {cuts} {pins} {out.outputs(cell, 'S0', 'S1', 'COUT')}"]


def _product(cell: _Cell, out: _Writer) -> list[str]:
    for name in ("REG_INPUTA_CLK", "REG_INPUTB_CLK", "REG_PIPELINE_CLK", "REG_OUTPUT_CLK"):
        cell.require(name, "NONE", "NONE")
    cell.require("SOURCEB_MODE", "B_SHIFT", "B_SHIFT")
    cell.require("MULT_BYPASS", "DISABLED", "DISABLED")
    _zero(cell, "SOURCEA", "SOURCEB")
    pins = out.inputs(cell, *_numbered("A", 18), *_numbered("B", 18), "SIGNEDA", "SIGNEDB")
    return [f"product {pins} {out.outputs(cell, *_numbered('P', 36))}"]


def _flip_flop(cell: _Cell, out: _Writer) -> list[str]:
    cell.require("CLKMUX", "CLK", "CLK")
    cell.require("LSRMODE", "LSR", "LSR")
    if cell.pins.get("LSR", ["0"]) != ["0"]:
        cell.require("SRMODE", "LSR_OVER_CE", "LSR_OVER_CE")
    enable = ("1", "CE", "INV").index(cell.require("CEMUX", "1", "1", "CE", "INV"))
    low = int(cell.require("LSRMUX", "LSR", "LSR", "INV") == "INV")
    value = int(cell.require("REGSET", "RESET", "RESET", "SET") == "SET")
    reset = out.inputs(cell, "LSR") if cell.pins.get("LSR") else "0"
    enabled = out.inputs(cell, "CE") if enable else "1"
    return [f"ff {enable} {low} {value} {enabled} {reset} {out.inputs(cell, 'DI')} {out.outputs(cell, 'Q')}"]


def _ram16(cell: _Cell, out: _Writer) -> list[str]:
    cell.require("WCKMUX", "WCK", "WCK")
    cell.require("WREMUX", "WRE", "WRE")
    contents = out.unknown(cell.parameters.get("INITVAL", "0"), 64)
    digits = " ".join(f"{contents >> 4 * index & 15:x}" for index in range(16))
    return [f"ram16 {digits} {out.inputs(cell, 'DI', 'WAD', 'WRE', 'RAD')} {out.outputs(cell, 'DO')}"]


def _block(cell: _Cell, out: _Writer) -> list[str]:
    for name, value in (("REGMODE_A", "NOREG"), ("REGMODE_B", "NOREG"), ("CSDECODE_A", "0b000"),
                        ("CSDECODE_B", "0b000"), ("CLKAMUX", "CLKA"), ("CLKBMUX", "CLKB")):
        cell.require(name, value, value)
    old = [int(cell.require(f"WRITEMODE_{port}", "NORMAL", "NORMAL", "READBEFOREWRITE") != "NORMAL") for port in "AB"]
    widths = [cell.number(f"DATA_WIDTH_{port}", 18) for port in "AB"]
    _zero(cell, "RSTA", "RSTB", *(f"CS{port}{index}" for port in "AB" for index in range(3)))
    if widths[1] == 36:
        _zero(cell, "WEB")
    if not set(widths) <= set(_WIDTHS):
        cell.problems.append(Problem(f"netlist: {cell.kind} {cell.name}", f"widths {widths} have no model"))
    pins = " ".join(out.inputs(cell, *_numbered(f"AD{port}", 14), *_numbered(f"DI{port}", 18), f"CE{port}", f"WE{port}")
                    for port in "AB")
    found = out.outputs(cell, *_numbered("DOA", 18), *_numbered("DOB", 18))
    return [f"block {widths[0]} {widths[1]} {old[0]} {old[1]} {pins} {found}", *_contents(cell, out)]


def _contents(cell: _Cell, out: _Writer) -> Iterator[str]:
    """INITVAL_00 to INITVAL_3F: 16 words of 18 bits each, a word in 20 bits, the first one lowest."""
    words = []
    for row in range(64):
        value = out.unknown(cell.parameters.get(f"INITVAL_{row:02X}", "0"), 320)
        words += [value >> 20 * index & 0x3FFFF for index in range(16)]
    for row in range(512):
        value = words[2 * row] | words[2 * row + 1] << 18
        if value:
            yield f"contents {row} {value:x}"


def _zero(cell: _Cell, *pins: str) -> None:
    for pin in pins:
        if cell.pins.get(pin, ["0"])[0] != "0":
            cell.problems.append(Problem(f"netlist: {cell.kind} {cell.name}", f"pin {pin} is used and has no model"))


_MODELS: Mapping[str, Callable[[_Cell, _Writer], list[str]]] = {
    "LUT4": _lut, "PFUMX": _pfumx, "L6MUX21": _l6mux, "CCU2C": _carry, "MULT18X18D": _product,
    "TRELLIS_FF": _flip_flop, "TRELLIS_DPR16X4": _ram16, "DP16KD": _block,
}
#: Clock pins.
_CLOCKS: Mapping[str, tuple[str, ...]] = {
    "TRELLIS_FF": ("CLK",), "TRELLIS_DPR16X4": ("WCK",), "DP16KD": ("CLKA", "CLKB"),
}


def to_gates(design: Mapping[str, Any], top: str, seed: int = 0) -> str:
    """The netlist of module ``top`` of Yosys's JSON ``design`` as lines for the simulator. seed: of what is left open.

    Raises ToolError naming the cells that have no model, and cells that do not run at the one clock.
    """
    try:
        module = design["modules"][top]
    except KeyError:
        raise ToolError(Problem("netlist", f"there is no module {top}")) from None
    return "\n".join(_Writer(module, seed).lines()) + "\n"
