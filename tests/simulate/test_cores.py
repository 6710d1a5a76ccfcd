"""Two cores at once: different batches, a memory channel each and one shared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flow.conformance.generate import Case, generate
from flow.reference import Engine
from flow.simulate.driver import MemoryModel, Simulator, Windows
from tests.engines import ENGINES

GAP = 1 << 16


def place(simulator: Simulator, case: Case, core: int) -> Windows:
    """Lay a case's regions out in the core's channel; cores that share a channel get their own part of it."""
    at = GAP * (1 + 64 * core)
    places = []
    for region in case.regions:
        simulator.write_memory(simulator.channel_of(core), at, region.tobytes())
        places.append((at, len(region)))
        at += -(-len(region) // GAP) * GAP
    return Windows(*places)


@pytest.mark.full
@pytest.mark.parametrize("channels", [1, 2])
def test_two_cores_run_two_programs_at_once(channels: int) -> None:
    hw = replace(ENGINES["2x8x8"], cores=2, channels=channels)
    cases = [generate(hw, seed, length=60) for seed in (21, 22)]
    expected = []
    for case in cases:
        regions = [region.copy() for region in case.regions]
        assert Engine(hw, 1).launch(regions, case.stream_offset).code == 0
        expected.append(regions)
    with Simulator(hw, MemoryModel(memory_bytes=1 << 28, stall_permille=50, reorder=True, seed=3)) as simulator:
        windows = [place(simulator, case, core) for core, case in enumerate(cases)]
        for core in (0, 1):
            simulator.set_windows(windows[core], core)
        for core, case in enumerate(cases):
            simulator.start(case.stream_offset, core)
        assert all(simulator.read_field("STATUS", "BUSY", core) for core in (0, 1))  # both are running
        for core in (0, 1):
            verdict = simulator.finish(core, 10_000_000)
            assert verdict.done, f"core {core}: {verdict}"
        assert simulator.protocol_error is None
        for core in (0, 1):
            spans = (windows[core].constant, windows[core].scratch, windows[core].input, windows[core].output)
            for (base, size), want in zip(spans, expected[core], strict=True):
                got = np.frombuffer(simulator.read_memory(simulator.channel_of(core), base, size), np.uint8)
                assert np.array_equal(got, want), f"core {core}"
