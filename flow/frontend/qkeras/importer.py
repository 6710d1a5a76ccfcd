"""Runs the QKeras worker: TensorFlow, legacy Keras and the model stay in a process of their own."""

from __future__ import annotations

import json
import pickle
import tempfile
from dataclasses import dataclass
from pathlib import Path

from flow import errors
from flow.errors import FlowError, Problem, ToolError
from flow.graph.ir import Graph
from flow.graph.verify import verify
from flow.oracle.process import run_worker


@dataclass(frozen=True)
class QKerasModel:
    """The verified graph, and the names of the model's layers in its order."""

    graph: Graph
    layers: tuple[str, ...]


def import_qkeras(model: Path, name: str) -> QKerasModel:
    """Lower a QKeras file. Raises UsageError (unreadable), UnsupportedError (inexact), ToolError (worker died)."""
    with tempfile.TemporaryDirectory(prefix="flow-qkeras-") as place:
        folder = Path(place)
        outcome = run_worker("flow.frontend.qkeras.worker", str(model.resolve()), str(folder), name)
        if outcome.code:
            how = f"was killed by {outcome.signal}" if outcome.signal else f"failed (exit {outcome.code})"
            raise ToolError(Problem("QKeras", f"{how}:\n{outcome.message}", "see the message"))
        result = json.loads((folder / "result.json").read_text())
        if "error" in result:
            kind: type[FlowError] = getattr(errors, result["error"])
            raise kind([Problem(*problem) for problem in result["problems"]])
        graph: Graph = pickle.loads((folder / "graph.pickle").read_bytes())
    verify(graph)
    return QKerasModel(graph, tuple(result["layers"]))
