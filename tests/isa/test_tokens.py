"""The network of token counters and the automatic synchronisation."""

from __future__ import annotations

import numpy as np

from flow.conformance.generate import generate
from flow.hardware.config import HwConfig
from flow.isa import tokens
from flow.isa.description import AluOp, Buffer, Opcode, Region, Unit
from flow.isa.encoding import make
from flow.isa.synchronise import synchronise
from flow.reference import Engine

HW = HwConfig(1, 4, 4, axi_bytes=8, inp_banks=2, inp_depth=64, acc_depth=32, wgt_depth=64, out_depth=32, par_depth=8)


def load(**fields: int):
    return make(Opcode.LOAD, buffer=Buffer.INPUT, region=Region.SCRATCH, x_size=4, y_size=1, z_size=1, x_stride=1,
                **fields)


def gemm(**fields: int):
    return make(Opcode.GEMM, init=1, v_size=1, h_size=1, w_size=1, i_size=1, j_size=4, j_stride=1, j_acc=1, **fields)


def to_out(**fields: int):
    return make(Opcode.ALU, op=AluOp.MOV, clamp=1, clamp_min=-128, clamp_max=127, to_out=1, k_size=1, i_size=1,
                j_size=4, j_acc=1, j_out=1, **fields)


def store(**fields: int):
    return make(Opcode.STORE, region=Region.SCRATCH, x_size=4, y_size=1, z_size=1, **fields)


def test_a_chain_gets_one_token_per_link() -> None:
    program, _ = synchronise([load(), gemm(), to_out(), store()], HW)
    assert [(i.pop, i.push) for i in program] == [(0, 1 << Unit.GEMM), (1 << Unit.LOAD, 1 << Unit.ALU),
                                                  (1 << Unit.GEMM, 1 << Unit.STORE), (1 << Unit.ALU, 0), (0, 0)]


def test_independent_work_gets_no_token() -> None:
    program, _ = synchronise([load(base=32), gemm()], HW)
    assert not any(i.pop or i.push for i in program)


def test_write_after_read_waits() -> None:
    program, _ = synchronise([gemm(), load()], HW)
    assert program[1].pop == 1 << Unit.GEMM and program[0].push == 1 << Unit.LOAD


def test_memory_written_by_store_is_read_only_after_its_response() -> None:
    """STORE's token to ALU does not tell that memory was written: LOAD must get its own."""
    program, _ = synchronise([to_out(), store(), to_out(src0=1, j_src=1), load()], HW)
    assert program[2].pop == 1 << Unit.STORE  # OUT is overwritten
    assert program[3].pop == 1 << Unit.STORE | 1 << Unit.ALU  # the memory is read, the input overwritten


def test_store_over_memory_that_load_still_reads_goes_through_the_alu() -> None:
    program, positions = synchronise([load(), store()], HW)
    assert len(program) == 4 and positions == [0, 2]
    assert program[1].opcode == Opcode.ALU and program[1].pop == 1 << Unit.LOAD
    assert program[2].pop == 1 << Unit.ALU
    assert Engine(HW).execute(program, [np.zeros(4096, np.uint8)] * 4).code == 0


def test_verdicts() -> None:
    finish = make(Opcode.FINISH)
    starved = tokens.simulate([gemm(pop=1 << Unit.LOAD), finish])
    assert starved is not None and (starved.unit, starved.pc) == (Unit.GEMM, 0)
    left = tokens.simulate([gemm(push=1 << Unit.ALU), finish])
    assert left is not None and (left.unit, left.pc) == (Unit.FETCH, 1)


def test_random_programs_are_serially_legal_and_live() -> None:
    for seed in range(20):
        case = generate(HW, seed)
        assert tokens.serial_problem(case.program) is None, f"seed {seed}"
        assert tokens.simulate(case.program) is None, f"seed {seed}"


def test_dropping_any_token_is_noticed() -> None:
    case = generate(HW, 3)
    for pc, instruction in enumerate(case.program):
        if instruction.pop:
            broken = [*case.program[:pc], instruction.replace(pop=0), *case.program[pc + 1 :]]
            assert tokens.serial_problem(broken) is not None


def test_many_tokens_are_thinned_out() -> None:
    """700 stores that 700 loads of the next layer wait for do not overflow a channel."""
    pieces = [store(offset=16 * n) for n in range(700)] + [load(offset=16 * n) for n in range(700)]
    program, _ = synchronise(pieces, HW)
    assert tokens.serial_problem(program) is None
    assert sum(i.pop >> Unit.STORE & 1 for i in program if i.opcode == Opcode.LOAD) > 100
