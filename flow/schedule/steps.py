"""What layers are scheduled with: rings of the on-chip buffers, the constant image, steps of instructions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow.errors import CapacityError, Problem
from flow.graph.ir import Int8, Requantise
from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.isa.description import Buffer, Opcode, Region, Rounding, Table
from flow.isa.encoding import Instruction, make, parameter_vectors
from flow.schedule.program import Layout
from flow.schedule.residency import Residency

ROUNDING = {"half_away": Rounding.HALF_AWAY, "half_even": Rounding.HALF_EVEN, "half_up": Rounding.HALF_UP,
            "floor": Rounding.FLOOR}


class Ring:
    """Addresses of a piece of a buffer handed out in order, starting again at its beginning; what lay there before is
    simply overwritten (the tokens see to it that it is no longer needed)."""

    def __init__(self, size: int, start: int = 0) -> None:
        self.size = size
        self.start = start
        self.next = 0

    def take(self, count: int) -> int:
        """First address of ``count`` contiguous words; count <= size."""
        if count > self.size:
            raise AssertionError(f"{count} words from a buffer of {self.size}")
        if self.next + count > self.size:
            self.next = 0
        first = self.next
        self.next += count
        return self.start + first


class ConstantImage:
    """Region CONSTANT growing piece by piece; every piece is aligned to the bus."""

    ALIGNMENT = 128

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0

    def put(self, data: bytes) -> int:
        """Append; returns the offset."""
        at = self.size
        padded = data + bytes(-len(data) % self.ALIGNMENT)
        self.pieces.append(padded)
        self.size += len(padded)
        return at

    def image(self) -> bytes:
        return b"".join(self.pieces)


@dataclass(frozen=True)
class Part:
    """A stretch of a layer's instructions, made when its turn has come.

    rows: of the output complete after it (a producer), or of the source that it needs (a consumer).
    """

    code: Callable[[], list[Instruction]]
    rows: int


class Machine:
    """State of the scheduler while it walks through the layers: rings, constants and where tensors lie."""

    def __init__(self, hw: HwConfig, layouts: dict[str, Layout], residency: Residency) -> None:
        self.hw = hw
        self.layouts = layouts
        self.residency = residency
        self.constants = ConstantImage()
        self.inp = Ring(hw.inp_vectors)
        self.wgt = Ring(hw.wgt_depth)
        self.par = Ring(hw.par_depth)
        self.out = Ring(hw.out_depth)
        self.bank = 0
        self.slots = {Table.A: 0, Table.B: 0, Table.O: 0}

    def begin(self, layer: int) -> None:
        """Give the layer with this index the input buffer that no resident tensor holds."""
        start, size = self.residency.free[layer]
        if (start, size) != (self.inp.start, self.inp.size):
            self.inp = Ring(size, start)

    def next_bank(self) -> int:
        """The accumulator bank for the next group of accumulators."""
        self.bank ^= 1
        return self.bank

    # loads ------------------------------------------------------------------------------------------------------

    def load_words(self, buffer: Buffer, offset: int, base: int, words: int) -> list[Instruction]:
        """LOADs of a linear buffer from CONSTANT, cut where a field is too short."""
        limit = (1 << 16) - 1
        return [make(Opcode.LOAD, buffer=buffer, region=Region.CONSTANT, offset=offset + n * self.hw.axi_bytes,
                     base=base + n, x_size=min(limit, words - n), y_size=1, z_size=1) for n in range(0, words, limit)]

    def load_table(self, table: Table, values: np.ndarray) -> tuple[int, Instruction]:
        """(slot, LOAD) of a table of 256 entries."""
        slot = self.slots[table]
        self.slots[table] = (slot + 1) % isa.TABLE_SLOTS
        kind = "i1" if table == Table.O else "<i4"
        data = np.ascontiguousarray(values, dtype=kind).tobytes()
        offset = self.constants.put(data)
        load = make(Opcode.LOAD, buffer=Buffer.TABLE, region=Region.CONSTANT, offset=offset, base=table + slot,
                    x_size=len(data) // self.hw.axi_bytes, y_size=1, z_size=1)
        return slot, load

    def parameter_bytes(self, bias: np.ndarray, requantise: Requantise, weight: np.ndarray | None = None) -> bytes:
        """Parameter vectors of all channels, padded to whole blocks."""
        channels = len(bias)
        padded = -(-channels // self.hw.cols) * self.hw.cols

        def column(values: npt.ArrayLike) -> np.ndarray:
            full = np.zeros(padded, np.int64)
            full[:channels] = np.broadcast_to(values, (channels,))
            return full

        shift = requantise.shift.astype(np.int64)
        return parameter_vectors(column(bias), column(requantise.multiplier),
                                 column(np.maximum(shift, 0) + requantise.left), column(np.maximum(-shift, 0)),
                                 column(0 if weight is None else weight))

    def pack(self, tiles: Int8, layer: str) -> bytes:
        """Weight tiles (tiles, cols, rows) as words of the weight buffer. CapacityError if a weight needs more bits."""
        bits = self.hw.weight_bits
        low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        if tiles.size and (tiles.min() < low or tiles.max() > high):
            raise CapacityError(Problem(
                f"layer {layer}", f"weights from {tiles.min()} to {tiles.max()}, the engine holds {bits} bits",
                "an engine sized with wider weights (weight_bits)"))
        flat = tiles.reshape(len(tiles), -1)
        if bits == 8:
            packed = flat.view(np.uint8)
        else:
            codes = (flat & ((1 << bits) - 1)).astype(np.uint8)
            per = 8 // bits
            codes = np.pad(codes, ((0, 0), (0, -codes.shape[1] % per))).reshape(len(tiles), -1, per)
            packed = np.zeros(codes.shape[:2], np.uint8)
            for n in range(per):
                packed |= codes[..., n] << (bits * n)
        room = self.hw.tile_words * self.hw.axi_bytes
        return np.pad(packed, ((0, 0), (0, room - packed.shape[1]))).tobytes()


def tensor_requantise(requantise: Requantise) -> dict[str, int]:
    """ALU fields of a per-tensor requantisation with its clamp."""
    shift = int(requantise.shift[0])
    return {"requant": isa.Requant.TENSOR, "rounding": ROUNDING[requantise.rounding.value],
            "multiplier": int(requantise.multiplier[0]), "left_shift": max(shift, 0) + requantise.left,
            "right_shift": max(-shift, 0), "zero_point": requantise.zero_point, "clamp": 1,
            "clamp_min": requantise.minimum, "clamp_max": requantise.maximum}
