"""The one description of the instruction set, the register map and their edge cases.

Everything that names a width, a field, an opcode, a unit, an error code or a register number outside this
file is rendered from it (``flow.isa.render``): the SystemVerilog package, the C header, the OpenCL header and
the reference manual. The Python encoder and decoder (``flow.isa.encoding``) read it directly.

Units: addresses on the chip are in words of their buffer (see ``Buffer``), device memory is in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

ABI_MAJOR = 1
ABI_MINOR = 0
MAGIC = 0x464C4F57  # "FLOW"
STREAM_MAGIC = 0x464C5053  # "FLPS", first word of an instruction stream

WORD_BITS = 128
WORDS_PER_INSTRUCTION = 4
INSTRUCTION_BITS = WORD_BITS * WORDS_PER_INSTRUCTION
INSTRUCTION_BYTES = INSTRUCTION_BITS // 8

TOKEN_CAPACITY = 255
REGIONS = 4
TABLE_ENTRIES = 256
TABLE_SLOTS = 2
PARAMETER_BYTES = 16


class Opcode(IntEnum):
    """Operation of an instruction. 0 is illegal, so that empty memory is never a program."""

    LOAD = 1
    GEMM = 2
    ALU = 3
    STORE = 4
    FINISH = 5


class Unit(IntEnum):
    """Execution units; the number is the bit in the ``pop`` and ``push`` masks."""

    LOAD = 0
    GEMM = 1
    ALU = 2
    STORE = 3
    FETCH = 4


#: Token channels that exist, as (producer, consumer).
CHANNELS: tuple[tuple[Unit, Unit], ...] = (
    (Unit.LOAD, Unit.GEMM),
    (Unit.GEMM, Unit.LOAD),
    (Unit.GEMM, Unit.ALU),
    (Unit.ALU, Unit.GEMM),
    (Unit.LOAD, Unit.ALU),
    (Unit.ALU, Unit.LOAD),
    (Unit.ALU, Unit.STORE),
    (Unit.STORE, Unit.ALU),
    (Unit.STORE, Unit.LOAD),
)


class Region(IntEnum):
    """Windows of device memory; an instruction's offset is relative to the region's base register."""

    CONSTANT = 0  # instruction stream, weights, parameters, tables; STORE there is illegal
    SCRATCH = 1  # activations
    INPUT = 2
    OUTPUT = 3


class Buffer(IntEnum):
    """Destinations of LOAD.

    INPUT is addressed in blocks (COLS bytes of every lane); WEIGHT and PARAMETER in words of AXI_BYTES;
    TABLE in tables (see ``Table``).
    """

    INPUT = 0
    WEIGHT = 1
    PARAMETER = 2
    TABLE = 3


class Table(IntEnum):
    """Table index of slot 0; slot s is this plus s."""

    A = 0
    B = 2
    O = 4  # noqa: E741


class AluOp(IntEnum):
    """The operation between table A's and table B's output; all modulo 2**32, two's complement."""

    MOV = 0  # a
    ADD = 1  # a + b
    MAX = 2  # signed maximum
    MIN = 3  # signed minimum
    MUL = 4  # low 16 bits of a, signed, times low 16 bits of b, signed
    MAC = 5  # a + (low 16 bits of b, signed) * weight of the channel


class Source0(IntEnum):
    ACC = 0
    INP = 1


class Source1(IntEnum):
    NONE = 0
    INP = 1
    BIAS = 2  # the channel's bias from the parameter buffer
    IMM = 3


class Requant(IntEnum):
    NONE = 0
    TENSOR = 1  # multiplier, left and right shift from the instruction
    CHANNEL = 2  # from the parameter buffer


class Rounding(IntEnum):
    """How the right shift of the requantiser rounds."""

    HALF_AWAY = 0
    HALF_EVEN = 1
    HALF_UP = 2  # rounds once: where right > 0 the high multiply before it is a floor, without its nudge
    FLOOR = 3


class ErrorCode(IntEnum):
    """Sticky verdict of a launch."""

    NONE = 0
    ILLEGAL = 1  # opcode, reserved bit, field combination, alignment, stream without FINISH
    RANGE = 2  # an on-chip address outside its buffer
    WINDOW = 3  # a device memory access outside its region
    BUS = 4  # the memory answered with an error
    TOKEN = 5  # no unit can ever go on, or tokens are left at FINISH
    WATCHDOG = 6
    HEADER = 7  # the stream's magic, ABI major or configuration hash is not this engine's


@dataclass(frozen=True)
class Field:
    """One field of an instruction: ``width`` bits from bit ``lsb`` (bit 0 is the first byte's lowest)."""

    name: str
    lsb: int
    width: int
    signed: bool
    doc: str

    @property
    def minimum(self) -> int:
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        return (1 << (self.width - 1)) - 1 if self.signed else (1 << self.width) - 1


def _layout(*entries: tuple[str, int, str] | tuple[str, int, str, bool]) -> tuple[Field, ...]:
    fields: list[Field] = []
    lsb = 0
    for entry in entries:
        name, width, doc = entry[:3]
        fields.append(Field(name, lsb, width, len(entry) > 3 and bool(entry[3]), doc))
        lsb += width
    if lsb > INSTRUCTION_BITS:
        raise AssertionError(f"{lsb} bits do not fit an instruction of {INSTRUCTION_BITS}")
    return tuple(fields)


_HEADER = (
    ("opcode", 4, "Opcode"),
    ("pop", 4, "take one token from each unit whose bit is set, before starting"),
    ("push", 4, "give one token to each unit whose bit is set, after the last write is visible"),
)

LOAD_FIELDS = _layout(
    *_HEADER,
    ("buffer", 2, "destination Buffer"),
    ("region", 2, "Region"),
    ("pad_value", 8, "value of padded positions, INPUT only", True),
    ("offset", 40, "first byte, relative to the region"),
    ("base", 24, "first address in the buffer"),
    ("x_size", 16, "groups (INPUT) or words (others) in a row"),
    ("y_size", 16, "rows; 1 for buffers other than INPUT"),
    ("z_size", 16, "planes; 1 for buffers other than INPUT"),
    ("pad_left", 12, "padded positions before each row"),
    ("pad_right", 12, "padded positions after each row"),
    ("pad_top", 12, "padded rows before each plane"),
    ("pad_bottom", 12, "padded rows after each plane"),
    ("x_stride", 24, "buffer address step per position (INPUT)"),
    ("y_stride", 24, "buffer address step per row (INPUT)"),
    ("z_stride", 24, "buffer address step per plane (INPUT)"),
    ("y_pitch", 32, "bytes from row to row in device memory (INPUT)"),
    ("z_pitch", 32, "bytes from plane to plane in device memory (INPUT)"),
)

GEMM_FIELDS = _layout(
    *_HEADER,
    ("init", 1, "the first weight tile overwrites the accumulators instead of adding"),
    ("acc_bank", 1, "accumulator bank"),
    ("inp_base", 20, "first input vector"),
    ("acc_base", 16, "first accumulator"),
    ("wgt_base", 20, "first weight word; tiles follow each other"),
    ("v_size", 16, "outer loop 0 (input channel vectors)"),
    ("h_size", 16, "outer loop 1 (kernel rows)"),
    ("w_size", 16, "outer loop 2 (kernel columns)"),
    ("i_size", 16, "pixel loop 0 (rows)"),
    ("j_size", 16, "pixel loop 1 (columns)"),
    ("v_stride", 20, "input step per v"),
    ("h_stride", 20, "input step per h"),
    ("w_stride", 20, "input step per w"),
    ("i_stride", 20, "input step per i"),
    ("j_stride", 20, "input step per j"),
    ("i_acc", 16, "accumulator step per i"),
    ("j_acc", 16, "accumulator step per j"),
)

ALU_FIELDS = _layout(
    *_HEADER,
    ("op", 3, "AluOp"),
    ("src0", 1, "Source0"),
    ("src1", 2, "Source1"),
    ("table_a", 1, "look src0's low 8 bits up in table A"),
    ("table_b", 1, "look src1's low 8 bits up in table B"),
    ("table_o", 1, "look the clamped result up in table O"),
    ("slot_a", 1, "slot of table A"),
    ("slot_b", 1, "slot of table B"),
    ("slot_o", 1, "slot of table O"),
    ("requant", 2, "Requant"),
    ("rounding", 2, "Rounding"),
    ("clamp", 1, "clamp to clamp_min..clamp_max"),
    ("to_acc", 1, "write the accumulator src0's address names"),
    ("to_out", 1, "write the output buffer"),
    ("to_inp", 1, "write the input buffer"),
    ("acc_bank", 1, "accumulator bank"),
    ("acc_base", 14, "first accumulator, source and destination"),
    ("src_base", 20, "first input block read"),
    ("out_base", 14, "first output buffer group written"),
    ("dst_base", 20, "first input block written"),
    ("par_base", 12, "first parameter vector"),
    ("par_stride", 8, "parameter vector step per k"),
    ("k_size", 16, "outer loop (channel blocks, taps)"),
    ("i_size", 16, "middle loop (rows)"),
    ("j_size", 16, "inner loop (columns)"),
    ("k_acc", 14, "accumulator step per k"),
    ("i_acc", 14, "accumulator step per i"),
    ("j_acc", 14, "accumulator step per j"),
    ("k_src", 20, "input block read step per k"),
    ("i_src", 20, "input block read step per i"),
    ("j_src", 20, "input block read step per j"),
    ("k_out", 14, "output buffer step per k"),
    ("i_out", 14, "output buffer step per i"),
    ("j_out", 14, "output buffer step per j"),
    ("k_dst", 20, "input block write step per k"),
    ("i_dst", 20, "input block write step per i"),
    ("j_dst", 20, "input block write step per j"),
    ("multiplier", 31, "Q31 multiplier (TENSOR), not negative"),
    ("left_shift", 5, "left shift before the multiplier (TENSOR)"),
    ("right_shift", 5, "rounding right shift after it (TENSOR)"),
    ("zero_point", 9, "added after requantisation", True),
    ("clamp_min", 8, "lower bound", True),
    ("clamp_max", 8, "upper bound", True),
    ("immediate", 32, "value of src1 IMM", True),
)

STORE_FIELDS = _layout(
    *_HEADER,
    ("region", 2, "Region, not CONSTANT"),
    ("offset", 40, "first byte, relative to the region"),
    ("base", 16, "first output buffer group"),
    ("x_size", 16, "groups in a row"),
    ("y_size", 16, "rows"),
    ("z_size", 16, "planes"),
    ("y_stride", 16, "output buffer step per row; 1 per group in a row"),
    ("z_stride", 16, "output buffer step per plane"),
    ("y_pitch", 32, "bytes from row to row in device memory"),
    ("z_pitch", 32, "bytes from plane to plane in device memory"),
)

FINISH_FIELDS = _layout(*_HEADER)

FIELDS: dict[Opcode, tuple[Field, ...]] = {
    Opcode.LOAD: LOAD_FIELDS,
    Opcode.GEMM: GEMM_FIELDS,
    Opcode.ALU: ALU_FIELDS,
    Opcode.STORE: STORE_FIELDS,
    Opcode.FINISH: FINISH_FIELDS,
}

UNIT_OF: dict[Opcode, Unit] = {
    Opcode.LOAD: Unit.LOAD,
    Opcode.GEMM: Unit.GEMM,
    Opcode.ALU: Unit.ALU,
    Opcode.STORE: Unit.STORE,
    Opcode.FINISH: Unit.FETCH,
}

#: Header of an instruction stream: one instruction slot before the first instruction, little-endian.
STREAM_HEADER = _layout(
    ("magic", 32, "STREAM_MAGIC"),
    ("abi_minor", 16, "informative"),
    ("abi_major", 16, "must equal the engine's"),
    ("config_hash", 64, "must equal the engine's"),
    ("count", 32, "instructions that follow, FINISH included"),
)

#: One channel's entry of a parameter vector (COLS entries of PARAMETER_BYTES), little-endian.
PARAMETER_ENTRY = (
    Field("bias", 0, 32, True, "int32, added by src1 BIAS"),
    Field("multiplier", 32, 31, False, "Q31 multiplier"),
    Field("left_shift", 64, 5, False, "left shift before the multiplier"),
    Field("right_shift", 72, 5, False, "rounding right shift after it"),
    Field("weight", 80, 16, True, "factor of MAC"),
)


class Access(IntEnum):
    RO = 0
    RW = 1
    W1C = 2
    WO = 3


@dataclass(frozen=True)
class RegisterField:
    name: str
    lsb: int
    width: int
    doc: str


@dataclass(frozen=True)
class Register:
    """One 32-bit register at byte ``offset`` of a core's page."""

    name: str
    offset: int
    access: Access
    doc: str
    fields: tuple[RegisterField, ...] = ()


CORE_PAGE_BYTES = 4096


def _region_registers() -> tuple[Register, ...]:
    registers: list[Register] = []
    for region in Region:
        at = 0x40 + 16 * region
        for index, (part, doc) in enumerate(
            (("BASE_LO", "base address, low half"), ("BASE_HI", "base address, high half"),
             ("SIZE_LO", "size in bytes, low half"), ("SIZE_HI", "size in bytes, high half"))
        ):
            registers.append(
                Register(f"{region.name}_{part}", at + 4 * index, Access.RW, f"region {region.name}: {doc}")
            )
    return tuple(registers)


#: 64-bit counters of the last launch, in order; each takes two registers (low half first) from COUNTER_BASE.
COUNTER_BASE = 0x100
COUNTERS: tuple[tuple[str, str], ...] = (
    ("CYCLES", "cycles from start to done or error"),
    ("LOAD_BUSY", "cycles in which LOAD moved data or had transfers in flight"),
    ("LOAD_STARVED", "cycles in which LOAD waited for a token"),
    ("LOAD_BLOCKED", "cycles in which LOAD waited for the memory or a buffer port"),
    ("GEMM_BUSY", "cycles in which GEMM issued a vector"),
    ("GEMM_STARVED", "cycles in which GEMM waited for a token"),
    ("GEMM_BLOCKED", "cycles in which GEMM waited for weights, a port or the hazard interlock"),
    ("ALU_BUSY", "cycles in which ALU issued a vector"),
    ("ALU_STARVED", "cycles in which ALU waited for a token"),
    ("ALU_BLOCKED", "cycles in which ALU waited for a port or the hazard interlock"),
    ("STORE_BUSY", "cycles in which STORE moved data or had transfers in flight"),
    ("STORE_STARVED", "cycles in which STORE waited for a token"),
    ("STORE_BLOCKED", "cycles in which STORE waited for the memory"),
    ("READ_BEATS", "beats read from device memory, instructions included"),
    ("WRITE_BEATS", "beats written to device memory"),
    ("INSTRUCTIONS", "instructions dispatched"),
)

REGISTERS: tuple[Register, ...] = (
    Register("MAGIC", 0x00, Access.RO, "MAGIC; never all ones, so that a lost device can be told"),
    Register("ABI", 0x04, Access.RO, "ABI version",
             (RegisterField("MINOR", 0, 16, "minor"), RegisterField("MAJOR", 16, 16, "major, must match"))),
    Register("HASH_LO", 0x08, Access.RO, "configuration hash, low half"),
    Register("HASH_HI", 0x0C, Access.RO, "configuration hash, high half"),
    Register("SHAPE", 0x10, Access.RO, "array shape",
             (RegisterField("PIX", 0, 8, "pixels"), RegisterField("ROWS", 8, 12, "input channels"),
              RegisterField("COLS", 20, 12, "output channels"))),
    Register("SYSTEM", 0x14, Access.RO, "system",
             (RegisterField("CORES", 0, 8, "cores"), RegisterField("CORE", 8, 8, "this core"),
              RegisterField("AXI_BYTES", 16, 16, "bytes per beat"))),
    Register("SCRATCH", 0x18, Access.RW, "for the host's own use"),
    Register("CONTROL", 0x20, Access.WO, "doorbell",
             (RegisterField("START", 0, 1, "start a launch; ignored unless idle"),
              RegisterField("RESET", 1, 1, "drain the bus and reset the core"))),
    Register("STATUS", 0x24, Access.RO, "state",
             (RegisterField("BUSY", 0, 1, "a launch or a reset is running"),
              RegisterField("DONE", 1, 1, "the last launch ended well"),
              RegisterField("ERROR", 2, 1, "the last launch ended with an error; reset before the next"))),
    Register("IRQ_ENABLE", 0x28, Access.RW, "bit 0: raise the interrupt on done or error"),
    Register("IRQ_PENDING", 0x2C, Access.W1C, "bit 0: done or error happened"),
    Register("ERROR", 0x30, Access.RO, "first error, kept until reset",
             (RegisterField("CODE", 0, 8, "ErrorCode"), RegisterField("UNIT", 8, 8, "Unit"))),
    Register("ERROR_PC", 0x34, Access.RO, "index of the instruction that failed, 0 is the first"),
    Register("ERROR_ADDRESS_LO", 0x38, Access.RO, "address of a BUS or WINDOW error, low half"),
    Register("ERROR_ADDRESS_HI", 0x3C, Access.RO, "address of a BUS or WINDOW error, high half"),
    *_region_registers(),
    Register("PROGRAM_LO", 0x80, Access.RW, "offset of the stream in CONSTANT, low half; a multiple of 64"),
    Register("PROGRAM_HI", 0x84, Access.RW, "offset of the stream in CONSTANT, high half"),
    Register("WATCHDOG_LO", 0x88, Access.RW, "cycles a launch may take, low half; 0 is no limit"),
    Register("WATCHDOG_HI", 0x8C, Access.RW, "cycles a launch may take, high half"),
    *(
        Register(f"{name}_{half}", COUNTER_BASE + 8 * index + 4 * part, Access.RO,
                 f"{doc}, {'low' if part == 0 else 'high'} half")
        for index, (name, doc) in enumerate(COUNTERS)
        for part, half in enumerate(("LO", "HI"))
    ),
)
