"""Random legal programs: every opcode, operation, rounding, flag and loop shape, synchronised by tokens.

A program first fills every buffer, then runs random instructions, then writes every buffer it can to memory, so that
a difference anywhere becomes a difference in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.isa.description import (
    AluOp,
    Buffer,
    Opcode,
    Region,
    Requant,
    Rounding,
    Source0,
    Source1,
    Table,
)
from flow.isa.encoding import Instruction, encode_stream, make
from flow.isa.legality import memory_runs, table_words
from flow.isa.synchronise import synchronise

Memory = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """A launch: the program, the four regions' bytes before it, where the stream stands in CONSTANT."""

    seed: int
    hw: HwConfig
    program: tuple[Instruction, ...]
    regions: tuple[Memory, ...]
    stream_offset: int


class Draw:
    """Random choices within an engine's limits."""

    def __init__(self, hw: HwConfig, seed: int) -> None:
        self.hw = hw
        self.random = np.random.default_rng(seed)

    def below(self, limit: int) -> int:
        return int(self.random.integers(0, max(1, limit)))

    def between(self, low: int, high: int) -> int:
        return int(self.random.integers(low, max(low, high) + 1))

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def sizes(self, count: int, product: int) -> list[int]:
        """``count`` loop sizes with at most ``product`` steps in all; now and then a zero, often ones."""
        sizes = []
        left = product
        for _ in range(count):
            size = 1 if self.chance(0.3) else self.between(1, max(1, min(left, 9)))
            if self.chance(0.3):
                size = self.between(1, left)
            sizes.append(size)
            left = max(1, left // size)
        self.random.shuffle(sizes)
        if self.chance(0.03):
            sizes[self.below(count)] = 0
        return [int(size) for size in sizes]

    def strides(self, sizes: list[int], limit: int, distinct: bool = False) -> tuple[int, list[int]]:
        """Base and strides such that all addresses stay below ``limit``; often dense, now and then 0."""
        order = list(self.random.permutation(len(sizes)))
        strides = [0] * len(sizes)
        reach = 1
        for n in order:
            size = max(1, sizes[n])
            room = (limit - reach) // max(1, size - 1) if size > 1 else limit - 1
            if distinct or self.chance(0.5):
                stride = min(reach, room)
            elif self.chance(0.2):
                stride = 0
            else:
                stride = self.between(0, min(room, 2 * reach + 3))
            strides[n] = stride
            reach += (size - 1) * stride
        return self.below(limit - reach + 1), strides


def _pieces(count: int) -> Iterator[tuple[int, int]]:
    """``count`` in steps of at most 32,768, which fit a LOAD's x_size and keep offsets aligned: first, length."""
    step = 1 << 15
    for first in range(0, count, step):
        yield first, min(step, count - first)


def _region_sizes(hw: HwConfig) -> dict[Region, int]:
    big = hw.inp_blocks * hw.group_bytes
    unit = hw.group_bytes * hw.axi_bytes
    return {Region.SCRATCH: 64 * unit, Region.INPUT: -(-big // unit) * unit + 64 * unit, Region.OUTPUT: 16 * unit}


class _Builder:
    def __init__(self, hw: HwConfig, seed: int) -> None:
        self.hw = hw
        self.draw = Draw(hw, seed)
        self.sizes = _region_sizes(hw)
        self.instructions: list[Instruction] = []
        self.constant = bytearray()
        self.output = self.sizes[Region.OUTPUT]  # random instructions use what lies before

    def put(self, data: bytes) -> int:
        """Append to CONSTANT, aligned to 64 bytes (at least axi_bytes); returns the offset."""
        at = len(self.constant)
        self.constant += data
        self.constant += bytes(-len(self.constant) % 128)
        return at

    def noise(self, count: int) -> bytes:
        return self.draw.random.integers(0, 256, count, dtype=np.uint8).tobytes()

    def add(self, opcode: Opcode, **values: int) -> None:
        self.instructions.append(make(opcode, **values))

    # fill every buffer ------------------------------------------------------------------------------------------

    def prologue(self) -> None:
        hw = self.hw
        for first, count in _pieces(hw.inp_blocks):
            self.add(Opcode.LOAD, buffer=Buffer.INPUT, region=Region.INPUT, offset=first * hw.group_bytes, base=first,
                     x_size=count, y_size=1, z_size=1, x_stride=1)
        for buffer, words in ((Buffer.WEIGHT, hw.wgt_depth), (Buffer.PARAMETER, hw.par_depth * hw.par_words)):
            offset = self.put(self.parameters() if buffer == Buffer.PARAMETER else self.noise(words * hw.axi_bytes))
            for first, count in _pieces(words):
                self.add(Opcode.LOAD, buffer=buffer, region=Region.CONSTANT, offset=offset + first * hw.axi_bytes,
                         base=first, x_size=count, y_size=1, z_size=1)
        for base in range(Table.O + isa.TABLE_SLOTS):
            words = table_words(base, hw)
            data = self.noise(words * hw.axi_bytes)
            if base < Table.O and self.draw.chance(0.7):
                small = self.draw.random.integers(-(1 << 20), 1 << 20, isa.TABLE_ENTRIES)
                data = small.astype("<i4").tobytes()
            self.add(Opcode.LOAD, buffer=Buffer.TABLE, region=Region.CONSTANT, offset=self.put(data), base=base,
                     x_size=words, y_size=1, z_size=1)
        count = min(hw.acc_depth, hw.inp_blocks)
        for bank in (0, 1):
            for first in range(0, hw.acc_depth, count):
                self.add(Opcode.ALU, op=AluOp.MOV, src0=Source0.INP, to_acc=1, acc_bank=bank, acc_base=first, k_size=1,
                         i_size=1, j_size=min(count, hw.acc_depth - first), j_acc=1, j_src=1)
        count = min(hw.out_depth, hw.inp_blocks)
        for first in range(0, hw.out_depth, count):
            self.add(Opcode.ALU, op=AluOp.MOV, src0=Source0.INP, clamp=1, clamp_min=-128, clamp_max=127, to_out=1,
                     out_base=first, k_size=1, i_size=1, j_size=min(count, hw.out_depth - first), j_out=1, j_src=1)

    def parameters(self) -> bytes:
        hw, random = self.hw, self.draw.random
        entries = np.zeros((hw.par_depth * hw.cols, isa.PARAMETER_BYTES), np.uint8)
        entries[:, 0:4] = random.integers(-(1 << 24), 1 << 24, len(entries)).astype("<i4").view(np.uint8).reshape(-1, 4)
        exact = random.random(len(entries)) < 0.4  # shifts alone, by a few bits: many halves
        multiplier = np.where(exact, 1 << 30, random.integers(0, 1 << 31, len(entries))).astype("<u4")
        entries[:, 4:8] = multiplier.view(np.uint8).reshape(-1, 4)
        left = np.where(random.random(len(entries)) < 0.7, 0, random.integers(0, 32, len(entries)))
        entries[:, 8] = np.where(exact, 1, left)
        entries[:, 9] = np.where(exact, random.integers(0, 5, len(entries)), random.integers(0, 32, len(entries)))
        weight = random.integers(-(1 << 15), 1 << 15, len(entries)).astype("<i2")
        entries[:, 10:12] = weight.view(np.uint8).reshape(-1, 2)
        return entries.tobytes()

    # random instructions ----------------------------------------------------------------------------------------

    def body(self, count: int) -> None:
        makers = (self.load_input, self.load_linear, self.gemm, self.alu, self.alu, self.store)
        for _ in range(count):
            makers[self.draw.below(len(makers))]()

    def memory_place(self, rows: list[int], length: int, limit: int) -> tuple[int, list[int]] | None:
        """Offset and pitches (granule aligned) of rows of ``length`` bytes in a region of ``limit`` bytes."""
        granule = self.hw.granule_bytes
        offset, pitches = 0, []
        reach = length
        for size in rows:
            dense = -(-reach // granule) * granule
            pitch = dense if self.draw.chance(0.6) else dense + granule * self.draw.below(9)
            if self.draw.chance(0.1):
                pitch = granule * self.draw.below(6)
            pitches.append(pitch)
            reach += max(0, size - 1) * pitch
        if reach > limit:
            return None
        offset = granule * self.draw.below((limit - reach) // granule + 1)
        return offset, pitches

    def load_input(self) -> None:
        hw, draw = self.hw, self.draw
        x, y, z = draw.sizes(3, 60)
        if draw.chance(0.15):  # a fill: only padded positions
            x = y = 0
        pads = [draw.below(4) if draw.chance(0.3) or not x else 0 for _ in range(4)]
        padded = [z, y + pads[2] + pads[3], x + pads[0] + pads[1]]
        if padded[0] * padded[1] * padded[2] > hw.inp_blocks // 2:
            return
        base, (z_stride, y_stride, x_stride) = draw.strides(padded, hw.inp_blocks)
        region = (Region.SCRATCH, Region.INPUT, Region.CONSTANT, Region.OUTPUT)[draw.below(4)]
        limit = len(self.constant) if region == Region.CONSTANT else self.sizes[region]
        place = self.memory_place([y, z], x * hw.group_bytes, limit)
        if place is None:
            return
        offset, (y_pitch, z_pitch) = place
        one = make(Opcode.LOAD, buffer=Buffer.INPUT, region=region, pad_value=draw.between(-128, 127), offset=offset,
                   base=base, x_size=x, y_size=y, z_size=z, pad_left=pads[0], pad_right=pads[1], pad_top=pads[2],
                   pad_bottom=pads[3], x_stride=x_stride, y_stride=y_stride, z_stride=z_stride, y_pitch=y_pitch,
                   z_pitch=z_pitch)
        self.instructions.append(one)
        runs = memory_runs(one, hw)
        if runs is not None and draw.chance(0.4):  # a second one that goes on where this one ends, or reads it again
            following = runs[2] if draw.chance(0.6) else offset
            if following + runs[2] - offset <= limit:
                self.instructions.append(one.replace(offset=following))

    def load_linear(self) -> None:
        hw, draw = self.hw, self.draw
        buffer = (Buffer.WEIGHT, Buffer.PARAMETER, Buffer.TABLE)[draw.below(3)]
        if buffer == Buffer.TABLE:
            base = draw.below(Table.O + isa.TABLE_SLOTS)
            words = table_words(base, hw)
        else:
            depth = hw.wgt_depth if buffer == Buffer.WEIGHT else hw.par_depth * hw.par_words
            words = draw.between(0, min(depth, 40))
            base = draw.below(depth - words + 1)
        region = (Region.CONSTANT, Region.SCRATCH, Region.INPUT)[draw.below(3)]
        limit = len(self.constant) if region == Region.CONSTANT else self.sizes[region]
        offset = hw.axi_bytes * draw.below((limit - words * hw.axi_bytes) // hw.axi_bytes + 1)
        self.add(Opcode.LOAD, buffer=buffer, region=region, offset=offset, base=base, x_size=words, y_size=1, z_size=1)

    def gemm(self) -> None:
        hw, draw = self.hw, self.draw
        tiles_at_most = min(12, hw.wgt_depth // hw.tile_words)
        v, h, w = draw.sizes(3, tiles_at_most)
        if v * h * w > tiles_at_most:
            return
        i, j = draw.sizes(2, 30 if draw.chance(0.7) else 2)
        acc_base, (i_acc, j_acc) = draw.strides([i, j], hw.acc_depth, distinct=draw.chance(0.6))
        inp_base, steps = draw.strides([v, h, w, i, j], hw.inp_vectors)
        wgt_base = draw.below(hw.wgt_depth - v * h * w * hw.tile_words + 1)
        self.add(Opcode.GEMM, init=draw.below(2), acc_bank=draw.below(2), inp_base=inp_base, acc_base=acc_base,
                 wgt_base=wgt_base, v_size=v, h_size=h, w_size=w, i_size=i, j_size=j, v_stride=steps[0],
                 h_stride=steps[1], w_stride=steps[2], i_stride=steps[3], j_stride=steps[4], i_acc=i_acc, j_acc=j_acc)

    def alu(self) -> None:
        hw, draw = self.hw, self.draw
        op = AluOp(draw.below(len(AluOp)))
        src0 = Source0.ACC if op == AluOp.MAC else Source0(draw.below(2))
        if op == AluOp.MOV:
            src1 = Source1.NONE
        elif op == AluOp.MAC:
            src1 = Source1.INP
        else:
            src1 = (Source1.INP, Source1.BIAS, Source1.IMM)[draw.below(3)]
            if src0 == Source0.INP and src1 == Source1.INP:
                src1 = Source1.IMM
        destinations = draw.between(1, 7)
        clamp = int(destinations > 1 or draw.chance(0.3))
        low, high = sorted((draw.between(-128, 127), draw.between(-128, 127)))
        if draw.chance(0.6):
            low, high = -128, 127
        requant = Requant(draw.below(3))
        sizes = draw.sizes(3, 40 if draw.chance(0.7) else 4)
        acc_base, acc = draw.strides(sizes, hw.acc_depth)
        src_base, src = draw.strides(sizes, hw.inp_blocks)
        out_base, out = draw.strides(sizes, hw.out_depth)
        dst_base, dst = draw.strides(sizes, hw.inp_blocks)
        k = max(1, sizes[0])
        par_stride = draw.below(min(4, (hw.par_depth - 1) // max(1, k - 1) + 1)) if k > 1 else draw.below(3)
        par_base = draw.below(hw.par_depth - (k - 1) * par_stride)
        immediate = draw.between(-(1 << 31), (1 << 31) - 1) if draw.chance(0.2) else draw.between(-300, 300)
        multiplier, left = draw.below(1 << 31), draw.below(32) if draw.chance(0.2) else draw.below(2)
        right = draw.below(32) if draw.chance(0.5) else draw.below(5)
        if draw.chance(0.4):  # shifts alone, by a few bits: many halves
            multiplier, left, right = 1 << 30, 1, draw.between(1, 4)
        zero = draw.between(-256, 255) if draw.chance(0.2) else draw.between(-6, 6)
        self.add(
            Opcode.ALU, op=op, src0=src0, src1=src1, table_a=draw.below(2),
            table_b=draw.below(2) if src1 == Source1.INP else 0, table_o=draw.below(2) if clamp else 0,
            slot_a=draw.below(2), slot_b=draw.below(2), slot_o=draw.below(2), requant=requant,
            rounding=Rounding(draw.below(4)), clamp=clamp, to_acc=destinations & 1, to_out=destinations >> 1 & 1,
            to_inp=destinations >> 2, acc_bank=draw.below(2), acc_base=acc_base, src_base=src_base, out_base=out_base,
            dst_base=dst_base, par_base=par_base, par_stride=par_stride, k_size=sizes[0], i_size=sizes[1],
            j_size=sizes[2], k_acc=acc[0], i_acc=acc[1], j_acc=acc[2], k_src=src[0], i_src=src[1], j_src=src[2],
            k_out=out[0], i_out=out[1], j_out=out[2], k_dst=dst[0], i_dst=dst[1], j_dst=dst[2],
            multiplier=multiplier, left_shift=left, right_shift=right, zero_point=zero, clamp_min=low, clamp_max=high,
            immediate=immediate)

    def store(self) -> None:
        hw, draw = self.hw, self.draw
        x, y, z = draw.sizes(3, 40)
        base, (z_stride, y_stride) = 0, (0, 0)
        room = hw.out_depth - max(0, x - 1)
        if room < 1:
            return
        base, (z_stride, y_stride) = draw.strides([z, y], room)
        region = (Region.SCRATCH, Region.INPUT, Region.OUTPUT)[draw.below(3)]
        place = self.memory_place([y, z], x * hw.group_bytes, self.sizes[region])
        if place is None:
            return
        offset, (y_pitch, z_pitch) = place
        self.add(Opcode.STORE, region=region, offset=offset, base=base, x_size=x, y_size=y, z_size=z,
                 y_stride=y_stride, z_stride=z_stride, y_pitch=y_pitch, z_pitch=z_pitch)

    # write every buffer out -------------------------------------------------------------------------------------

    def dump(self, count: int) -> None:
        """STORE the first ``count`` groups of OUT to the next place in OUTPUT."""
        self.add(Opcode.STORE, region=Region.OUTPUT, offset=self.output, x_size=count, y_size=1, z_size=1)
        self.output += count * self.hw.group_bytes

    def epilogue(self) -> None:
        hw = self.hw
        self.dump(hw.out_depth)
        for first in range(0, hw.inp_blocks, hw.out_depth):
            count = min(hw.out_depth, hw.inp_blocks - first)
            self.add(Opcode.ALU, op=AluOp.MOV, src0=Source0.INP, clamp=1, clamp_min=-128, clamp_max=127, to_out=1,
                     src_base=first, k_size=1, i_size=1, j_size=count, j_out=1, j_src=1)
            self.dump(count)
        table = np.arange(-128, 128).astype("<i4").tobytes()
        self.add(Opcode.LOAD, buffer=Buffer.TABLE, region=Region.CONSTANT, offset=self.put(table), base=Table.A,
                 x_size=table_words(Table.A, hw), y_size=1, z_size=1)
        for bank in (0, 1):
            for first in range(0, hw.acc_depth, hw.out_depth):
                count = min(hw.out_depth, hw.acc_depth - first)
                place = {"acc_bank": bank, "acc_base": first, "k_size": 1, "i_size": 1, "j_size": count, "j_acc": 1}
                for _ in range(4):  # low byte out, then shift right by a byte
                    self.add(Opcode.ALU, op=AluOp.MOV, src0=Source0.ACC, table_a=1, clamp=1, clamp_min=-128,
                             clamp_max=127, to_out=1, j_out=1, **place)
                    self.dump(count)
                    self.add(Opcode.ALU, op=AluOp.MOV, src0=Source0.ACC, requant=Requant.TENSOR, multiplier=1 << 30,
                             left_shift=1, right_shift=8, rounding=Rounding.FLOOR, to_acc=1, **place)


def generate(hw: HwConfig, seed: int, length: int = 24) -> Case:
    """A random legal program of about ``length`` instructions between filling and writing out the buffers."""
    builder = _Builder(hw, seed)
    builder.prologue()
    builder.body(length)
    builder.epilogue()
    draw = builder.draw

    def extra(_: int) -> list[int]:
        return [unit for unit in range(4) if draw.chance(0.1)]

    program, _ = synchronise(builder.instructions, hw, extra if draw.chance(0.7) else None)
    return _case(builder, program, seed)


def _case(builder: _Builder, program: list[Instruction], seed: int) -> Case:
    stream_offset = builder.put(encode_stream(program, builder.hw.hash))
    random = builder.draw.random
    regions = (
        np.frombuffer(bytes(builder.constant), np.uint8).copy(),
        random.integers(0, 256, builder.sizes[Region.SCRATCH], dtype=np.uint8),
        random.integers(0, 256, builder.sizes[Region.INPUT], dtype=np.uint8),
        random.integers(0, 256, builder.output, dtype=np.uint8),
    )
    return Case(seed, builder.hw, tuple(program), regions, stream_offset)
