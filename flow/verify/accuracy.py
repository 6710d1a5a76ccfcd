"""Accuracy on labelled images, from the hardware's own outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from flow import oracle
from flow.build.progress import Progress
from flow.errors import Problem, ToolError, UsageError, VerificationError
from flow.graph.ir import Graph, Int8
from flow.graph.real import quantise
from flow.oracle import qkeras_run
from flow.schedule.program import Program
from flow.verify.inference import fits, infer

_SHOWN = 8


@dataclass(frozen=True)
class Accuracy:
    """Shares of images whose largest output is their label. float_model: without quantisers (QKeras only); differing:
    images whose outputs are not the same on the engine and in the quantised model."""

    images: int
    float_model: float | None
    quantised_model: float
    engine: float
    differing: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        """For a reader."""
        shown = [] if self.float_model is None else [f"float model      {self.float_model:8.2%}"]
        shown += [f"quantised model  {self.quantised_model:8.2%}", f"engine           {self.engine:8.2%}"]
        same = "engine and quantised model: equal in every value of every image"
        return [f"accuracy on {self.images} labelled images", *shown, same]


class Differing(VerificationError):
    """The engine is not the quantised model, with the accuracies all the same."""

    def __init__(self, found: Accuracy) -> None:
        which = ", ".join(map(str, found.differing[:_SHOWN])) + (", ..." if len(found.differing) > _SHOWN else "")
        super().__init__([Problem("labelled images", f"{len(found.differing)} of {found.images} differ on the engine: "
                                                     f"{which}"),
                          *(Problem(name, f"{share:.2%} accuracy") for name, share in
                            (("quantised model", found.quantised_model), ("engine", found.engine)))])
        self.verdict = found


def accuracy(graph: Graph, model: bytes, program: Program, images: npt.NDArray[np.generic],
             labels: npt.NDArray[np.generic], engine: str, seed: int, progress: Progress,
             project: Path | None = None) -> Accuracy:
    """Classify ``images`` (N, height, width, channels; real values) on the engine and with the oracle.

    labels: N class numbers. Raises UsageError if they do not fit a network of one input and one vector of classes,
    Differing if the outputs are not the same on the engine and in the quantised model, value by value.
    """
    results = tuple(wide.planes for wide in graph.wide) or tuple((name,) for name in graph.outputs)
    images, labels = np.asarray(images), np.asarray(labels)
    _check(graph, results, images, labels)
    name, tensor = graph.inputs[0], graph.tensors[graph.inputs[0]]
    given = np.stack([quantise(image, tensor, graph.oracle != "tflite").reshape(tensor.shape) for image in images])
    obtained = infer(graph, program, given, engine, seed, progress, project)
    wanted = oracle.expected(graph, model, [{name: image} for image in given], keep=list(results[0]))
    if not wanted[0].keys() >= set(results[0]):
        found = "the reference kernels abort in the softmax, whose inputs hardly differ"
        raise ToolError(Problem("quantised model", found, "train the model"))
    of_engine = _scores(graph, results[0], {plane: np.asarray(obtained[plane], np.int8) for plane in results[0]})
    of_model = _scores(graph, results[0], {plane: np.stack([image[plane] for image in wanted]) for plane in results[0]})
    differing = np.flatnonzero((of_engine != of_model).any(axis=1))
    plain = None
    if graph.oracle != "tflite":
        layer = graph.wide[0].name if graph.wide else results[0][0]
        floats = qkeras_run.predict(model, {name: images}, [layer], False, plain=True)[layer]
        plain = _share(floats.reshape(len(images), -1), labels)
    measured = Accuracy(len(images), plain, _share(of_model, labels), _share(of_engine, labels),
                        tuple(differing.tolist()))
    if measured.differing:
        raise Differing(measured)
    return measured


def _check(graph: Graph, results: Sequence[tuple[str, ...]], images: npt.NDArray[np.generic],
           labels: npt.NDArray[np.generic]) -> None:
    if len(graph.inputs) != 1 or len(results) != 1:
        raise UsageError(Problem("labelled images", f"{len(graph.inputs)} inputs, {len(results)} outputs",
                                 "a network of one input and one output"))
    problems = []
    wanted, classes = graph.tensors[graph.inputs[0]], graph.tensors[results[0][0]].size
    if not fits(images, wanted.shape):
        problems.append(Problem("array images", f"shape {images.shape}", f"(N, {', '.join(map(str, wanted.shape))})"))
    if not _finite(images):
        problems.append(Problem("array images", f"type {images.dtype}, not only finite numbers", "give finite numbers"))
    if labels.shape not in (images.shape[:1], (*images.shape[:1], 1)):
        problems.append(Problem("array labels", f"shape {labels.shape} for images {images.shape}",
                                "one class number for each image; of one-hot labels: labels.argmax(axis=1)"))
    if not _finite(labels) or not np.isin(labels, np.arange(classes)).all():
        problems.append(Problem("array labels", f"type {labels.dtype}, not only whole numbers from 0 to {classes - 1}",
                                "give class numbers"))
    if problems:
        raise UsageError(problems)


def _finite(values: npt.NDArray[np.generic]) -> bool:
    with np.errstate(over="ignore"):
        return values.dtype.kind in "fiu" and bool(np.isfinite(values.astype(np.float32)).all())


def _scores(graph: Graph, planes: tuple[str, ...], values: dict[str, Int8]) -> npt.NDArray[np.float64]:
    """Real values (images, classes)."""
    parts = [qkeras_run.real(values[plane], graph.tensors[plane]).reshape(len(values[plane]), -1) for plane in planes]
    total: npt.NDArray[np.float64] = np.sum(parts, axis=0)
    return total


def _share(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.generic]) -> float:
    return float((scores.argmax(axis=1) == labels.reshape(-1)).mean())
