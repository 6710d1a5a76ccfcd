"""Random networks x engines x memory stalls through the RTL, equal to TensorFlow Lite's reference kernels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flow.simulate.driver import MemoryModel
from tests.engines import ENGINES

from .random_networks import random_network
from .run import compare

REGRESSIONS = Path(__file__).parents[1] / "regressions" / "networks.json"

CASES = {"seed": st.integers(0, 2**32 - 1), "operations": st.integers(1, 8), "engine": st.sampled_from(sorted(ENGINES)),
         "stalls": st.sampled_from([0, 50, 300]), "trace": st.booleans()}


def check(seed: int, operations: int, engine: str, stalls: int, trace: bool) -> None:
    case = json.dumps({"seed": seed, "operations": operations, "engine": engine, "stalls": stalls, "trace": trace})
    hw = ENGINES[engine]
    flatbuffer, graph, images = random_network(seed, operations, hw.pix)
    memory = MemoryModel(memory_bytes=1 << 28, stall_permille=stalls, reorder=stalls > 0, seed=seed % 1000 + 1)
    try:
        assert compare(flatbuffer, graph, images, hw, memory, trace) > 0
    except AssertionError as error:
        raise AssertionError(f"{error}\nkeep it: add {case} to {REGRESSIONS.name}") from error


@pytest.mark.full
@settings(max_examples=50, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(**CASES)
def test_random_networks(seed: int, operations: int, engine: str, stalls: int, trace: bool) -> None:
    check(seed, operations, engine, stalls, trace)


@pytest.mark.nightly
@settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(**CASES)
def test_many_random_networks(seed: int, operations: int, engine: str, stalls: int, trace: bool) -> None:
    check(seed, operations, engine, stalls, trace)


@pytest.mark.full
@pytest.mark.parametrize("case", json.loads(REGRESSIONS.read_text()), ids=lambda case: str(case["seed"]))
def test_regressions(case: dict[str, object]) -> None:
    check(**case)  # type: ignore[arg-type]
