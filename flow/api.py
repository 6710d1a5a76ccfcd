"""The command as Python: ``flow.compile(model, fpga)``, then ``build``, ``verify``, ``run`` or ``export``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from flow import pipeline
from flow.build import manifest, sources, store
from flow.build.choices import BOARD_ENGINES
from flow.build.job import Hashes, Job, Source, check, numbers
from flow.build.progress import Progress, Silent
from flow.build.steps import MemorySteps
from flow.errors import Problem, UsageError

if TYPE_CHECKING:
    from flow.frontend import Imported
    from flow.graph.ir import Graph, Int8
    from flow.project import Implementation
    from flow.schedule.program import Program
    from flow.size import Sizing
    from flow.verify.accuracy import Accuracy
    from flow.verify.verdict import Verdict

Arrays = Mapping[str, npt.NDArray[np.generic]]


@dataclass(frozen=True)
class Verified:
    """A verdict and the engine's own wall time in seconds."""

    verdict: Verdict
    wall_seconds: float


def compile(
    model: str | Path | Sequence[str | Path], fpga: str, *, calibration: str | Path | None = None,
    hw: str | Path | None = None, goal: str = "throughput", target_fps: float | None = None,
    clock_mhz: float | None = None, seed: int = 0, progress: Progress | None = None, area_mm2: float | None = None,
) -> Compiled:
    """Prepare one model, or several for one engine, for an FPGA.

    Options as those of ``flow build``. Checks what can be checked at once (UsageError names everything that is wrong);
    the stages run when their results are first asked for.
    """
    progress = progress or Silent()
    wanted = [model] if isinstance(model, (str, Path)) else list(model)
    found: list[Source] = []
    problems: list[Problem] = []
    for item in wanted:
        try:
            found.append(sources.find(str(item), progress))
        except UsageError as error:
            problems += error.problems
    job = Job(fpga, tuple(found), Path(), Path(calibration) if calibration else None, Path(hw) if hw else None, goal,
              target_fps, clock_mhz, seed=seed, area_mm2=area_mm2)
    try:
        check(job)
    except UsageError as error:
        problems += error.problems
    if problems:
        raise UsageError(problems)
    return Compiled(job, progress)


class Compiled:
    """Models on their way to an engine."""

    def __init__(self, job: Job, progress: Progress) -> None:
        self._job = job
        self._progress = progress

    def build(self, out: str | Path | None = None, *, verify: str = "rtl", images: int = 0,
              dump: Path | None = None, bitstream: bool = True, entry: str = "rtl") -> Folder:
        """Make the folder ``out`` (default build/<fpga>-<models>), verified on the engine ``verify``, if not ``none``,
        and the bitstream in it, if ``bitstream`` and the FPGA's tool is there. entry: the project is for the RTL, or
        for OpenCL (a kernel for Intel's compiler), or XRT (the RTL as a kernel for AMD's linker; opencl on AMD's cards
        is the same).

        Raises FlowError of the stage that refuses; then ``out`` is as it was before.
        """
        if entry in ("opencl", "xrt"):
            from flow.project import target_of

            target_of(self._job.fpga, entry)
        default = Path("build") / f"{self._job.fpga}-{'+'.join(source.name for source in self._job.sources)}"
        job = check(replace(self._job, output=Path(out) if out else default, verify=verify, images=images,
                            bitstream=bitstream, entry=entry))
        pipeline.build(job, self._progress, dump)
        return Folder(job.output)

    def export(self, out: str | Path) -> Folder:
        """The folder without a verification."""
        return self.build(out, verify="none", bitstream=False)

    def sizing(self) -> Sizing:
        """The engine, and why."""
        return self._sizing

    def verify(self, *, engine: str = "rtl", images: int = 0, trace_layers: bool = False) -> dict[str, Verified]:
        """Verify every model without a folder; by model name. Raises VerificationError if anything was not equal."""
        return {source.name: _verify(model.graph, model.flatbuffer, self._program(source, trace_layers), engine, images,
                                     self._job.seed, trace_layers, self._progress, model.samples)
                for source, model in self._models.items()}

    def run(self, images: npt.NDArray[np.generic] | Arrays, *, engine: str = "reference") -> Arrays:
        """Outputs by name for ``images`` (N, height, width, channels), for several inputs by name; float32 gives
        float32, int8 gives int8. For one model only."""
        (source, model), = self._models.items()
        return _run(model.graph, self._program(source, False), images, engine, self._job.seed, self._progress)

    @cached_property
    def _steps(self) -> MemorySteps:
        return MemorySteps(self._progress)

    @cached_property
    def _hashes(self) -> Hashes:
        return self._job.hashes()

    @cached_property
    def _models(self) -> dict[Source, Imported]:
        return {source: pipeline.import_model(self._job, source, self._hashes, self._steps)
                for source in self._job.sources}

    @cached_property
    def _sizing(self) -> Sizing:
        return pipeline.size(self._job, self._models, self._hashes, self._steps)

    def _program(self, source: Source, trace: bool) -> Program:
        return pipeline.schedule(source, self._models[source], self._sizing, self._steps, trace)


class Folder:
    """A folder that ``build`` left."""

    def __init__(self, path: str | Path) -> None:
        """Raises UsageError if ``path`` is no build folder or was changed since."""
        self.path = Path(path)
        if not self.path.is_dir():
            raise UsageError(Problem(str(path), "no such folder", "give a folder that flow build left"))
        parent = self.path.resolve().parent
        several = (parent / manifest.NAME).exists() and not (self.path / manifest.NAME).exists()
        manifest.check(parent if several else self.path)

    @cached_property
    def _models(self) -> list[Path]:
        return sorted(path.parent for path in [*self.path.glob("report.json"), *self.path.glob("*/report.json")])

    def _step(self, stage: str) -> Any:
        found = sorted(self.path.glob(f"steps/*-{stage}"))
        if not found:
            raise UsageError(Problem(str(self.path), "holds several models",
                                     "name one of them: " + ", ".join(map(str, self._models))))
        return store.load(found[0])[0]

    @cached_property
    def _imported(self) -> Imported:
        value: Imported = self._step("import")
        return value

    @cached_property
    def _program(self) -> Program:
        value: Program = self._step("schedule")
        return value

    @property
    def input_names(self) -> tuple[str, ...]:
        """The network's inputs in the model's order."""
        return self._imported.graph.inputs

    def summary(self) -> str:
        """The verdict for people."""
        return "\n".join((path / "summary.txt").read_text() for path in self._models).rstrip()

    def report(self) -> Any:
        """The verdict as JSON values; for several models by name."""
        reports = {path.name: json.loads((path / "report.json").read_text()) for path in self._models}
        return next(iter(reports.values())) if self._models == [self.path] else reports

    def implementation(self) -> Implementation | None:
        """Clock and cells of the bitstream; None if there is none, or its tool reports otherwise than nextpnr."""
        from flow.project import implementation_of

        return next((made for path in self._models if (made := implementation_of(path / "fpga"))), None)

    def verify(self, *, engine: str = "rtl", images: int = 0, seed: int = 0, trace_layers: bool = False,
               progress: Progress | None = None) -> Verified:
        """Compare with the oracle again. Raises VerificationError if anything was not equal."""
        graph, program = self._imported.graph, self._program
        if trace_layers and engine in BOARD_ENGINES:
            raise UsageError(Problem(f"--trace-layers with --engine {engine}", "only outputs come through the pins",
                                     "--engine rtl, opencl or reference"))
        if trace_layers:
            from flow import schedule

            program = schedule.compile(graph, program.hw, trace=True, bytes_per_cycle=program.bytes_per_cycle)
        return _verify(graph, self._imported.flatbuffer, program, engine, images, seed, trace_layers,
                       progress or Silent(), self._imported.samples, self._project)

    def accuracy(self, images: npt.NDArray[np.generic], labels: npt.NDArray[np.generic], *, engine: str = "rtl",
                 seed: int = 0, progress: Progress | None = None) -> Accuracy:
        """Accuracy of the float model, the quantised one and the engine on labelled images. Raises VerificationError if
        the engine differs from the quantised model in any value."""
        from flow.verify.accuracy import accuracy

        problems = numbers(0, seed)
        if problems:
            raise UsageError(problems)
        progress = progress or Silent()
        progress.start(f"accuracy on {engine}")
        found = accuracy(self._imported.graph, self._imported.flatbuffer, self._program, images, labels, engine, seed,
                         progress, self._project)
        progress.finish(False)
        return found

    def run(self, images: npt.NDArray[np.generic] | Arrays, *, engine: str = "rtl",
            progress: Progress | None = None) -> Arrays:
        """As ``Compiled.run``."""
        return _run(self._imported.graph, self._program, images, engine, 0, progress or Silent(), self._project)

    @property
    def _project(self) -> Path:
        return self.path / "fpga"


def _verify(graph: Graph, flatbuffer: bytes, program: Program, engine: str, images: int, seed: int, trace_layers: bool,
            progress: Progress, given: Sequence[Mapping[str, Int8]], project: Path | None = None) -> Verified:
    from flow.verify.run import require_proof, verify

    problems = numbers(images, seed)
    if problems:
        raise UsageError(problems)
    progress.start(f"verify on {engine}")
    result, seconds = verify(graph, flatbuffer, program, engine, images, seed, trace_layers, progress, given, project)
    progress.finish(False)
    require_proof(result.verdict)
    return Verified(result.verdict, seconds)


def _run(graph: Graph, program: Program, images: npt.NDArray[np.generic] | Arrays, engine: str, seed: int,
         progress: Progress, project: Path | None = None) -> Arrays:
    from flow.verify.inference import infer

    progress.start(f"run on {engine}")
    results = infer(graph, program, images, engine, seed, progress, project)
    progress.finish(False)
    return results
