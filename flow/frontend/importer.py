"""Model file -> integer graph and the flatbuffer that the oracle runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from flow.errors import Problem, ToolError, UnsupportedError, UsageError
from flow.frontend import tables
from flow.frontend.calibrate import Float32
from flow.frontend.check import check
from flow.frontend.convert import convert
from flow.frontend.flatbuffer import FlatOp, read
from flow.frontend.lower import lower
from flow.frontend.qkeras import import_qkeras
from flow.frontend.sniff import Kind, check_keras, is_qkeras, sniff
from flow.graph.ir import Graph, Int8, Unary
from flow.graph.real import quantise
from flow.graph.verify import verify


@dataclass(frozen=True)
class Imported:
    """A model as the rest of the flow sees it.

    flatbuffer: the bytes ``flow.oracle`` runs: the int8 model the graph was read from, or the QKeras file.
    source: what the file was; calibration: where the int8 ranges come from; layers: the user's layer names, if known;
    samples: images of the user's calibration data, as the network's int8 inputs.
    """

    graph: Graph
    flatbuffer: bytes
    warnings: tuple[str, ...]
    source: Kind
    calibration: str
    layers: tuple[str, ...] = ()
    samples: tuple[dict[str, Int8], ...] = ()


def import_model(path: Path, calibration: Path | None = None, seed: int = 0, name: str | None = None) -> Imported:
    """Read, quantise (a float model) and lower a model file. The same file, calibration and seed give the same bytes.

    Raises UsageError (the file or the calibration data cannot be used), UnsupportedError (everything that cannot be
    computed exactly), ToolError (the converter or the oracle died).
    """
    kind = sniff(path)
    name = name or path.stem
    if kind is Kind.TFLITE:
        if calibration is not None:
            raise UsageError(
                Problem(
                    str(calibration),
                    "calibration data for a model that is already quantised",
                    "leave --calibration out for a .tflite model",
                )
            )
        flatbuffer = path.read_bytes()
        return Imported(graph_of(flatbuffer, name, str(path)), flatbuffer, (), kind, "the file's own")
    if is_qkeras(check_keras(path, kind)):
        return _qkeras(path, kind, calibration, name)
    converted = convert(path, calibration, seed)
    graph = graph_of(converted.flatbuffer, name, str(path), converted.layers)
    graph = replace(graph, inputs=_model_order(graph.inputs, converted.inputs))
    samples = _quantised(graph, converted.samples) if sorted(graph.inputs) == sorted(converted.inputs) else ()
    return Imported(
        graph, converted.flatbuffer, converted.warnings, kind, converted.calibration, converted.layers, samples
    )


def _quantised(graph: Graph, samples: tuple[dict[str, Float32], ...]) -> tuple[dict[str, Int8], ...]:
    tensors = {name: graph.tensors[name] for name in graph.inputs}
    return tuple(
        {name: quantise(sample[name], tensor).reshape(tensor.shape) for name, tensor in tensors.items()}
        for sample in samples
    )


def _qkeras(path: Path, kind: Kind, calibration: Path | None, name: str) -> Imported:
    """A QKeras model, whose layers bring their own quantisers."""
    if kind is not Kind.KERAS_H5:
        found = "holds QKeras layers, which QKeras itself cannot read back from this format"
        raise UsageError(Problem(str(path), found, "save the model as HDF5: model.save('model.h5')"))
    if calibration is not None:
        found = "calibration data for a QKeras model, which has quantisers of its own"
        raise UsageError(Problem(str(calibration), found, "leave --calibration out for a QKeras model"))
    model = import_qkeras(path, name)
    ranges = "the model's own quantisers"
    return Imported(model.graph, path.read_bytes(), model.graph.notes, Kind.QKERAS_H5, ranges, model.layers)


def graph_of(flatbuffer: bytes, name: str, where: str, layers: tuple[str, ...] = ()) -> Graph:
    """The verified integer graph of an int8 flatbuffer, tables filled. ``where`` names the file in errors."""
    model = read(flatbuffer, where)
    check(model)
    graph, unary = lower(model, name, layers)
    graph = _with_tables(graph, flatbuffer, unary)
    verify(graph)
    return graph


def _with_tables(graph: Graph, flatbuffer: bytes, unary: dict[int, FlatOp]) -> Graph:
    nodes = list(graph.nodes)
    functions = [op.steps for op in unary.values()]
    try:
        answers = tables.ask(flatbuffer, functions)
    except ToolError:
        raise UnsupportedError(_refused(flatbuffer, [nodes[index].name for index in unary], functions)) from None
    for index, table in zip(unary, answers, strict=True):
        node = nodes[index]
        assert isinstance(node, Unary)
        nodes[index] = replace(node, table=table)
    return replace(graph, nodes=tuple(nodes))


def _refused(flatbuffer: bytes, names: list[str], functions: list[tuple[int, ...]]) -> list[Problem]:
    """Which functions the kernels cannot compute for every int8 value, and what they say."""
    problems = []
    for name, steps in zip(names, functions, strict=True):
        try:
            tables.ask(flatbuffer, [steps])
        except ToolError as error:
            found = f"TensorFlow Lite's reference kernels do not compute it: {error.problems[0].found.splitlines()[-1]}"
            problems.append(Problem(f"layer {name}", found, "replace this function"))
    return problems


def _model_order(found: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The graph's inputs in the Keras model's order (both have the same names, the converter may reorder them)."""
    return wanted if sorted(found) == sorted(wanted) else found
