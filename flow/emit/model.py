"""``model.h`` and ``model.c``: the network's constants for the firmware."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flow.emit.container import model_hash
from flow.emit.templates import render
from flow.graph.softmax import SoftmaxConstants, softmax_constants
from flow.isa import description as isa
from flow.schedule.program import HostInput, HostOutput, Layout, Program


@dataclass(frozen=True)
class InputView:
    """A network input with its copies, in the order in which the program names it first."""

    name: str
    height: int
    width: int
    channels: int
    scale: float
    zero_point: int
    half_even: bool
    copies: tuple[HostInput, ...]


@dataclass(frozen=True)
class OutputView:
    """A network output as the host gives it; scale and zero point are the result's; digit_of as in
    ``HostOutput``."""

    name: str
    height: int
    width: int
    channels: int
    scale: float
    zero_point: int
    layout: Layout
    softmax: SoftmaxConstants | None
    digit_of: str


def symbol(name: str) -> str:
    """The C name of the network's constants."""
    return "flow_model_" + re.sub(r"[^A-Za-z0-9_]", "_", name)


def inputs(program: Program) -> tuple[InputView, ...]:
    """Network inputs, each with all its copies."""
    copies: dict[str, list[HostInput]] = {}
    for entry in program.inputs:
        copies.setdefault(entry.tensor, []).append(entry)
    return tuple(InputView(name, entries[0].height, entries[0].width, entries[0].channels, entries[0].scale,
                           entries[0].zero_point, entries[0].half_even, tuple(entries))
                 for name, entries in copies.items())


def outputs(program: Program) -> tuple[OutputView, ...]:
    """Network outputs in the model's order."""

    def softmax(output: HostOutput) -> SoftmaxConstants | None:
        return None if output.softmax_beta is None else softmax_constants(output.scale, output.softmax_beta)

    return tuple(OutputView(output.result, output.height, output.width, output.channels, output.result_scale,
                            output.result_zero_point, output.layout, softmax(output), output.digit_of)
                 for output in program.outputs)


def model_header(program: Program) -> str:
    return render("firmware/model.h.j2", program=program, symbol=symbol(program.name), isa=isa)


def model_source(program: Program) -> str:
    return render("firmware/model.c.j2", program=program, symbol=symbol(program.name), isa=isa, inputs=inputs(program),
                  outputs=outputs(program), model_hash=model_hash(program.constant))
