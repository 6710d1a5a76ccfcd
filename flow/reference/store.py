"""STORE: see its manual page."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flow.isa.encoding import Instruction
from flow.reference.state import State


def store(i: Instruction, state: State, memory: npt.NDArray[np.uint8]) -> None:
    """Execute on ``memory``, the bytes of the instruction's region."""
    for z in range(i.z_size):
        for y in range(i.y_size):
            first = i.base + z * i.z_stride + y * i.y_stride
            at = i.offset + z * i.z_pitch + y * i.y_pitch
            data = state.out[first : first + i.x_size].reshape(-1).view(np.uint8)
            memory[at : at + len(data)] = data
