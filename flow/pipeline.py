"""The table of contents: one function per stage, in the order in which a model becomes a folder.

Each stage takes values of those before it and gives one immutable value; how it works stands in the package it calls.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from flow.build import manifest
from flow.build.job import Hashes, Job, Source
from flow.build.progress import Progress
from flow.build.steps import Runner, Steps
from flow.build.workspace import Workspace

if TYPE_CHECKING:
    from flow.frontend import Imported
    from flow.schedule.program import Program
    from flow.size import Sizing
    from flow.verify.verdict import Verification


def build(job: Job, progress: Progress, dump: Path | None = None) -> None:
    """Make the folder ``job.output``: all of it, or nothing of it; an unchanged folder is left as it is. Then the
    bitstream in it, where the FPGA's tool is there."""
    announce(job, progress)
    make_folder(job, progress, dump)
    bitstream(job, progress)


def announce(job: Job, progress: Progress) -> None:
    """What the folder will not have, before hours of work."""
    from flow import project as projects

    if job.entry == "rtl" and not projects.has_project(job.fpga):
        progress.warn(f"there is no project for {job.fpga}: the folder will have the proven RTL and its facts, to go "
                      f"into a project of your own; {projects.alternative(job.fpga)}")


def make_folder(job: Job, progress: Progress, dump: Path | None = None) -> None:
    """Everything that needs no tool of the FPGA's vendor."""
    with Workspace(job.output) as space:
        hashes = job.hashes()
        inputs = job.inputs(hashes)
        if dump is None and manifest.is_current(job.output, inputs):
            progress.start("folder")
            progress.finish(resumed=True)
            return space.discard()
        steps = Steps(space.steps, job.output, progress, dump)
        models = {source: import_model(job, source, hashes, steps) for source in job.sources}
        sizing = size(job, models, hashes, steps)
        if not sizing.fits:
            progress.warn(f"the given engine does not fit {job.fpga}: {sizing.limiter}")
        for source, model in models.items():
            folder = job.folder_of(source, space.staged)
            program = schedule(source, model, sizing, steps)
            assemble(source, program, steps)
            emit(program, folder)
            project(job, sizing, folder)
            verification = prove(job, source, model, program, steps)
            report(job, model, sizing, program, verification, folder)
            steps.publish(folder / "steps", source.name)
        steps.write_timing(space.staged)
        manifest.write(space.staged, inputs)
        job.require_unchanged(hashes)
        space.publish()


def import_model(job: Job, source: Source, hashes: Hashes, steps: Runner) -> Imported:
    """Model file -> integer graph, and the flatbuffer the oracle runs."""
    from flow import frontend

    def compute() -> Imported:
        model = frontend.import_model(source.path, job.calibration, job.seed, source.name)
        job.require_unchanged(hashes)
        return model

    options = {"model": hashes.models[job.sources.index(source)], "seed": job.seed, "calibration": hashes.calibration}
    model = steps.run(f"import.{source.name}", compute, options=options)
    for text in model.warnings:
        steps.progress.warn(text)
    return model


def size(job: Job, models: dict[Source, Imported], hashes: Hashes, steps: Runner) -> Sizing:
    """Integer graphs and a device -> the engine, and why."""
    from flow import size as sizing
    from flow.size import hwfile

    graphs = tuple(model.graph for model in models.values())

    def compute() -> Sizing:
        if job.hw_file is None:
            return sizing.choose(job.fpga, graphs, goal=sizing.Goal(job.goal), target_fps=job.target_fps,
                                 clock_mhz=job.clock_mhz, area_mm2=job.area_mm2)
        found = sizing.evaluate(hwfile.read(job.hw_file), graphs, job.fpga)
        job.require_unchanged(hashes)
        return found

    options = {"fpga": job.fpga, "goal": job.goal, "target_fps": job.target_fps, "area": job.area_mm2,
               "clock": job.clock_mhz, "hw": hashes.hw}
    return steps.run("size", compute, after=tuple(f"import.{source.name}" for source in models), options=options)


def schedule(source: Source, model: Imported, sizing: Sizing, steps: Runner, trace: bool = False) -> Program:
    """Integer graph and engine -> tiles, buffers, addresses, instructions, memory image."""
    from flow import schedule as scheduler

    return steps.run(f"schedule.{source.name}", lambda: scheduler.compile(
        model.graph, sizing.hw, trace=trace, bytes_per_cycle=sizing.memory_bytes_per_cycle),
        after=(f"import.{source.name}", "size"), options={"trace": trace})


def assemble(source: Source, program: Program, steps: Runner) -> str:
    """Every rule of the instruction set holds for the stream; its listing."""
    from flow.isa.listing import checked_listing

    return steps.run(f"assemble.{source.name}", lambda: checked_listing(
        program.instructions, program.hw, program.region_bytes), after=(f"schedule.{source.name}",))


def emit(program: Program, folder: Path) -> None:
    """Everything the hardware and firmware people get."""
    from flow import emit as emitter

    emitter.emit_folder(program, folder)


def project(job: Job, sizing: Sizing, folder: Path) -> None:
    """The vendor's project: block design, constraints, scripts, the commands that build it."""
    from flow import project as projects

    write = projects.write_opencl_project if job.entry != "rtl" else projects.write_project
    write(sizing.hw, sizing.device, tuple(region.cores for region in sizing.regions), folder)


def prove(job: Job, source: Source, model: Imported, program: Program, steps: Runner) -> Verification | None:
    """The program on the engine against the oracle, byte for byte."""
    from flow.verify.fast import fast_check
    from flow.verify.run import require_proof, verify

    if job.verify == "none":
        return None

    def compute() -> Verification:
        if job.verify == "rtl":  # minutes: a difference that seconds can find is found first
            fast_check(model.graph, model.flatbuffer, program, job.images, job.seed, steps.progress, model.samples)
        return verify(model.graph, model.flatbuffer, program, job.verify, job.images, job.seed,
                      progress=steps.progress, given=model.samples)[0]

    verification = steps.run(f"verify.{source.name}", compute,
        after=(f"import.{source.name}", f"schedule.{source.name}"),
        options={"engine": job.verify, "images": job.images, "seed": job.seed})
    require_proof(verification.verdict)
    return verification


def report(job: Job, model: Imported, sizing: Sizing, program: Program, verification: Verification | None,
           folder: Path) -> None:
    """The verdict for people and for programs, with the evidence."""
    from flow import report as reporter

    reporter.write(folder, job.fpga, sizing, program, verification, model.warnings)


def bitstream(job: Job, progress: Progress) -> None:
    """Project -> bitstream, if the job wants one; a warning where the engine does not fit or the tool is not there."""
    from flow import project as projects

    if not job.bitstream:
        return
    top = job.folder_of(job.sources[0], job.output)
    folder = top / "fpga"
    if not json.loads((top / "report.json").read_text())["fits"]:
        return progress.warn(f"no bitstream: the engine does not fit; to try all the same: {folder / 'README.md'}")
    made = projects.build_bitstream(folder, progress)
    if made is None:
        return
    if made.path is None:
        progress.warn(f"no bitstream: {made.missing} is not on the PATH; the project is ready, its commands are in "
                      f"{folder / 'README.md'}")
