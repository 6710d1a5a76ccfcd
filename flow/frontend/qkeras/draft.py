"""An integer graph in the making: what the steps lowered so far have become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from flow.errors import Problem, UnsupportedError
from flow.frontend.qkeras import steps
from flow.frontend.qkeras.steps import Float64
from flow.graph import ir

#: float32 holds integers exactly up to here
FLOAT32_EXACT = 1 << 24
ORACLE, ORACLE_WIDE = "qkeras", "qkeras float64"

Apply = Callable[[Float64], Float64]


class NeedsFloat64(Exception):
    """An accumulator passes what float32 holds exactly."""


class Refused(Exception):
    """A step that stands on one already refused."""


@dataclass(frozen=True)
class Held:
    """A quantised tensor: int8 values q stand for (q - zero_point) * 2**-exponent, low <= q - zero_point <= high."""

    tensor: ir.Tensor
    exponent: int
    low: int
    high: int


@dataclass(frozen=True)
class Pending:
    """A layer's accumulator that no quantiser has rounded yet, the functions applied to it so far, and the pools and
    reshapes behind them (which commute with monotone functions)."""

    core: steps.Step
    functions: tuple[steps.Function, ...] = ()
    after: tuple[steps.Step, ...] = ()


Value = Held | Pending


class Draft:
    """wide: what QKeras computes is taken in float64."""

    def __init__(self, network: steps.Network, name: str, wide: bool) -> None:
        self.network, self.name, self.wide = network, name, wide
        self.values: dict[str, Value | None] = {}  # None: already refused
        self.tensors: dict[str, ir.Tensor] = {}
        self.nodes: list[ir.Node] = []
        self.inputs: list[str] = []
        self.notes: list[str] = []
        self.problems: list[Problem] = []
        self.wide_outputs: list[ir.Wide] = []
        self.digits: dict[str, tuple[str, ...]] = {}  # of each layer that is an output unquantised
        self.consumers: dict[str, list[steps.Step]] = {}
        self.node_names: Counter[str] = Counter()
        for step in network.steps:
            for source in step.inputs:
                self.consumers.setdefault(source, []).append(step)

    def graph(self, outputs: tuple[str, ...]) -> ir.Graph:
        """What was made, without what nothing leads to. Raises UnsupportedError with all refusals."""
        if self.problems:
            raise UnsupportedError(list(dict.fromkeys(self.problems)))
        used = {name for node in self.nodes for name in node.inputs} | set(outputs)
        used |= {name for node in self.nodes for name in node.outputs}
        tensors = {name: tensor for name, tensor in self.tensors.items() if name in used or name in self.inputs}
        return ir.Graph(
            self.name,
            tensors,
            tuple(self.nodes),
            tuple(self.inputs),
            outputs,
            ORACLE_WIDE if self.wide else ORACLE,
            tuple(self.notes),
            tuple(self.wide_outputs),
        )

    def refuse(self, step: steps.Step, found: str, remedy: str = "") -> None:
        label = f" ({step.label})" if isinstance(step, steps.Function) else ""
        self.problems.append(Problem(f"layer {step.layer}{label}", found, remedy))
        self.values[step.name] = None

    def get(self, name: str) -> Value:
        value = self.values[name]
        if value is None:
            raise Refused
        return value

    def held(self, name: str) -> Held:
        """A value that is known to be quantised."""
        value = self.get(name)
        assert isinstance(value, Held)
        return value

    def check_float32(self, reach: object) -> None:
        """Raise NeedsFloat64 if float32 does not hold sums up to reach exactly, and is to."""
        if not self.wide and np.any(np.asarray(reach) >= FLOAT32_EXACT):
            raise NeedsFloat64

    def tensor(self, name: str, shape: tuple[int, int, int], exponent: int, zero: int, low: int, high: int) -> Held:
        made = ir.Tensor(name, *shape, scale=float(2.0**-exponent), zero_point=zero)
        self.tensors[name] = made
        return Held(made, exponent, low, high)

    def node_name(self, wanted: str) -> str:
        self.node_names[wanted] += 1
        count = self.node_names[wanted]
        return wanted if count == 1 else f"{wanted}#{count}"
