"""The subcommands: each gives the text for people and the JSON value for programs."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flow.build.progress import Progress

Answer = tuple[str, Any]


def build(options: Namespace, progress: Progress) -> Answer:
    """``flow build``"""
    compiled = _compiled(options, progress, options.output)
    folder = compiled.build(options.output, verify=options.verify, images=options.images, dump=options.dump_dir,
                            bitstream=options.bitstream, entry=options.entry)
    made = folder.implementation() if options.bitstream else None
    if made is None:
        return folder.summary(), folder.report()
    return "\n".join([folder.summary(), *made.lines()]), {**folder.report(), "implementation": made.to_json()}


def size(options: Namespace, progress: Progress) -> Answer:
    """``flow size``"""
    sizing = _compiled(options, progress, None).sizing()
    if options.output:
        options.output.write_text(sizing.hw_json_text())
    return sizing.to_text(), sizing.to_json()


def _compiled(options: Namespace, progress: Progress, output: Path | None) -> Any:
    import flow

    return flow.compile(options.models, options.fpga, calibration=options.calibration, hw=options.hw, goal=options.goal,
                        target_fps=options.target_fps, area_mm2=options.area, clock_mhz=options.clock,
                        seed=getattr(options, "seed", 0), progress=progress)


def verify(options: Namespace, progress: Progress) -> Answer:
    """``flow verify``"""
    from flow.api import Folder
    from flow.report.text import side_by_side, verification_lines

    folder = Folder(options.folder)
    if options.labelled is not None:
        from flow.cli.arrays import read_labelled

        images, labels = read_labelled(options.labelled)
        found = folder.accuracy(images, labels, engine=options.engine, seed=options.seed, progress=progress)
        return "\n".join(found.lines()), found.to_json()
    if options.engine == "all":
        results = {engine: folder.verify(engine=engine, images=options.images, seed=options.seed,
                                         trace_layers=options.trace_layers, progress=progress)
                   for engine in ("opencl", "rtl", "reference")}  # a platform that is not there is told first
        lines = side_by_side({engine: (result.verdict, result.wall_seconds) for engine, result in results.items()})
        return "\n".join(lines), {engine: {**result.verdict.to_json(), "wall_seconds": round(result.wall_seconds, 3)}
                                  for engine, result in results.items()}
    result = folder.verify(engine=options.engine, images=options.images, seed=options.seed,
                           trace_layers=options.trace_layers, progress=progress)
    value = {**result.verdict.to_json(), "wall_seconds": round(result.wall_seconds, 3)}
    return "\n".join(verification_lines(result.verdict)), value


def run(options: Namespace, progress: Progress) -> Answer:
    """``flow run``"""
    from flow.api import Folder
    from flow.cli.arrays import read_images, write_images

    folder = Folder(options.folder)
    results = folder.run(read_images(options.input, folder.input_names), engine=options.engine, progress=progress)
    write_images(options.output, results)
    shapes = {name: list(value.shape) for name, value in results.items()}
    return f"{options.output}: {', '.join(f'{name} {shape}' for name, shape in shapes.items())}", {"outputs": shapes}


def list_known(options: Namespace, progress: Progress) -> Answer:
    """``flow list``"""
    from flow.cli import listings

    return listings.LISTINGS[options.what]()


def doctor(options: Namespace, progress: Progress) -> Answer:
    """``flow doctor``"""
    from flow.cli.doctor import examine

    return examine()


RUN: dict[str, Callable[[Namespace, Progress], Answer]] = {
    "build": build, "size": size, "verify": verify, "run": run, "list": list_known, "doctor": doctor,
}
