"""The scheduler from end to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flow.errors import CapacityError, Problem
from flow.graph import ir
from flow.hardware.config import HwConfig
from flow.isa import assembler
from flow.isa.encoding import Instruction, encode_stream
from flow.isa.synchronise import synchronise
from flow.schedule import elementwise
from flow.schedule.convolution import convolution
from flow.schedule.gather import gather
from flow.schedule.layers import (
    BinaryLayer,
    ConvLayer,
    GatherLayer,
    JoinLayer,
    Layer,
    MapLayer,
    MeanLayer,
    OffsetLayer,
    PoolLayer,
)
from flow.schedule.lower import Lowered, lower
from flow.schedule.memory import MemoryPlan, plan_memory
from flow.schedule.order import hoist_loads
from flow.schedule.program import HostInput, HostOutput, LayerSpan, Program, Written
from flow.schedule.residency import Residency, everything_moves, interleaved, plan_residency
from flow.schedule.steps import Machine, Part
from flow.schedule.timing import estimate


def compile_graph(graph: ir.Graph, hw: HwConfig, trace: bool = False,
                  bytes_per_cycle: float = Program.bytes_per_cycle) -> Program:
    """Schedule a verified graph on an engine.

    bytes_per_cycle: of the memory, for one core, reads and writes together.
    trace: every tensor is written to device memory and none of it is reused. Otherwise tensors stay on the chip if that
    is estimated to be faster. Raises UnsupportedError, CapacityError.
    """
    lowered = lower(graph, hw, trace)
    moving = everything_moves(lowered.layers, hw)
    if trace:
        return _assemble(graph, hw, lowered, moving, bytes_per_cycle, reuse=False)
    staying = plan_residency(lowered.layers, tuple(output_tensors(graph, lowered).values()), hw)
    if not staying.tensors:
        return _assemble(graph, hw, lowered, moving, bytes_per_cycle, reuse=True)
    found: list[Program] = []
    problems: list[CapacityError] = []
    for residency in (staying, moving):
        try:
            found.append(_assemble(graph, hw, lowered, residency, bytes_per_cycle, reuse=True))
        except CapacityError as error:
            problems.append(error)
    if not found:
        raise problems[-1]
    return min(found, key=lambda program: estimate(program).cycles)


def output_tensors(graph: ir.Graph, lowered: Lowered) -> dict[str, str]:
    """Graph output -> the tensor in device memory that holds it (its softmax's input)."""
    return {name: _resolve(lowered, lowered.softmax[name].inputs[0] if name in lowered.softmax else name)
            for name in graph.outputs}


def _assemble(graph: ir.Graph, hw: HwConfig, lowered: Lowered, residency: Residency, bytes_per_cycle: float,
              reuse: bool) -> Program:
    outputs = output_tensors(graph, lowered)
    plan = plan_memory(lowered, tuple(outputs.values()), residency.tensors, hw, reuse)
    machine = Machine(hw, plan.layouts, residency)
    code: list[Instruction] = []
    tags: list[int] = []
    problems: list[Problem] = []
    together = interleaved(lowered.layers, residency.tensors)
    for index, layer in enumerate(lowered.layers):
        if index - 1 in together:
            continue
        machine.begin(index)
        try:
            parts = emit_layer(layer, machine)
            beside = emit_layer(lowered.layers[index + 1], machine) if index in together else None
            for tag, part in _in_turn(index, parts, beside):
                made = part.code()
                code += made
                tags += [tag] * len(made)
        except CapacityError as error:
            problems.extend(error.problems)
    if problems:
        raise CapacityError(problems)
    code, tags = hoist_loads(code, tags, hw)
    program, positions = synchronise(code, hw)
    stream_offset = machine.constants.put(encode_stream(program, hw.hash))
    constant = machine.constants.image()
    assembler.check(program, hw, (len(constant), plan.scratch_bytes, plan.input_bytes, plan.output_bytes))
    return Program(
        name=graph.name,
        hw=hw,
        instructions=tuple(program),
        constant=constant,
        stream_offset=stream_offset,
        scratch_bytes=plan.scratch_bytes,
        input_bytes=plan.input_bytes,
        output_bytes=plan.output_bytes,
        inputs=_host_inputs(graph, lowered, plan),
        outputs=_host_outputs(graph, lowered, plan, outputs),
        written=_written(lowered, plan),
        layers=_spans(lowered.layers, tags, positions),
        macs=sum(layer.macs for layer in lowered.layers),
        bytes_per_cycle=bytes_per_cycle,
    )


#: parts of the layer beside after each part of a layer
MOST_IN_TURN = 2


def _in_turn(index: int, parts: Iterator[Part], beside: Iterator[Part] | None) -> Iterator[tuple[int, Part]]:
    """A layer's parts and, between them, those of the layer that reads its output as soon as the rows are there."""
    waiting = next(beside, None) if beside else None
    rows = 0
    for part in parts:
        yield index, part
        for _ in range(MOST_IN_TURN):
            if beside and waiting and waiting.rows <= rows:  # complete before this part: the array is ahead by one
                yield index + 1, waiting
                waiting = next(beside, None)
        rows = part.rows
    while beside and waiting:
        yield index + 1, waiting
        waiting = next(beside, None)


def emit_layer(layer: Layer, machine: Machine) -> Iterator[Part]:
    """Instructions of one layer, without tokens."""
    match layer:
        case ConvLayer():
            return convolution(layer, machine)
        case PoolLayer():
            return elementwise.pool(layer, machine)
        case MeanLayer():
            return _whole(elementwise.mean, layer, machine)
        case BinaryLayer():
            return _whole(elementwise.binary, layer, machine)
        case OffsetLayer():
            return _whole(elementwise.offset, layer, machine)
        case MapLayer():
            return _whole(elementwise.copy, layer, machine)
        case GatherLayer():
            return _whole(gather, layer, machine)
        case JoinLayer():
            return _whole(elementwise.join, layer, machine)
    raise AssertionError(f"no schedule for {type(layer).__name__}")


def _whole(emit: Callable[[Any, Machine], list[Instruction]], layer: Layer, machine: Machine) -> Iterator[Part]:
    """A layer in one part."""
    yield Part(lambda: emit(layer, machine), layer.output.height)


def _resolve(lowered: Lowered, name: str) -> str:
    while name in lowered.aliases:
        name = lowered.aliases[name]
    return name


def _host_inputs(graph: ir.Graph, lowered: Lowered, plan: MemoryPlan) -> tuple[HostInput, ...]:
    """In the order of the model's inputs, which is the one a host program is given files in."""
    return tuple(
        HostInput(f.source.name, f.source.height, f.source.width, f.source.channels, f.source.scale,
                  f.source.zero_point, f.fold, plan.layouts[f.tensor.name], graph.oracle != "tflite")
        for f in sorted(lowered.inputs, key=lambda folded: graph.inputs.index(folded.source.name)))


def _host_outputs(graph: ir.Graph, lowered: Lowered, plan: MemoryPlan,
                  outputs: dict[str, str]) -> tuple[HostOutput, ...]:
    found = []
    digit_of = {plane: wide.name for wide in graph.wide for plane in wide.planes}
    for name in graph.outputs:
        result = graph.tensors[name]
        layout = plan.layouts[outputs[name]]
        softmax = lowered.softmax.get(name)
        tensor = graph.tensors[softmax.inputs[0]] if softmax else result
        found.append(HostOutput(tensor.name, result.height, result.width, result.channels, tensor.scale,
                                tensor.zero_point, layout, softmax.beta if softmax else None, name, result.scale,
                                result.zero_point, digit_of.get(name, "")))
    return tuple(found)


def _written(lowered: Lowered, plan: MemoryPlan) -> tuple[Written, ...]:
    return tuple(Written(layer.output.name, layer.name, plan.layouts[layer.output.name],
                         plan.layouts[layer.output.name].size)
                 for layer in lowered.layers if layer.output.name in plan.layouts)


def _spans(layers: tuple[Layer, ...], tags: list[int], positions: list[int]) -> tuple[LayerSpan, ...]:
    own: dict[int, list[int]] = {}
    for tag, position in zip(tags, positions, strict=True):
        own.setdefault(tag, []).append(position)
    return tuple(LayerSpan(layer.name, type(layer).__name__.removesuffix("Layer").lower(), tuple(own[n]),
                           layer.macs, layer.output.name) for n, layer in enumerate(layers))


