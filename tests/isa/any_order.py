"""Executes a program in random order, held back by nothing but the tokens: what synchronisation must survive."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from flow.isa import description as isa
from flow.isa.description import Opcode, Unit
from flow.isa.encoding import Instruction
from flow.reference import Engine
from flow.reference.alu import alu
from flow.reference.gemm import gemm
from flow.reference.load import load
from flow.reference.store import store


def execute(program: Sequence[Instruction], engine: Engine, regions: Sequence[np.ndarray], seed: int) -> None:
    """Run to FINISH; a STORE gives its token to ALU before its data reach memory, its token to LOAD after."""
    random = np.random.default_rng(seed)
    queues: dict[Unit, deque[Instruction]] = {unit: deque() for unit in Unit}
    for instruction in program:
        queues[isa.UNIT_OF[instruction.opcode]].append(instruction)
    tokens = dict.fromkeys(isa.CHANNELS, 0)
    units = [Unit.LOAD, Unit.GEMM, Unit.ALU, Unit.STORE]
    late: deque[tuple[Instruction, np.ndarray]] = deque()  # stores that have read OUT but not written memory

    def give(instruction: Instruction, unit: Unit, to: Sequence[Unit]) -> None:
        for other in to:
            if instruction.push >> other & 1:
                tokens[unit, other] += 1

    def write_one() -> None:
        instruction, out = late.popleft()
        kept, engine.state.out = engine.state.out, out
        store(instruction, engine.state, regions[instruction.region])
        engine.state.out = kept
        give(instruction, Unit.STORE, [Unit.LOAD])

    while any(queues[unit] for unit in units) or late:
        weights = random.random(4) ** 3
        for unit in sorted(units, key=lambda u: -weights[u]):
            if not queues[unit]:
                continue
            instruction = queues[unit][0]
            sources = [(other, unit) for other in units if instruction.pop >> other & 1]
            if any(tokens[channel] == 0 for channel in sources):
                continue
            for channel in sources:
                tokens[channel] -= 1
            queues[unit].popleft()
            match instruction.opcode:
                case Opcode.LOAD:
                    load(instruction, engine.state, regions[instruction.region])
                case Opcode.GEMM:
                    gemm(instruction, engine.state)
                case Opcode.ALU:
                    alu(instruction, engine.state)
                case Opcode.STORE:
                    late.append((instruction, engine.state.out.copy()))
                    give(instruction, unit, [Unit.ALU])
                    break
            give(instruction, unit, units)
            break
        else:
            if not late:
                raise AssertionError("deadlock")
            write_one()
            continue
        if late and random.random() < 0.2:
            write_one()
