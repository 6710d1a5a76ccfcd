"""The RTL in Verilator, behind the C firmware and its simulation transport."""

from __future__ import annotations

from collections.abc import Sequence

from flow.build.progress import Progress
from flow.schedule import timing
from flow.schedule.program import Program
from flow.simulate import host
from flow.simulate.driver import MemoryModel
from flow.verify.engines import BatchRun, Image
from flow.verify.layout import unpack

#: chance, in thousandths, of each memory handshake to be held back for a cycle
STALL_PERMILLE = 10


#: a launch is given up after this many times its estimated cycles, and some more for a small program
_PATIENCE = 10
_START_UP = 200_000


def patience(program: Program) -> int:
    """Cycles after which a launch of ``program`` is held to be stuck."""
    return _START_UP + _PATIENCE * timing.estimate(program).cycles


class RtlEngine:
    """One core with its share of the device's memory and random stalls; each batch is a launch of its own."""

    name = "rtl"

    def __init__(self, program: Program, seed: int, progress: Progress) -> None:
        self.program = program
        self.progress = progress
        self.memory = MemoryModel(bandwidth=program.bytes_per_cycle, stall_permille=STALL_PERMILLE, seed=seed + 1)
        self.library = host.engine_library(program)

    def run(self, images: Sequence[Image]) -> BatchRun:
        """Raises ToolError if the engine ends with an error, breaks the AXI protocol or leaves bytes unwritten."""
        result = host.run(self.program, images, self.memory, library=self.library,
                          on_progress=self._report, timeout_cycles=patience(self.program))
        launch, = result.launches
        finished = {written.tensor: cycle for written, cycle in zip(self.program.written, launch.finished, strict=True)}
        tensors = {written.tensor: unpack(launch.tensors[written.tensor], written.layout)
                   for written in self.program.written}
        return BatchRun(result.outputs, tensors, finished, launch.counters["CYCLES"], launch.counters,
                        result.seconds)

    def _report(self, cycles: int, done: int, total: int) -> None:
        self.progress.update(done, total, f"tensors, {cycles} cycles")

    def close(self) -> None:
        pass
