"""OpenCL kernel and RTL against the reference: each random program once on all of them, every error by its verdict."""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from flow.conformance.coverage import coverage, must_cover
from flow.conformance.generate import generate
from flow.conformance.illegal import illegal_cases
from flow.conformance.run import Launcher, ReferenceLauncher, run_illegal, run_legal
from flow.conformance.simulated import SimulatedLauncher
from flow.hardware.config import HwConfig
from flow.isa.description import ErrorCode
from flow.opencl import device
from flow.opencl.launcher import OpenClLauncher
from flow.simulate.driver import MemoryModel
from tests.engines import CONFORMANCE, LARGE

#: legal programs on each of nine engines: over 500 in the full tier, over 10,000 in the nightly one
FULL, NIGHTLY = 62, 1112

#: latency, bandwidth and stalls of the RTL's memory, one per stretch of programs
MEMORIES = (
    MemoryModel(memory_bytes=1 << 28, latency=100, seed=1),
    MemoryModel(memory_bytes=1 << 28, latency=1, bandwidth=0, seed=2),
    MemoryModel(memory_bytes=1 << 28, latency=37, bandwidth=3.5, stall_permille=100, reorder=True, seed=3),
    MemoryModel(memory_bytes=1 << 28, latency=300, stall_permille=400, reorder=True, seed=4),
)


@functools.cache
def kernel(hw: HwConfig) -> tuple[Launcher, ...]:
    """The OpenCL engine; nothing without a device, which ``test_all_engines_take_part`` tells."""
    return () if device.missing() else (OpenClLauncher(hw.check()),)


@contextmanager
def launchers(hw: HwConfig, memory: MemoryModel) -> Iterator[tuple[Launcher, ...]]:
    """All engines but the reference."""
    rtl = SimulatedLauncher(hw, memory)
    try:
        yield *kernel(hw), rtl
    finally:
        rtl.close()


def run_programs(hw: HwConfig, seeds: Sequence[int]) -> Counter[str]:
    """Run programs on all engines and memories; returns what they covered."""
    cases = []
    for number, memory in enumerate(MEMORIES):
        with launchers(hw, memory) as engines:
            for seed in seeds[number :: len(MEMORIES)]:
                case = generate(hw, seed)
                cases.append(case)
                difference = run_legal(case, *engines)
                assert difference is None, f"{difference}, {memory}"
    return coverage(cases)


def run_faults(hw: HwConfig, memory: MemoryModel, seed: int, step: int = 1) -> None:
    """Run illegal programs, each followed by a good one."""
    good = generate(hw, seed, length=8)
    cases = illegal_cases(hw, seed)
    assert {case.verdict.code for case in cases} == set(ErrorCode) - {ErrorCode.NONE}
    with launchers(hw, memory) as engines:
        for case in cases[seed % step :: step]:
            difference = run_illegal(case, good, ReferenceLauncher(hw), *engines)
            assert difference is None, f"{difference}"


def fresh_seed() -> int:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    return seed


def test_all_engines_take_part() -> None:
    if device.missing():
        pytest.skip(f"conformance without the OpenCL engine: {device.missing()}")


def test_a_few_programs() -> None:
    run_programs(CONFORMANCE["1x4x4"], range(8))


@pytest.mark.full
@pytest.mark.parametrize("engine", CONFORMANCE)
def test_legal_programs(engine: str) -> None:
    covered = run_programs(CONFORMANCE[engine], range(100, 100 + FULL))
    missing = sorted(name for name in must_cover() if not covered[name])
    print(f"{engine}: {FULL} programs, seeds from 100, all of {len(must_cover())} features covered but {missing}")
    assert not missing


@pytest.mark.nightly
@pytest.mark.parametrize("engine", CONFORMANCE)
def test_many_legal_programs(engine: str) -> None:
    seed = fresh_seed()
    run_programs(CONFORMANCE[engine], range(seed, seed + NIGHTLY))


@pytest.mark.full
@pytest.mark.parametrize("engine", CONFORMANCE)
def test_every_error_class(engine: str) -> None:
    run_faults(CONFORMANCE[engine], MEMORIES[0], 31)


@pytest.mark.nightly
@pytest.mark.parametrize("engine", CONFORMANCE)
def test_errors_of_other_programs(engine: str) -> None:
    run_faults(CONFORMANCE[engine], MEMORIES[2], fresh_seed())


@pytest.mark.nightly
def test_an_engine_of_an_fpgas_size() -> None:
    seed = fresh_seed()
    run_programs(LARGE, range(seed, seed + len(MEMORIES)))
    run_faults(LARGE, MEMORIES[0], seed, step=30)
