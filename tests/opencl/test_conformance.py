"""The kernel's variants against the reference on random programs; tests/conformance runs the plain one with the RTL."""

from __future__ import annotations

import random

import numpy as np
import pytest

from flow.conformance.generate import generate
from flow.conformance.illegal import illegal_cases
from flow.conformance.run import run_illegal, run_legal
from tests.engines import CONFORMANCE

from .device import launcher, needs_opencl

pytestmark = needs_opencl


def hold(name: str, count: int, in_memory: bool | None = None, latency: int | None = None) -> None:
    """Run ``count`` fresh random programs."""
    seed = random.randrange(1 << 30)
    print("seed", seed)
    for n in range(count):
        difference = run_legal(generate(CONFORMANCE[name], seed + n), launcher(name, in_memory, latency))
        assert difference is None, f"engine {name}: {difference}"


@pytest.mark.parametrize("name", ["1x4x4", "2x8x8"])
def test_random_programs(name: str) -> None:
    hold(name, 4)


@pytest.mark.full
@pytest.mark.parametrize("name", CONFORMANCE)
def test_buffers_in_local_memory(name: str) -> None:
    """The way FPGAs hold them; the other tests leave them in the host's memory, as CPUs must with large engines."""
    hold(name, 10, in_memory=False)


@pytest.mark.full
@pytest.mark.parametrize(("name", "latency"), [("1x4x4", 1), ("1x4x4", 7), ("1x16x8", 30)])
def test_pipelined_loop(name: str, latency: int) -> None:
    """Interlocks and late tokens as on FPGAs change nothing but the number of steps."""
    hold(name, 20, latency=latency)
    hold_illegal(name, 4, latency)


def hold_illegal(name: str, step: int, latency: int | None = None) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    hw = CONFORMANCE[name]
    good = generate(hw, seed, length=8)
    for case in illegal_cases(hw, seed)[seed % step :: step]:
        difference = run_illegal(case, good, launcher(name, latency=latency))
        assert difference is None, f"engine {name}: {difference}"


def test_some_illegal_programs() -> None:
    hold_illegal("1x4x4", 6)


def test_a_bus_error_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="cannot answer with an error"):
        launcher("1x4x4").launch([np.zeros(0, np.uint8)] * 4, 0, bus_error=True)
