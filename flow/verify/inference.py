"""A user's images through an engine: quantise, batches, dequantise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from flow.build.progress import Progress
from flow.errors import Problem, UsageError
from flow.graph.ir import Graph, Int8
from flow.graph.real import quantise
from flow.schedule.program import Program
from flow.verify.engines import open_engine

Arrays = Mapping[str, npt.NDArray[np.generic]]


def infer(graph: Graph, program: Program, images: npt.NDArray[np.generic] | Arrays, engine: str, seed: int,
          progress: Progress, project: Path | None = None) -> dict[str, npt.NDArray[np.generic]]:
    """Outputs by name, (N, height, width, channels), for inputs of the same form; float in gives float32 out, int8 in
    gives int8 out. project: the build folder's ``fpga`` (for engines that need it).

    Raises UsageError naming every input that does not fit."""
    given = dict(images) if isinstance(images, Mapping) else {graph.inputs[0]: images}
    as_float, quantised = _inputs(graph, given)
    count, pix = len(next(iter(quantised.values()))), program.hw.pix
    results: dict[str, list[Int8]] = {output.result: [] for output in program.outputs}
    opened = open_engine(engine, program, graph, seed, progress, project)
    try:
        for start in range(0, count, pix):
            own = min(pix, count - start)
            batch = [{name: values[start + lane % own] for name, values in quantised.items()} for lane in range(pix)]
            for outputs in opened.run(batch).outputs[:own]:
                for name, value in outputs.items():
                    results[name].append(value)
    finally:
        opened.close()
    stacked = {name: np.stack(values) for name, values in results.items()}
    if not as_float:
        return dict(stacked)
    scales = {output.result: (output.result_scale, output.result_zero_point) for output in program.outputs}
    real: dict[str, npt.NDArray[np.generic]] = {}
    for name, value in stacked.items():
        scale, zero_point = scales[name]
        real[name] = (np.float32(scale) * (value.astype(np.int32) - zero_point)).astype(np.float32)
    for wide in graph.wide:  # digits, added up exactly
        total = sum(real.pop(plane).astype(np.float64) for plane in wide.planes)
        real[wide.name] = np.asarray(total, np.float32)
    return real


def fits(values: npt.NDArray[np.generic], shape: tuple[int, ...]) -> bool:
    """Whether ``values`` are one or more images of this shape: written so, but for dimensions of one, or flat."""
    if not values.ndim or not values.size:
        return False
    flat = values.shape[1:] == (math.prod(shape),)
    return flat or [n for n in values.shape[1:] if n != 1] == [n for n in shape if n != 1]


def _inputs(graph: Graph, given: Arrays) -> tuple[bool, dict[str, Int8]]:
    problems = [Problem(f"input {name}", "not an input of this network", f"its inputs: {', '.join(graph.inputs)}")
                for name in given if name not in graph.inputs]
    quantised: dict[str, Int8] = {}
    for name in graph.inputs:
        tensor = graph.tensors[name]
        values = np.asarray(given[name]) if name in given else None
        if values is None:
            problems.append(Problem(f"input {name}", "missing", "give an .npz with every input by its name"))
            continue
        if not fits(values, tensor.shape):
            wanted = ", ".join(map(str, tensor.shape))
            problems.append(Problem(f"input {name}", f"shape {values.shape}", f"(N, {wanted})"))
        elif values.dtype != np.int8 and values.dtype.kind != "f":
            problems.append(Problem(f"input {name}", f"type {values.dtype}", "float32, or int8 if already quantised"))
        elif values.dtype.kind == "f" and np.isnan(values).any():
            problems.append(Problem(f"input {name}", "values that are no numbers (NaN)", "give numbers"))
        else:
            half_even = graph.oracle != "tflite"
            values = values.reshape(-1, *tensor.shape)
            quantised[name] = values.astype(np.int8) if values.dtype == np.int8 else quantise(values, tensor, half_even)
    if len({len(values) for values in quantised.values()}) > 1:
        problems.append(Problem("inputs", "different numbers of images", "give each input the same number"))
    if problems:
        raise UsageError(problems)
    return any(np.asarray(given[name]).dtype != np.int8 for name in graph.inputs), quantised
