"""The RTL engine in Verilator as a Launcher."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from flow.hardware.config import HwConfig
from flow.isa.description import ErrorCode, Region, Unit
from flow.reference import Verdict
from flow.simulate.driver import MemoryModel, Simulator, Windows

Memory = npt.NDArray[np.uint8]

_ALIGNMENT = 1 << 16
_MAX_CYCLES = 20_000_000


class SimulatedLauncher:
    """One core of a simulated engine; memory and buffers keep their contents from launch to launch.

    Raises ToolError where the engine does not end and AssertionError on a breach of the AXI protocol.
    """

    name = "rtl"
    has_bus = True

    def __init__(self, hw: HwConfig, model: MemoryModel = MemoryModel(), core: int = 0) -> None:
        self.simulator = Simulator(hw, model)
        self.core = core
        self.cycles = 0

    def close(self) -> None:
        self.simulator.close()

    def launch(self, regions: Sequence[Memory], stream_offset: int, watchdog: int = 0,
               bus_error: bool = False) -> Verdict:
        """Run on ``regions`` in place; after an error the core is reset, ready for the next launch."""
        simulator, core = self.simulator, self.core
        channel = simulator.channel_of(core)
        places: list[tuple[int, int]] = []
        at = _ALIGNMENT * (1 + 1024 * core)
        for region in regions:
            places.append((at, len(region)))
            simulator.write_memory(channel, at, region.tobytes())
            at += -(-max(len(region), 1) // _ALIGNMENT) * _ALIGNMENT + _ALIGNMENT
        if bus_error:
            simulator.inject_error(channel, places[Region.INPUT][0], 1)  # every program begins with reading it
        got = simulator.launch(Windows(*places), stream_offset, core, _MAX_CYCLES, watchdog)
        self.cycles = got.cycles
        simulator.clear_errors()
        for region, (base, size) in zip(regions, places, strict=True):
            region[:] = np.frombuffer(simulator.read_memory(channel, base, size), np.uint8)
        if simulator.protocol_error:
            raise AssertionError(simulator.protocol_error)
        if got.done:
            return Verdict(ErrorCode.NONE, Unit.LOAD, 0)
        simulator.soft_reset(core)
        return Verdict(got.error, Unit(got.unit), got.pc)
