"""The RTL against the reference: random legal programs byte for byte, every error class by its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from flow.conformance.generate import coverage, generate, must_cover
from flow.conformance.illegal import illegal_cases
from flow.conformance.run import run_illegal, run_legal
from flow.conformance.simulated import SimulatedLauncher
from flow.simulate.driver import MemoryModel
from tests.engines import ENGINES

#: programs per engine in the full tier (five engines: more than 300) and in the nightly tier (more than 10,000)
FULL, NIGHTLY = 62, 2010

#: latency, bandwidth and stalls, one per stretch of programs
MEMORIES = (
    MemoryModel(memory_bytes=1 << 28, latency=100, seed=1),
    MemoryModel(memory_bytes=1 << 28, latency=1, bandwidth=0, seed=2),
    MemoryModel(memory_bytes=1 << 28, latency=37, bandwidth=3.5, stall_permille=100, reorder=True, seed=3),
    MemoryModel(memory_bytes=1 << 28, latency=300, stall_permille=400, reorder=True, seed=4),
)


def run_programs(engine: str, seeds: range) -> Counter[str]:
    """Run programs on all memories; returns what they covered."""
    hw = ENGINES[engine]
    cases = []
    step = -(-len(seeds) // len(MEMORIES))
    for number, memory in enumerate(MEMORIES):
        launcher = SimulatedLauncher(hw, memory)
        try:
            for seed in seeds[number * step : (number + 1) * step]:
                case = generate(hw, seed)
                cases.append(case)
                assert run_legal(case, launcher) is None, f"engine {engine}, seed {seed}, {memory}"
        finally:
            launcher.close()
    return coverage(cases)


@pytest.fixture(scope="module")
def smallest() -> Iterator[SimulatedLauncher]:
    launcher = SimulatedLauncher(ENGINES["1x4x4"], MEMORIES[2])
    yield launcher
    launcher.close()


def test_a_few_programs(smallest: SimulatedLauncher) -> None:
    for seed in range(8):
        assert run_legal(generate(ENGINES["1x4x4"], seed), smallest) is None, f"seed {seed}"


@pytest.mark.full
@pytest.mark.parametrize("engine", ENGINES)
def test_legal_programs(engine: str) -> None:
    covered = run_programs(engine, range(100, 100 + FULL))
    wanted = must_cover()
    missing = sorted(name for name in wanted if not covered[name])
    print(f"{engine}: {FULL} programs, seeds from 100, {len(wanted) - len(missing)} of {len(wanted)} features covered")
    assert not missing


@pytest.mark.nightly
@pytest.mark.parametrize("engine", ENGINES)
def test_many_legal_programs(engine: str) -> None:
    run_programs(engine, range(10_000, 10_000 + NIGHTLY))


@pytest.mark.full
@pytest.mark.parametrize("engine", ENGINES)
def test_every_error_class(engine: str) -> None:
    hw = ENGINES[engine]
    launcher = SimulatedLauncher(hw, MEMORIES[0])
    try:
        good = generate(hw, 5, length=8)
        for illegal in illegal_cases(hw, 31):
            difference = run_illegal(illegal, launcher, good)
            assert difference is None, f"{illegal.name}: {difference}"
    finally:
        launcher.close()
