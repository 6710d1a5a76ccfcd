"""The subcommands: each gives the text for people and the JSON value for programs."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow.build.progress import Progress
from flow.errors import Problem, ToolError, UsageError


@dataclass(frozen=True)
class Answer:
    """What a command has to say: to people, to programs, and as the process's exit code."""

    text: str
    value: Any
    exit_code: int = 0


def build(options: Namespace, progress: Progress) -> Answer:
    """``flow build``"""
    compiled = _compiled(options, progress)
    folder = compiled.build(options.output, verify=options.verify, images=options.images, dump=options.dump_dir,
                            bitstream=options.bitstream, entry=options.entry)
    made = folder.implementation() if options.bitstream else None
    lines = [folder.summary(), *(made.lines() if made else ()), f"folder:     {folder.path}"]
    value = {**folder.report(), "folder": str(folder.path)}
    return Answer("\n".join(lines), {**value, "implementation": made.to_json()} if made else value)


def size(options: Namespace, progress: Progress) -> Answer:
    """``flow size``"""
    if options.output:
        _check_place(options.output)
    sizing = _compiled(options, progress).sizing()
    if options.output:
        options.output.write_text(sizing.hw_json_text())
    return Answer(sizing.to_text(), sizing.to_json())


def _check_place(output: Path) -> None:
    """Raise UsageError if the file ``output`` cannot be: before the work, not after it."""
    if not output.parent.is_dir() or output.is_dir():
        found = "is a folder" if output.is_dir() else "no such folder"
        raise UsageError(Problem(f"--output {output}", found, "give a file in a folder that is there"))


def _compiled(options: Namespace, progress: Progress) -> Any:
    import flow

    return flow.compile(options.models, options.fpga, calibration=options.calibration, hw=options.hw, goal=options.goal,
                        target_fps=options.target_fps, area_mm2=options.area, clock_mhz=options.clock,
                        seed=getattr(options, "seed", 0), progress=progress)


def verify(options: Namespace, progress: Progress) -> Answer:
    """``flow verify``"""
    from flow.api import Folder
    from flow.report.text import side_by_side, verification_lines

    if options.labelled is not None:
        _check_labelled(options)
    folder = Folder(options.folder)
    if options.labelled is not None:
        from flow.cli.arrays import read_labelled

        images, labels = read_labelled(options.labelled)
        found = folder.accuracy(images, labels, engine=options.engine, seed=options.seed, progress=progress)
        return Answer("\n".join(found.lines()), found.to_json())
    if options.engine == "all":
        results = {engine: folder.verify(engine=engine, images=options.images, seed=options.seed,
                                         trace_layers=options.trace_layers, progress=progress)
                   for engine in ("opencl", "rtl", "reference")}  # a platform that is not there is told first
        lines = side_by_side({engine: (result.verdict, result.wall_seconds) for engine, result in results.items()})
        return Answer("\n".join(lines), {engine: _proof(result) for engine, result in results.items()})
    result = folder.verify(engine=options.engine, images=options.images, seed=options.seed,
                           trace_layers=options.trace_layers, progress=progress)
    return Answer("\n".join(verification_lines(result.verdict)), _proof(result))


def _check_labelled(options: Namespace) -> None:
    """Raise UsageError naming every option that says nothing beside --labelled."""
    wrong = [Problem(f"{option} with --labelled", found, remedy) for given, option, found, remedy in (
        (options.images, "--images", "every image of the file is taken", "leave out --images"),
        (options.trace_layers, "--trace-layers", "only outputs have labels", "leave out --labelled or --trace-layers"),
        (options.engine == "all", "--engine all", "one engine classifies the images", "name one engine")) if given]
    if wrong:
        raise UsageError(wrong)


def _proof(found: Any) -> dict[str, Any]:
    return {**found.verdict.to_json(), "wall_seconds": round(found.wall_seconds, 3)}


def run(options: Namespace, progress: Progress) -> Answer:
    """``flow run``"""
    from flow.api import Folder
    from flow.cli.arrays import read_images, write_images

    _check_place(options.output)
    folder = Folder(options.folder)
    results = folder.run(read_images(options.input, folder.input_names), engine=options.engine, progress=progress)
    write_images(options.output, results)
    shapes = {name: list(value.shape) for name, value in results.items()}
    return Answer(f"{options.output}: {', '.join(f'{name} {shape}' for name, shape in shapes.items())}",
                  {"outputs": shapes})


def list_known(options: Namespace, progress: Progress) -> Answer:
    """``flow list``"""
    from flow.cli import listings

    text, rows = listings.LISTINGS[options.what]()
    return Answer(text, {options.what: rows})


def doctor(options: Namespace, progress: Progress) -> Answer:
    """``flow doctor``"""
    from flow.cli.doctor import examine

    text, value = examine()
    return Answer(text, value, 0 if value["ok"] else ToolError.exit_code)


RUN: dict[str, Callable[[Namespace, Progress], Answer]] = {
    "build": build, "size": size, "verify": verify, "run": run, "list": list_known, "doctor": doctor,
}
