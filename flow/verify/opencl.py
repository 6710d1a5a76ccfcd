"""The OpenCL kernel on the first OpenCL device, with the host part in NumPy."""

from __future__ import annotations

import time
from collections.abc import Sequence

from flow.build.progress import Progress
from flow.errors import Problem, VerificationError
from flow.graph.ir import Graph
from flow.isa.description import ErrorCode
from flow.opencl.device import Device, Watch
from flow.schedule.program import Program
from flow.verify.engines import BatchRun, Image, ReferenceEngine
from flow.verify.layout import unpack


class OpenClEngine(ReferenceEngine):
    """Each batch is one launch. The kernel has no clock: its loop's steps are not the hardware's cycles."""

    name = "opencl"

    def __init__(self, program: Program, graph: Graph, progress: Progress) -> None:
        """Raises ToolError where there is no OpenCL platform."""
        super().__init__(program, graph, progress)
        self._device = Device(program.hw, trace=True)
        self._watches = [Watch(written.layout.region, written.layout.offset, written.layout.size, written.bytes_written)
                         for written in program.written]

    def run(self, images: Sequence[Image]) -> BatchRun:
        """Raises VerificationError if the engine stops with an error or leaves a tensor incomplete."""
        program = self.program
        regions = self._regions(images)
        begin = time.monotonic()
        launch = self._device.launch(regions, program.stream_offset, watches=self._watches)
        seconds = time.monotonic() - begin
        remedy = "this is a fault of flow, not of the model: please report it"
        if launch.verdict.code != ErrorCode.NONE:
            raise VerificationError(Problem(
                f"{program.name}: instruction {launch.verdict.pc}",
                f"the OpenCL engine stopped with {launch.verdict.code.name} in unit {launch.verdict.unit.name}",
                remedy))
        tensors = {}
        for written, copy in zip(program.written, launch.copies, strict=True):
            if copy is None:
                raise VerificationError(Problem(f"tensor {written.tensor}", "was not written completely", remedy))
            tensors[written.tensor] = unpack(copy, written.layout)
        outputs = tuple(self._outputs(regions, lane) for lane in range(program.hw.pix))
        self.progress.update(len(tensors), len(tensors), "tensors")
        return BatchRun(outputs, tensors, {}, None, {}, seconds)

    def close(self) -> None:
        self._device.close()
