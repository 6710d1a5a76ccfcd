"""Planted differences in a copy of the kernel: each is found within 200 random programs, whatever the seed."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from flow.conformance.generate import generate
from flow.conformance.illegal import illegal_cases
from flow.conformance.run import run_illegal, run_legal
from flow.hardware.config import HwConfig
from flow.opencl.kernel import SOURCES
from flow.opencl.launcher import OpenClLauncher
from tests.engines import CONFORMANCE
from tests.opencl.device import needs_opencl

PROGRAMS = 200


@dataclass(frozen=True)
class Mutant:
    """``old`` (once in the file) becomes ``new``; verdict: only illegal programs can show it."""

    name: str
    file: str
    old: str
    new: str
    verdict: bool = False


MUTANTS = (
    Mutant("half to even takes the floor", "flow_alu.h", "rounding == FLOW_ROUNDING_FLOOR ?",
           "rounding == FLOW_ROUNDING_HALF_EVEN ?"),
    Mutant("half up rounds twice", "flow_alu.h", "select((flow_ints)nudge, (flow_ints)0, shifts)", "(flow_ints)nudge"),
    Mutant("unsigned zero point", "flow_alu.h", "FLOW_SIGNED(i, ALU, ZERO_POINT)", "FLOW_FIELD(i, ALU, ZERO_POINT)"),
    Mutant("MUL takes all of a", "flow_alu.h", "return flow_low_half(a) *", "return a *"),
    Mutant("parameters step by one", "flow_alu.h", "u->par += u->par_stride", "u->par += 1"),
    Mutant("every tile overwrites", "flow_gemm.h", "u->first = u->holding = false", "u->holding = false"),
    Mutant("kernel rows start behind the last column", "flow_gemm.h", "u->tap = u->tap_row += u->h_stride",
           "u->tap_row += u->h_stride, u->tap += u->h_stride"),
    Mutant("padded rows consume memory", "flow_load.h", "if (inside_row) u->source", "u->source"),
    Mutant("store planes by the row's step", "flow_store.h", "u->plane += u->z_stride", "u->plane += u->y_stride"),
    Mutant("tokens are given before the work is done", "flow_units.h", "if (!c->active || c->moving) return false;",
           "if (!c->active) return false;"),
    Mutant("last accumulator is out of range", "flow_legality.h", "acc >= FLOW_ENGINE_ACC_DEPTH",
           "acc > FLOW_ENGINE_ACC_DEPTH", verdict=True),
    Mutant("tokens may be left at FINISH", "flow_engine.cl", "if (finish && idle && !left && !progress)",
           "if (finish && idle && !progress)", verdict=True),
)


def found_after(launcher: OpenClLauncher, hw: HwConfig, seed: int, verdict: bool) -> int | None:
    """Number of the first random program whose result is not the reference's, or None."""
    if not verdict:
        return next((n for n in range(PROGRAMS) if run_legal(generate(hw, seed + n), launcher)), None)
    good = generate(hw, seed, length=8)
    cases = (case for n in range(PROGRAMS) for case in illegal_cases(hw, seed + n))
    return next((n for n, case in enumerate(islice(cases, PROGRAMS)) if run_illegal(case, good, launcher)), None)


def test_each_edit_is_one_place() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 10
    for mutant in MUTANTS:
        assert (SOURCES / mutant.file).read_text().count(mutant.old) == 1, mutant.name


@needs_opencl
@pytest.mark.nightly
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_found(mutant: Mutant, tmp_path: Path) -> None:
    seed = random.randrange(1 << 30)
    sources = tmp_path / "kernel"
    shutil.copytree(SOURCES, sources)
    path = sources / mutant.file
    path.write_text(path.read_text().replace(mutant.old, mutant.new))
    hw = CONFORMANCE["1x4x4"]
    number = found_after(OpenClLauncher(hw, sources=sources), hw, seed, mutant.verdict)
    print("seed", seed, "found after", number)
    assert number is not None
