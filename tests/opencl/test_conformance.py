"""The kernel against the reference on random programs, every byte and every verdict."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest

from flow.conformance.generate import coverage, generate, must_cover
from flow.conformance.illegal import illegal_cases
from flow.conformance.run import run_illegal, run_legal
from flow.isa.description import ErrorCode, Region, Unit
from flow.isa.encoding import encode_stream
from flow.reference import Verdict

from .engines import ENGINES, launcher, needs_opencl

pytestmark = needs_opencl


def hold(name: str, count: int, in_memory: bool | None = None, latency: int | None = None) -> None:
    """Run ``count`` fresh random programs."""
    seed = random.randrange(1 << 30)
    print("seed", seed)
    for n in range(count):
        difference = run_legal(generate(ENGINES[name], seed + n), launcher(name, in_memory, latency))
        assert difference is None, f"engine {name}: {difference}"


@pytest.mark.parametrize("name", ["1x4x4", "2x16x8"])
def test_random_programs(name: str) -> None:
    hold(name, 4)


@pytest.mark.full
@pytest.mark.parametrize("name", ENGINES)
def test_many_random_programs(name: str) -> None:
    hold(name, 50)


@pytest.mark.nightly
@pytest.mark.parametrize("name", ENGINES)
def test_ten_thousand_random_programs(name: str) -> None:
    hold(name, 10_000 // len(ENGINES) + 1)


@pytest.mark.full
@pytest.mark.parametrize("name", ENGINES)
def test_buffers_in_local_memory(name: str) -> None:
    """The way FPGAs hold them; the other tests leave them in the host's memory, as CPUs must with large engines."""
    hold(name, 10, in_memory=False)


@pytest.mark.full
@pytest.mark.parametrize(("name", "latency"), [("1x4x4", 1), ("1x4x4", 7), ("2x16x8", 30)])
def test_pipelined_loop(name: str, latency: int) -> None:
    """Interlocks and late tokens as on FPGAs change nothing but the number of steps."""
    hold(name, 20, latency=latency)
    hold_illegal(name, 4, latency)


def test_programs_cover_the_instruction_set() -> None:
    seen = coverage([generate(ENGINES["1x4x4"], seed) for seed in range(40)])
    assert {name for name in must_cover() if not seen[name]} == set()


def hold_illegal(name: str, step: int, latency: int | None = None) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    hw = ENGINES[name]
    good = generate(hw, seed, length=8)
    cases = [case for case in illegal_cases(hw, seed) if not case.bus_error]  # no memory of OpenCL answers with errors
    codes = {case.verdict.code for case in cases}
    assert codes == set(ErrorCode) - {ErrorCode.NONE, ErrorCode.BUS}
    for case in cases[seed % step :: step]:
        difference = run_illegal(case, launcher(name, latency=latency), good)
        assert difference is None, f"seed {seed}, engine {name}: {difference}"


def test_some_illegal_programs() -> None:
    hold_illegal("1x4x4", 6)


@pytest.mark.full
@pytest.mark.parametrize("name", ENGINES)
def test_illegal_programs(name: str) -> None:
    hold_illegal(name, 1)


def test_streams_that_leave_their_region() -> None:
    hw = ENGINES["1x4x4"]
    case = generate(hw, 1, length=4)
    end = len(case.regions[Region.CONSTANT])
    short = (case.regions[0][:-64], *case.regions[1:])
    window = Verdict(ErrorCode.WINDOW, Unit.FETCH, 0)
    assert launcher("1x4x4").launch([region.copy() for region in short], case.stream_offset) == window
    assert launcher("1x4x4").launch([region.copy() for region in case.regions], end) == window
    empty = dataclasses.replace(case, regions=(np.frombuffer(encode_stream([], hw.hash), np.uint8), *case.regions[1:]))
    assert launcher("1x4x4").launch([region.copy() for region in empty.regions], 0) == Verdict(
        ErrorCode.ILLEGAL, Unit.FETCH, 0)


def test_a_bus_error_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="cannot answer with an error"):
        launcher("1x4x4").launch([np.zeros(0, np.uint8)] * 4, 0, bus_error=True)
