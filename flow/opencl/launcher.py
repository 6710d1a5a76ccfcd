"""The OpenCL engine as the conformance runner's Launcher."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flow.hardware.config import HwConfig
from flow.opencl.device import Device, Memory
from flow.opencl.kernel import SOURCES
from flow.reference import Verdict


class OpenClLauncher:
    """One engine on the first OpenCL device. It has no bus that could answer with an error."""

    name = "opencl"
    has_bus = False

    def __init__(self, hw: HwConfig, in_memory: bool | None = None, sources: Path = SOURCES,
                 latency: int | None = None) -> None:
        self.device = Device(hw, in_memory=in_memory, sources=sources, latency=latency)

    def launch(self, regions: Sequence[Memory], stream_offset: int, watchdog: int = 0,
               bus_error: bool = False) -> Verdict:
        """Run on ``regions`` in place; the watchdog counts steps of the kernel's loop."""
        if bus_error:
            raise ValueError("an OpenCL device's memory cannot answer with an error")
        return self.device.launch(regions, stream_offset, watchdog).verdict
