"""Resource model of one core: DSP blocks and memories counted, logic estimated from coefficients.

Memories follow from their printed width and depth and the primitive's geometries. INPUT and WEIGHT are deep and go to
UltraRAM where the device has it (72 x 4096 each); ACC, OUT and PARAMETER are wide and shallow, for which block RAM at
72 x 512 or 36 x 1024 wastes nothing. Memories of at most 64 words stay in LUTs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.size import silicon
from flow.size.devices import Family, Resources


@dataclass(frozen=True)
class Primitive:
    """A memory block and the (width, depth) shapes in which it has one read and one write port."""

    name: str
    shapes: tuple[tuple[int, int], ...]

    def count(self, width: int, depth: int) -> int:
        """Blocks for one memory of width x depth bits in the cheapest shape."""
        return min(-(-width // w) * -(-depth // d) for w, d in self.shapes)


@dataclass(frozen=True)
class Macro(Primitive):
    """A compiled memory of any shape, counted in um2; ``shapes`` are those worth trying."""

    def count(self, width: int, depth: int) -> int:
        return silicon.macro_um2(width, depth)


RAMB36 = Primitive("RAMB36", ((72, 512), (36, 1024), (18, 2048), (9, 4096), (4, 8192), (2, 16384), (1, 32768)))
RAMB18 = Primitive("RAMB18", ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384)))
URAM288 = Primitive("URAM288", ((72, 4096),))
M20K = Primitive("M20K", ((40, 512), (20, 1024), (10, 2048)))
M10K = Primitive("M10K", ((40, 256), (20, 512), (10, 1024), (5, 2048), (2, 4096), (1, 8192)))
EBR18 = Primitive("EBR18", ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384)))
SRAM = Macro("SRAM", ((64, 512), (32, 1024), (16, 2048), (8, 4096)))

BLOCK_RAM: dict[Family, Primitive] = {
    Family.ULTRASCALE_PLUS: RAMB36,
    Family.SEVEN_SERIES: RAMB36,
    Family.ARRIA10: M20K,
    Family.STRATIX10: M20K,
    Family.AGILEX7: M20K,
    Family.CYCLONE5: M10K,
    Family.ECP5: EBR18,
    Family.ASIC: SRAM,
}

#: A place of a queue holds an instruction and its number.
PC_BITS = 32

#: Memories up to this many words are built from LUTs.
LUTRAM_DEPTH = 64


@dataclass(frozen=True)
class Coefficients:
    """Figures of the resource model that are not counted but estimated.

    products: int8 products of one DSP block (packed lane pairs apart).
    requant_dsp, multiply_dsp: DSP blocks of a requantisation lane's 32 x 32 and of its 16 x 16 multiplier.
    pair_*: logic cells and flip-flops per packed multiplier; product_*: per unpacked product; lane_*: per ALU
    lane; control_*: for AXI, fetch and control of a core.
    lutram_bits: memory bits of one logic cell, read multiplexers included.
    """

    products: int
    requant_dsp: int
    multiply_dsp: int
    pair_lut: float
    pair_ff: float
    product_lut: float
    product_ff: float
    lane_lut: int
    lane_ff: int
    control_lut: int
    control_ff: int
    lutram_bits: float
    source: str


#: The one table of estimated coefficients. ``source`` says where each row is from.
COEFFICIENTS: dict[Family, Coefficients] = {
    Family.ULTRASCALE_PLUS: Coefficients(
        1,
        2,
        1,
        46.75,
        72.1,
        4,
        20,
        1070,
        1034,
        15_000,
        18_000,
        28,
        "array columns of 2 and 6 lanes and accumulators synthesised with Yosys 0.70; ALU lanes of a copy whose upper "
        "product bits are shifts and adds (as a * they take 5 DSP48E2 a lane, not 3); control and gearboxes estimated",
    ),
    Family.SEVEN_SERIES: Coefficients(
        1,
        4,
        1,
        0,
        0,
        4,
        20,
        1070,
        1034,
        15_000,
        18_000,
        24,
        "not synthesised; 25 x 18 cannot hold two summed products exactly, so no packing",
    ),
    Family.ARRIA10: Coefficients(
        2, 2, 1, 0, 0, 6, 20, 600, 1034, 9_000, 18_000, 32, "not synthesised; two native 18 x 19 a block"
    ),
    Family.STRATIX10: Coefficients(
        2, 2, 1, 0, 0, 6, 20, 600, 1034, 9_000, 18_000, 32, "not synthesised; two native 18 x 19 a block"
    ),
    Family.AGILEX7: Coefficients(
        4, 2, 1, 0, 0, 4, 20, 600, 1034, 9_000, 18_000, 32, "not synthesised; sum of four 9 x 9 a block"
    ),
    Family.CYCLONE5: Coefficients(
        2, 2, 1, 0, 0, 6, 20, 600, 1034, 6_000, 9_000, 32, "not synthesised; sum of two 18 x 18 a block"
    ),
    Family.ECP5: Coefficients(
        1, 4, 1, 0, 0, 22, 30, 1600, 1034, 15_000, 12_000, 8,
        "not synthesised; one product per MULT18X18D in the open tools",
    ),
    # logic is silicon.logic_um2's
    Family.ASIC: Coefficients(
        1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1 / silicon.REGISTER_BIT_UM2, "fitted to Yosys with the cells of silicon.py"
    ),
}

#: LUTs and flip-flops per bit of each of the two gearboxes (synthesised).
GEARBOX_LUT, GEARBOX_FF = 2, 1

#: Of INPUT: LUTs for the enables of one memory; for a bit and memory that ALU chooses from; flip-flops of addresses
#: and choices (synthesised).
PORT_LUT, CHOICE_LUT, PLACE_FF = 4, 0.5, 100

#: Per accumulator lane; per row and column of the array, shared by its lanes; per column of the ALU (all synthesised).
ACCUMULATOR_LUT, ACCUMULATOR_FF = 96, 96
ROW_LUT, ROW_FF = 10, 8
COLUMN_LUT, COLUMN_FF = 86, 546


@dataclass(frozen=True)
class BufferUse:
    """One buffer: ``memories`` of ``width`` bits x ``depth`` words, in ``count`` blocks of ``primitive`` altogether."""

    name: str
    memories: int
    width: int
    depth: int
    primitive: str
    count: int


@dataclass(frozen=True)
class CoreUse:
    """What one core takes. DSP blocks and memories are counted, lut and ff are estimated. ``cost`` is what makes an
    engine the smaller one: DSP blocks, then logic; of an ASIC um2 of the die."""

    buffers: tuple[BufferUse, ...]
    array_dsp: int
    lanes_dsp: int
    total: Resources
    cost: tuple[int, int]
    source: str

    def to_text(self, names: tuple[str, str, str, str, str]) -> str:
        """A table of the buffers and the sum; ``names`` of the resources (``resource_names``)."""
        lines = [f"{'buffer':<12}{'memories':>9}{'width':>7}{'depth':>7}  {'primitive':<10}{'count':>6}"]
        lines += [
            f"{b.name:<12}{b.memories:>9}{b.width:>7}{b.depth:>7}  {b.primitive:<10}{b.count:>6}" for b in self.buffers
        ]
        t = self.total
        lines.append(
            f"sum: {t.dsp} {names[2]} ({self.array_dsp} array, {self.lanes_dsp} requantisation), {t.bram} {names[3]}, "
            f"{t.uram} {names[4]} (counted); {t.lut} {names[0]}, {t.ff} {names[1]} (estimated: {self.source})"
        )
        return "\n".join(lines)


def resource_names(family: Family) -> tuple[str, str, str, str, str]:
    """What ``Resources`` counts on a device of this family, in its order."""
    if family is Family.ASIC:
        return "um2 of cells", "FF", "multipliers", "um2 of macros", "URAM"
    return "LUT or ALM", "FF", "DSP", BLOCK_RAM[family].name, "URAM"


def packs(family: Family) -> bool:
    """Two lanes, or two columns of a single lane, share one multiplier (27 x 18, one product per block natively)."""
    return family is Family.ULTRASCALE_PLUS


def _pairs(hw: HwConfig) -> int:
    """Multipliers of a packed array: one for two lanes (also for an odd one) or, if there is one lane, two columns."""
    if hw.pix == 1 and hw.cols % 2 == 0:
        return hw.rows * hw.cols // 2
    return -(-hw.pix // 2) * hw.rows * hw.cols


def array_dsp(hw: HwConfig, family: Family) -> int:
    """DSP blocks of the multiplier array."""
    if hw.packed and packs(family):
        return _pairs(hw)
    return hw.pix * hw.cols * -(-hw.rows // COEFFICIENTS[family].products)


def lanes_dsp(hw: HwConfig, family: Family) -> int:
    """DSP blocks of the ALU: one lane per pixel and output channel."""
    k = COEFFICIENTS[family]
    return hw.pix * hw.cols * (k.requant_dsp + k.multiply_dsp)


def logic(hw: HwConfig, family: Family) -> tuple[int, int]:
    """Estimated (logic cells, flip-flops) without memories in LUTs; of an ASIC um2 of both and 0."""
    if family is Family.ASIC:
        return silicon.logic_um2(hw), 0
    k = COEFFICIENTS[family]
    lanes = hw.pix * hw.cols
    if hw.packed and packs(family):
        cells = _pairs(hw)
        lut, ff = cells * k.pair_lut, cells * k.pair_ff
    else:
        cells = hw.pix * hw.rows * hw.cols
        lut, ff = cells * k.product_lut, cells * k.product_ff
    tile = hw.rows * hw.cols
    lut += tile * ROW_LUT + hw.cols * COLUMN_LUT
    ff += tile * (ROW_FF + 2 * hw.weight_bits) + hw.cols * COLUMN_FF  # the tile held and the one behind it
    bits = 8 * (hw.group_bytes + hw.axi_bytes)
    lut += lanes * (k.lane_lut + ACCUMULATOR_LUT) + 2 * bits * GEARBOX_LUT + k.control_lut
    ff += lanes * (k.lane_ff + ACCUMULATOR_FF) + 2 * bits * GEARBOX_FF + k.control_ff
    around = input_logic(hw)
    lines = 8 * (hw.axi_bytes * (1 + hw.par_words) + hw.group_bytes)  # output registers of WEIGHT, PARAMETER, OUT
    return ceil(lut + around[0]), ceil(ff + around[1] + lines)


def input_logic(hw: HwConfig) -> tuple[int, int]:
    """(LUTs, flip-flops) of INPUT besides its memories: what is written, one register of output for each memory, the
    choice of the bank for GEMM and of the memory for ALU."""
    memories, group, vector = hw.inp_banks * hw.blocks, 8 * hw.group_bytes, 8 * hw.pix * hw.rows
    address = (hw.inp_depth - 1).bit_length()
    alu = ceil(memories * CHOICE_LUT)
    lut = group + vector * _choice(hw.inp_banks) + group * alu + memories * (address + PORT_LUT)
    return lut, memories * (group + 1) + vector + 2 * group + PLACE_FF


def _choice(inputs: int) -> int:
    """LUTs of six inputs for one bit of ``inputs``."""
    return -(-(inputs - 1) // 3)


def _place(name: str, memories: int, width: int, depth: int, block: Primitive, uram: bool) -> BufferUse:
    if depth <= LUTRAM_DEPTH:
        return BufferUse(name, memories, width, depth, "LUTRAM", 0)
    primitive = URAM288 if uram else block
    return BufferUse(name, memories, width, depth, primitive.name, memories * primitive.count(width, depth))


def buffers(hw: HwConfig, family: Family, uram: bool) -> tuple[BufferUse, ...]:
    """Every memory of one core. ``uram``: the device has UltraRAM."""
    block = BLOCK_RAM[family]
    lanes = hw.pix * hw.cols
    table = RAMB18 if block is RAMB36 else block
    table_words = isa.TABLE_SLOTS * isa.TABLE_ENTRIES
    tables = [
        BufferUse(name, lanes, width, table_words, table.name, lanes * table.count(width, table_words))
        for name, width in (("TABLE A", 32), ("TABLE B", 32), ("TABLE O", 8))
    ]
    group = hw.group_bytes * 8
    word = hw.axi_bytes * 8
    return (
        _place("INPUT", hw.inp_banks * hw.blocks, group, hw.inp_depth, block, uram and hw.inp_depth > 1024),
        _place("WEIGHT", 1, word, hw.wgt_depth, block, uram and hw.wgt_depth > 1024),
        _place("ACC", 2 * hw.cols, hw.pix * 32, hw.acc_depth, block, False),
        _place("OUT", 1, group, hw.out_depth, block, False),
        _place("PARAMETER", hw.par_words, word, hw.par_depth, block, False),
        *tables,
        BufferUse("QUEUES", 4, isa.INSTRUCTION_BITS + PC_BITS, hw.queue_depth, "LUTRAM", 0),
    )


def core(hw: HwConfig, family: Family, uram: bool) -> CoreUse:
    """Everything one core takes on a device of ``family``."""
    used = buffers(hw, family, uram)
    lut, ff = logic(hw, family)
    lut += ceil(
        sum(b.memories * b.width * b.depth for b in used if b.primitive == "LUTRAM") / COEFFICIENTS[family].lutram_bits
    )
    halves = sum(b.count for b in used if b.primitive == "RAMB18")
    bram = sum(b.count for b in used if b.primitive not in ("RAMB18", "URAM288", "LUTRAM")) + -(-halves // 2)
    uram_blocks = sum(b.count for b in used if b.primitive == "URAM288")
    array, lanes = array_dsp(hw, family), lanes_dsp(hw, family)
    total = Resources(lut, ff, array + lanes, bram, uram_blocks)
    cost = (ceil(silicon.die_mm2(lut, bram) * 1e6), 0) if family is Family.ASIC else (total.dsp, total.lut)
    return CoreUse(used, array, lanes, total, cost, COEFFICIENTS[family].source)
