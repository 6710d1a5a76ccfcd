"""The fast check before RTL: the same program and images on the OpenCL engine, where there is a platform for it."""

from __future__ import annotations

from collections.abc import Sequence

from flow.build.progress import Progress
from flow.errors import ToolError
from flow.graph.ir import Graph
from flow.opencl import device
from flow.schedule.program import Program
from flow.verify import run
from flow.verify.engines import Image


def fast_check(graph: Graph, flatbuffer: bytes, program: Program, images: int, seed: int, progress: Progress,
               given: Sequence[Image] = ()) -> None:
    """Raises NotProven if the OpenCL engine differs from the oracle; without an OpenCL device that works
    a warning says so."""
    missing = device.missing()
    if missing:
        progress.warn(f"no fast check on the OpenCL engine before the RTL: {missing}")
        return
    try:
        found = run.verify(graph, flatbuffer, program, "opencl", images, seed, progress=progress, given=given)[0]
    except ToolError as error:
        progress.warn(f"no fast check on the OpenCL engine before the RTL: {error.problems[0].found}")
        return
    run.require_proof(found.verdict)
