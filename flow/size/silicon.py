"""Area of an engine in standard cells and compiled memories: the table it assumes, and what an engine takes.

Areas are those of a freely available 45 nm library (NanGate's Open Cell Library: drive strength 1) and of the memory
macros the OpenROAD project ships with it; another process is another table. ``V`` was read there, ``M`` is from memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from flow.hardware.config import HwConfig
from flow.size.devices import FILL_LIMITS

PROCESS = "45 nm, NanGate Open Cell Library"


@dataclass(frozen=True)
class Cell:
    """area in um2; function: in Liberty's syntax, of ``inputs``, or empty for the flip-flop (D, C -> Q)."""

    name: str
    area: float
    inputs: tuple[str, ...]
    function: str
    source: str


CELLS: tuple[Cell, ...] = (
    Cell("INV", 0.532, ("A",), "!A", "M"),
    Cell("BUF", 0.798, ("A",), "A", "M"),
    Cell("NAND2", 0.798, ("A", "B"), "!(A&B)", "M"),
    Cell("NOR2", 0.798, ("A", "B"), "!(A|B)", "M"),
    Cell("AND2", 1.064, ("A", "B"), "A&B", "V"),
    Cell("OR2", 1.064, ("A", "B"), "A|B", "M"),
    Cell("XOR2", 1.596, ("A", "B"), "A^B", "M"),
    Cell("XNOR2", 1.596, ("A", "B"), "!(A^B)", "M"),
    Cell("AOI21", 1.064, ("A", "B1", "B2"), "!(A|(B1&B2))", "M"),
    Cell("OAI21", 1.064, ("A", "B1", "B2"), "!(A&(B1|B2))", "M"),
    Cell("MUX2", 1.862, ("A", "B", "S"), "(S&B)|(!S&A)", "M"),
    Cell("DFF", 4.522, (), "", "M"),
)

#: A memory macro's area: fixed part and per bit (V: 64 x 32 is 1240.6, 512 x 64 is 17301.4 um2, one port), and the
#: factor for one read and one write port (M).
MACRO_UM2, BIT_UM2, TWO_PORTS = 170.0, 0.5228, 1.5

#: um2 of logic, fitted to the blocks of a 1 x 4 x 4 engine that Yosys mapped to CELLS (tests/fpga/test_asic.py holds
#: two engines against it): per int8 product, per bit of a weight (two sets are held), per ALU lane, per bit of a group
#: and of a memory word, of a core's control.
PRODUCT_UM2, WEIGHT_BIT_UM2, LANE_UM2 = 830.0, 13.0, 21_600.0
GROUP_BIT_UM2, WORD_BIT_UM2, CONTROL_UM2 = 60.0, 340.0, 314_000.0
#: um2 of a bit of a memory too small for a macro: a flip-flop, its write multiplexer and its share of the read one.
REGISTER_BIT_UM2 = 8.6


def macro_um2(width: int, depth: int) -> int:
    """Area of a memory of width x depth bits with one read and one write port."""
    return ceil((MACRO_UM2 + BIT_UM2 * width * depth) * TWO_PORTS)


def logic_um2(hw: HwConfig) -> int:
    """Estimated area of one core's cells, without memories."""
    lanes, products = hw.pix * hw.cols, hw.pix * hw.rows * hw.cols
    return ceil(products * PRODUCT_UM2 + hw.rows * hw.cols * hw.weight_bits * WEIGHT_BIT_UM2 + lanes * LANE_UM2
                + 8 * hw.group_bytes * GROUP_BIT_UM2 + 8 * hw.axi_bytes * WORD_BIT_UM2 + CONTROL_UM2)


def die_mm2(logic: int, macros: int) -> float:
    """The die that so many um2 of cells and of macros need."""
    return (logic / FILL_LIMITS.lut + macros / FILL_LIMITS.bram) * 1e-4


def table() -> str:
    """The assumed areas, for a reader."""
    cells = ", ".join(f"{cell.name} {cell.area:g}" for cell in CELLS)
    return (f"cell areas assumed ({PROCESS}), um2: {cells}\n"
            f"memory macros: {TWO_PORTS:g} x ({MACRO_UM2:g} + {BIT_UM2:g} a bit) um2; cells fill "
            f"{FILL_LIMITS.lut} %, macros {FILL_LIMITS.bram} % of their part of the die, the rest is wiring")
