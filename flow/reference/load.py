"""LOAD: see its manual page."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flow.isa import description as isa
from flow.isa.description import Buffer, Table
from flow.isa.encoding import Instruction
from flow.reference.state import State

Memory = npt.NDArray[np.uint8]


def load(i: Instruction, state: State, memory: Memory) -> None:
    """Execute on ``memory``, the bytes of the instruction's region."""
    if i.buffer == Buffer.INPUT:
        load_input(i, state, memory)
        return
    words = memory[i.offset : i.offset + i.x_size * state.hw.axi_bytes].reshape(i.x_size, state.hw.axi_bytes)
    if i.buffer == Buffer.WEIGHT:
        state.wgt[i.base : i.base + i.x_size] = words
    elif i.buffer == Buffer.PARAMETER:
        state.par[i.base : i.base + i.x_size] = words
    else:
        load_table(i.base, words.tobytes(), state)


def load_table(base: int, data: bytes, state: State) -> None:
    if base >= Table.O:
        state.table_o[base - Table.O] = np.frombuffer(data, np.int8)[: isa.TABLE_ENTRIES]
    elif base >= Table.B:
        state.table_b[base - Table.B] = np.frombuffer(data, "<i4")[: isa.TABLE_ENTRIES]
    else:
        state.table_a[base - Table.A] = np.frombuffer(data, "<i4")[: isa.TABLE_ENTRIES]


def load_input(i: Instruction, state: State, memory: Memory) -> None:
    hw = state.hw
    blocks = state.inp_blocks
    for z in range(i.z_size):
        for y in range(i.pad_top + i.y_size + i.pad_bottom):
            first = i.base + z * i.z_stride + y * i.y_stride
            row = np.full((i.pad_left + i.x_size + i.pad_right, hw.pix, hw.cols), i.pad_value, np.int8)
            if i.pad_top <= y < i.pad_top + i.y_size and i.x_size:
                at = i.offset + z * i.z_pitch + (y - i.pad_top) * i.y_pitch
                data = memory[at : at + i.x_size * hw.group_bytes].view(np.int8)
                row[i.pad_left : i.pad_left + i.x_size] = data.reshape(i.x_size, hw.pix, hw.cols)
            if i.x_stride:
                index = first + i.x_stride * np.arange(len(row))
                blocks[index // hw.blocks, :, index % hw.blocks] = row
            elif len(row):
                blocks[first // hw.blocks, :, first % hw.blocks] = row[-1]
