"""Every planted fault is caught by the tests that stand for its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from .harness import Mutant, apply, copy_project, run_tests

RTL = ("tests/conformance/test_engines.py::test_legal_programs[1x4x4]",)
SCHEDULE = ("tests/schedule/test_random_graphs.py", "-k", "1x4x4")
ANY_ORDER = ("tests/isa/test_synchronise.py", "-k", "1x4x4")

MUTANTS = (
    Mutant("requantiser rounds halves up instead of away", "rtl/alu_lanes.sv",
           "ROUNDING_HALF_AWAY: up = guard_q[p] && (sticky_q[p] || !floor_q[p][VALUE_BITS-1]);",
           "ROUNDING_HALF_AWAY: up = guard_q[p];", RTL),
    Mutant("requantiser without its nudge", "rtl/alu_lanes.sv", "(floor ? '0 : $signed(WIDE'(NUDGE)))", "'0", RTL),
    Mutant("token popped without being there", "rtl/token_channels.sv",
           "if (pop_mask_i[c][p] && none_q[p][c]) pop_ready_o[c] = 1'b0;", "if (1'b0) pop_ready_o[c] = 1'b0;", RTL),
    Mutant("padding with zero", "rtl/load_receive.sv", "{GROUP_BYTES{work_q.load.pad_value}}", "'0", RTL),
    Mutant("GEMM's row loop ends early", "rtl/gemm.sv",
           ".load_i(work_pop), .size_i(work.i_size)", ".load_i(work_pop), .size_i(work.i_size - 1'b1)", RTL),
    Mutant("GEMM's kernel row step", "rtl/gemm.sv", "inp_h_q + STEP_BITS'(gemm_q.h_stride)",
           "inp_h_q + STEP_BITS'(gemm_q.w_stride)", RTL),
    Mutant("table B read at slot A", "rtl/alu_lanes.sv", "{control_i[LOOKUP].slot_b, byte_q[p]}",
           "{control_i[LOOKUP].slot_a, byte_q[p]}", RTL),
    Mutant("no accumulator hazard interlock", "rtl/gemm.sv",
           "if (candidate_new.init) hit = '0;", "hit = '0;", RTL),
    Mutant("zero point folded with the wrong sign", "flow/schedule/lower.py", "- (zero * weights.sums() <<",
           "+ (zero * weights.sums() <<", SCHEDULE),
    Mutant("a row too few of the source", "flow/schedule/geometry.py",
           "stop = (first + count - 1) * stride - before + (kernel - 1) * dilation + 1",
           "stop = (first + count - 1) * stride - before + (kernel - 1) * dilation", SCHEDULE),
    Mutant("planes of the layout in the wrong order", "flow/schedule/transfer.py",
           "first = vectors.start * hw.blocks + part", "first = vectors.start * hw.blocks + hw.blocks - 1 - part",
           ("tests/schedule/test_random_graphs.py", "-k", "1x16x8")),
    Mutant("write after read forgotten", "flow/isa/synchronise.py", "        if write:\n            for entry in",
           "        if False:\n            for entry in", ANY_ORDER),
    Mutant("memory known too early", "flow/isa/synchronise.py",
           "if unit == Unit.LOAD and v == Unit.STORE and other != Unit.STORE:", "if False:",
           ("tests/isa/test_tokens.py",)),
    Mutant("a register's offset in the C header", "firmware/include/flow_isa.h", "#define FLOW_REG_STATUS 0x024u",
           "#define FLOW_REG_STATUS 0x028u", ("tests/isa/test_encoding.py",)),
    Mutant("host lays the lanes out in the wrong order", "firmware/src/flow_layout.c",
           "(size_t)lane * l->cols;\n            for", "(size_t)(l->pix - 1 - lane) * l->cols;\n            for",
           ("tests/firmware",)),
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy without a fault, in which the same tests pass."""
    project = copy_project(tmp_path_factory.mktemp("sound") / "project")
    for tests in dict.fromkeys(mutant.tests for mutant in MUTANTS):
        result = run_tests(tests, project)
        assert result.returncode == 0, f"{tests} fail without any fault:\n{result.stdout[-3000:]}"
    return project


@pytest.mark.nightly
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_fault_is_caught(mutant: Mutant, sound: Path, tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    apply(mutant, project)
    result = run_tests(mutant.tests, project)
    assert result.returncode == 1, f"{mutant.name}: not caught\n{result.stdout[-3000:]}{result.stderr[-2000:]}"


def test_every_fault_has_its_place() -> None:
    for mutant in MUTANTS:
        text = (Path(__file__).resolve().parents[2] / mutant.file).read_text()
        assert text.count(mutant.old) == 1, f"{mutant.name}: {text.count(mutant.old)} places in {mutant.file}"
