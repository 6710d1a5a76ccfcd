"""One batch on an engine: what it gave, what it wrote on the way, and when."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from flow.build.choices import BOARD_ENGINES
from flow.build.progress import Progress
from flow.errors import Problem, UsageError, VerificationError
from flow.graph.ir import Graph, Int8
from flow.isa.description import ErrorCode, Region
from flow.isa.encoding import Instruction
from flow.schedule.program import Program
from flow.verify.layout import Memory, unpack, write_inputs

Image = Mapping[str, Int8]


@dataclass(frozen=True)
class BatchRun:
    """What one launch gave.

    outputs: per lane the results by name, (height, width, channels), host part included; tensors: by Written.tensor,
    (pix, height, width, channels), taken when the last byte was written (empty where only outputs are seen); finished:
    cycle of that write's response, counted from the doorbell (empty without a clock); counters by name; seconds: the
    engine's own wall time.
    """

    outputs: tuple[dict[str, Int8], ...]
    tensors: dict[str, Int8]
    finished: dict[str, int]
    cycles: int | None
    counters: dict[str, int]
    seconds: float


class BatchEngine(Protocol):
    """Runs batches of exactly ``hw.pix`` images."""

    name: str

    def run(self, images: Sequence[Image]) -> BatchRun: ...

    def close(self) -> None: ...


class ReferenceEngine:
    """The executable specification, with the host part in NumPy."""

    name = "reference"

    def __init__(self, program: Program, graph: Graph, progress: Progress) -> None:
        self.program = program
        self.graph = graph
        self.progress = progress
        ends: dict[int, list[int]] = {}
        for index, written in enumerate(program.written):
            last = max(span.instructions[-1] for span in program.layers if span.name == written.layer)
            ends.setdefault(last, []).append(index)
        self._ends = ends

    def run(self, images: Sequence[Image]) -> BatchRun:
        from flow.reference import Engine

        program = self.program
        begin = time.monotonic()
        regions = self._regions(images)
        tensors: dict[str, Int8] = {}
        done = 0

        def after(index: int, _: Instruction) -> None:
            nonlocal done
            for position in self._ends.get(index, ()):
                written = program.written[position]
                start = written.layout.offset
                tensors[written.tensor] = unpack(
                    regions[written.layout.region][start : start + written.layout.size], written.layout)
                done += 1
                self.progress.update(done, len(program.written), "tensors")

        verdict = Engine(program.hw).launch(regions, program.stream_offset, after)
        if verdict.code != ErrorCode.NONE:
            raise VerificationError(Problem(
                f"{program.name}: instruction {verdict.pc}",
                f"the reference engine stopped with {verdict.code.name} in unit {verdict.unit.name}",
                "this is a fault of flow, not of the model: please report it"))
        outputs = tuple(self._outputs(regions, lane) for lane in range(program.hw.pix))
        return BatchRun(outputs, tensors, {}, None, {}, time.monotonic() - begin)

    def _regions(self, images: Sequence[Image]) -> list[Memory]:
        program = self.program
        noise = np.random.default_rng(0)
        sizes = {Region.SCRATCH: program.scratch_bytes, Region.INPUT: program.input_bytes,
                 Region.OUTPUT: program.output_bytes}
        regions = [noise.integers(0, 256, sizes.get(region, 0), np.uint8) for region in Region]
        regions[Region.CONSTANT] = np.frombuffer(program.constant, np.uint8)
        write_inputs(regions[Region.INPUT], program.inputs, images)
        return regions

    def _outputs(self, regions: Sequence[Memory], lane: int) -> dict[str, Int8]:
        from flow.graph.softmax import softmax_int8

        results = {}
        for output in self.program.outputs:
            start = output.layout.offset
            value = unpack(regions[output.layout.region][start : start + output.layout.size], output.layout)[lane]
            value = value.reshape(output.height, output.width, output.channels)
            if output.softmax_beta is not None:
                value = softmax_int8(value, output.scale, output.softmax_beta)
            results[output.result] = value
        return results

    def close(self) -> None:
        pass


def open_engine(name: str, program: Program, graph: Graph, seed: int, progress: Progress,
                project: Path | None = None) -> BatchEngine:
    """The engine called ``name``. seed: of the memory's random stalls (rtl), of what a netlist leaves open; project:
    the build folder's ``fpga`` (pins, netlist)."""
    if name == "reference":
        return ReferenceEngine(program, graph, progress)
    if name == "opencl":
        from flow.verify.opencl import OpenClEngine

        return OpenClEngine(program, graph, progress)
    if name == "rtl":
        from flow.verify.rtl import RtlEngine

        return RtlEngine(program, seed, progress)
    if name in BOARD_ENGINES:
        from flow.verify.board import BoardEngine

        return BoardEngine(name, program, project, seed, progress)
    raise UsageError(Problem("--engine", f"{name} is not known", "rtl, opencl or reference"))
