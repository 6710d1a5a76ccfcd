"""Steps of a QKeras model -> the integer graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from flow.errors import Problem, UnsupportedError
from flow.frontend.qkeras import steps
from flow.frontend.qkeras.exact import (
    IDENTITY,
    Accumulator,
    Exact,
    Inexact,
    fit,
    fit_average,
    on_grid,
    table,
    window_of,
)
from flow.frontend.qkeras.fixed import common_exponent, integers
from flow.frontend.qkeras.steps import Float64, Grid
from flow.frontend.qkeras.weights import MOST_REPEATS, depthwise, fits, full, repeats, shared_out
from flow.graph import ir
from flow.graph.ir import Window
from flow.graph.widths import width_of

#: float32 holds integers exactly up to here
FLOAT32_EXACT = 1 << 24
ORACLE, ORACLE_WIDE = "qkeras", "qkeras float64"
_LINEAR_REMEDY = "put a quantiser behind it, for example QActivation('quantized_bits(8, 2, alpha=1)')"


class NeedsFloat64(Exception):
    """An accumulator passes what float32 holds exactly."""


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


def lower(network: steps.Network, name: str) -> ir.Graph:
    """The integer graph. Raises UnsupportedError with every layer that cannot be computed exactly, and why."""
    try:
        return _Lowering(network, name, network.wide).run()
    except NeedsFloat64:
        return _Lowering(network, name, True).run()


class _Lowering:
    def __init__(self, network: steps.Network, name: str, wide: bool) -> None:
        self.network, self.name, self.wide = network, name, wide
        self.values: dict[str, Value | None] = {}  # None: already refused
        self.tensors: dict[str, ir.Tensor] = {}
        self.held: dict[str, Held] = {}
        self.nodes: list[ir.Node] = []
        self.inputs: list[str] = []
        self.notes: list[str] = []
        self.problems: list[Problem] = []
        self.wide_outputs: list[ir.Wide] = []
        self.consumers: dict[str, list[steps.Step]] = {}
        self.node_names: Counter[str] = Counter()
        for step in network.steps:
            for source in step.inputs:
                self.consumers.setdefault(source, []).append(step)

    def run(self) -> ir.Graph:
        for step in self.network.steps:
            try:
                self.values[step.name] = self.step(step)
            except Inexact as error:
                self.refuse(step, str(error))
            except _Refused:
                self.values[step.name] = None
        outputs = tuple(tensor for name in self.network.outputs for tensor in self.output(name))
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

    def output(self, name: str) -> tuple[str, ...]:
        step = next(s for s in self.network.steps if s.name == name)
        if isinstance(step, steps.Softmax):
            self.notes.append(f"softmax {name} is the host's, in float; compared at its input")
            return self.output(step.inputs[0])
        if self.values[name] is None:
            return ()
        try:
            value = self.values[name]
            if isinstance(value, Pending) and isinstance(value.core, steps.Linear) and not value.functions:
                try:
                    return (self.settle(name).tensor.name,)
                except Inexact:
                    return self.planes(value.core, name)
            return (self.settle(name).tensor.name,)
        except Inexact as error:
            self.refuse(step, f"ends the network without a quantiser: {error}", _LINEAR_REMEDY)
        except _Refused:
            pass
        return ()

    def planes(self, core: steps.Linear, name: str) -> tuple[str, ...]:
        """The whole accumulator as digits to base 256, each an output of its own."""
        source, weights, bias, sums = self.accumulator(core)
        fine = np.where(sums.fraction != 0, common_exponent(sums.fraction[None], (0,)), 0)
        shift = int(fine.max())
        reach = np.maximum(np.abs(sums.low), np.abs(sums.high)) << min(shift, 32)
        if bool((reach >= 1 << 29).any()):
            raise Inexact(f"its sums with the bias ({core.bias_quantiser}) need more than 30 bits")
        if not self.wide and bool((reach >= FLOAT32_EXACT).any()):
            raise NeedsFloat64
        exponent = int(sums.exponent.max()) + shift
        spread = exponent - shift - sums.exponent  # left shifts that bring all channels to one step
        if bool((spread > 7).any()):
            raise Inexact(f"the scales of its weights ({core.weight_quantiser}) differ by more than 2**7")
        largest = int((reach << spread).max())
        count = next(n for n in range(1, 6) if largest <= 127 * sum(256**p for p in range(n)))
        if count > 4:
            raise Inexact("its sums need more than 32 bits")
        offset = sum(128 * 256**p for p in range(count))
        whole = (bias << shift) + integers(sums.fraction, shift)
        names = tuple(f"{name}/byte{p}" for p in range(count))
        source, int8 = self.arranged(core, source, weights)
        for p, plane in enumerate(names):
            right = 8 * p - spread
            addend = np.where(right >= 0, offset >> spread, 128 >> np.maximum(-right, 0))
            by = ir.Requantise(
                np.full(len(right), IDENTITY, np.int32),
                -right.astype(np.int32),
                0,
                -128,
                127,
                ir.Rounding.FLOOR,
                1,
                True,
            )
            bits = (whole + addend).astype(np.int32)
            self.tensor(plane, core.shape, exponent - 8 * p, 0, -128, 127)
            self.nodes.append(self.node_of(core, f"{core.layer}/byte{p}", source, plane, int8, bits, by, shift))
        self.wide_outputs.append(ir.Wide(name, names))
        return names

    # values -----------------------------------------------------------------------------------------------------

    def get(self, name: str) -> Value:
        value = self.values[name]
        if value is None:
            raise _Refused
        return value

    def settle(self, name: str) -> Held:
        """The quantised tensor of a step; without a quantiser its values must fit 8 bits. Raises Inexact."""
        value = self.get(name)
        if isinstance(value, Held):
            return value
        if name not in self.held:
            self.held[name] = self.finish(value, None, name)
        self.values[name] = self.held[name]
        return self.held[name]

    def operand(self, step: steps.Step, index: int = 0) -> Held:
        """A step's input as a quantised tensor; refuses with the reason."""
        try:
            return self.settle(step.inputs[index])
        except Inexact as error:
            before = next(s for s in self.network.steps if s.name == step.inputs[index])
            self.refuse(before, f"feeds {step.layer} without a quantiser between them: {error}", _LINEAR_REMEDY)
            raise _Refused from None

    def tensor(self, name: str, shape: tuple[int, int, int], exponent: int, zero: int, low: int, high: int) -> Held:
        made = ir.Tensor(name, *shape, scale=float(2.0**-exponent), zero_point=zero)
        self.tensors[name] = made
        return Held(made, exponent, low, high)

    def node_name(self, wanted: str) -> str:
        self.node_names[wanted] += 1
        count = self.node_names[wanted]
        return wanted if count == 1 else f"{wanted}#{count}"

    # steps ------------------------------------------------------------------------------------------------------

    def step(self, step: steps.Step) -> Value | None:
        match step:
            case steps.Source():
                return self.source(step)
            case steps.Function():
                return self.function(step)
            case steps.Linear() | steps.Sum() | steps.Average():
                for index in range(len(step.inputs)):
                    self.operand(step, index)
                return Pending(step)
            case steps.MaxPool() | steps.Reshape():
                value = self.get(step.inputs[0])
                if isinstance(value, Pending):
                    return replace(value, after=(*value.after, step))
                return self.moved(step, value, step.name)
            case steps.Pad():
                return self.pad(step)
            case steps.Joined():
                return self.join(step)
            case steps.Softmax():
                if self.consumers.get(step.name):
                    self.refuse(step, "softmax in the middle of the network", "only a final softmax runs on the host")
                    return None
                return self.get(step.inputs[0])
            case _:
                raise AssertionError(type(step).__name__)

    def source(self, step: steps.Source) -> Value | None:
        takers = self.consumers.get(step.name, [])
        grids = [taker.grid for taker in takers if isinstance(taker, steps.Function) and taker.grid]
        if len(grids) < len(takers) or not grids:
            self.refuse(
                step,
                "the network's input has no quantiser",
                "put QActivation('quantized_bits(8, 0, alpha=1)') directly behind the input",
            )
            return None
        exponent = max(grid.exponent for grid in grids)
        far = np.ldexp(np.array([[-1024.0], [1024.0]]), -exponent)
        low, high = 0, 0
        for taker in takers:
            assert isinstance(taker, steps.Function)
            ends = on_grid(taker.apply(far, self.wide), Grid(exponent))
            low, high = min(low, int(ends.min())), max(high, int(ends.max()))
        zero = window_of(low, high)
        ties = np.arange(-300.5, 301, dtype=np.float32)[None]
        sides = [np.nextafter(ties, np.float32(end)) for end in (-np.inf, 0.0, np.inf)]
        near = np.ldexp(np.concatenate([ties, *sides]).astype(np.float64), -exponent)
        host = np.ldexp(np.clip(np.rint(np.ldexp(near, exponent)), -128 - zero, 127 - zero), -exponent)
        for taker in takers:
            assert isinstance(taker, steps.Function)
            if not np.array_equal(taker.apply(near, self.wide), taker.apply(host, self.wide)):
                self.notes.append(
                    f"input {step.name}: the host rounds it to multiples of {2.0**-exponent}; {taker.label} would give "
                    "something else for some values between them"
                )
        self.inputs.append(step.name)
        return self.tensor(step.name, step.shape, exponent, zero, -128 - zero, 127 - zero)

    def function(self, step: steps.Function) -> Value | None:
        value = self.get(step.inputs[0])
        if isinstance(value, Held):
            value = Pending(_Identity(value.tensor.name, step.layer, step.inputs, step.shape))
        if not isinstance(value.core, _Identity | steps.Average) and not step.straight:
            found = f"{step.label} is a curve, which cannot be proved on the sums of {value.core.layer}"
            self.refuse(
                step, found, "put a quantiser before it, for example QActivation('quantized_bits(8, 2, alpha=1)')"
            )
            return None
        if any(isinstance(move, steps.MaxPool) for move in value.after) and not (
            step.straight and not any(step.falls or ())
        ):
            self.refuse(step, f"{step.label} falls somewhere, behind a maximum", "put a quantiser before the pooling")
            return None
        if step.falls is not None and any(move.shape[2] != value.core.shape[2] for move in value.after):
            self.refuse(step, f"{step.label} by channel behind a reshape of {value.core.layer}", "normalise before it")
            return None
        if step.grid is None:
            return replace(value, functions=(*value.functions, step))
        return self.finish(value, step, step.name)

    def convolved(
        self, core: steps.Step, apply: Callable[[Float64], Float64]
    ) -> tuple[steps.Step, Callable[[Float64], Float64]]:
        """The same function of a convolution's sums, for functions that differ between channels, or many addends."""
        match core:
            case _Identity():
                return depthwise(core, Window((1, 1), (1, 1))), apply
            case steps.Sum():
                return self.joined(core), apply
            case steps.Average():
                source = self.held_tensor(core).tensor
                counts = self.counts(core, source)
                if len(counts) > 1:
                    raise Inexact(
                        f"needs a quantiser behind {core.layer}, which averages more values here, fewer there"
                    )
                window = core.window or Window((source.height, source.width), (1, 1))
                return depthwise(core, window), lambda sums: apply(self.mean(core, sums, counts[0]))
            case _:
                return core, apply

    def joined(self, core: steps.Sum) -> steps.Linear:
        """A sum as a 1 x 1 convolution of its operands, joined as plain integers."""
        operands = []
        for name in core.inputs:
            value = self.get(name)
            assert isinstance(value, Held)
            operands.append(value)
        channels, whole = core.shape[2], f"{core.name}/operands"
        if whole not in self.values:
            names = tuple(f"{core.name}/operand{index}" for index in range(len(operands)))
            for name, value in zip(names, operands, strict=True):
                self.tensor(name, core.shape, 0, 0, -128, 127)
                self.nodes.append(ir.Reshape(self.node_name(name), (value.tensor.name,), (name,)))
            shape = (core.shape[0], core.shape[1], channels * len(operands))
            self.values[whole] = self.tensor(whole, shape, 0, 0, -128, 127)
            self.nodes.append(ir.Concatenate(self.node_name(whole), names, (whole,)))
        weights = np.concatenate([np.eye(channels) * 2.0**-value.exponent for value in operands])[None, None]
        bias = np.full(channels, -sum(value.tensor.zero_point * 2.0**-value.exponent for value in operands))
        window = Window((1, 1), (1, 1))
        return steps.Linear(core.name, core.layer, (whole,), core.shape, weights, bias, window, False, "addition", "")

    # quantising -------------------------------------------------------------------------------------------------

    def finish(self, value: Pending, last: steps.Function | None, name: str) -> Held:
        """Round a pending value with the quantiser ``last`` (None: exactly, if 8 bits hold it) into tensor ``name``."""
        functions = (*value.functions, last) if last else value.functions

        def composed(values: Float64) -> Float64:
            for function in functions:
                values = function.apply(values, self.wide)
            return values

        apply: Callable[[Float64], Float64] = composed
        own = f"{name}/{value.core.layer}" if value.after else name
        grid = last.grid if last else None
        core = value.core
        falls = [function.falls for function in functions if function.falls is not None]
        if falls or (isinstance(core, steps.Sum) and len(core.inputs) != 2):
            core, apply = self.convolved(core, apply)
        if isinstance(core, _Identity):
            held = self.unary(core, apply, grid, own)
        elif isinstance(core, steps.Linear):
            held = self.linear(core, apply, grid, own, np.logical_xor.reduce(falls) if falls else None)
        elif isinstance(core, steps.Sum):
            held = self.sum(core, apply, grid, own)
        else:
            assert isinstance(core, steps.Average)
            held = self.average(core, apply, grid, own)
        for index, move in enumerate(value.after):
            final = index == len(value.after) - 1
            held = self.moved(move, held, name if final else f"{name}/{move.layer}")
        return held

    def unary(self, core: steps.Step, apply: object, grid: Grid | None, name: str) -> Held:
        source = self.held_tensor(core)
        assert callable(apply)
        whole = np.arange(-128, 128) - source.tensor.zero_point
        inside = np.clip(whole, source.low, source.high)
        values, exponent, zero = table(apply(np.ldexp(inside.astype(np.float64), -source.exponent)), grid)
        low, high = int(values.min()) - zero, int(values.max()) - zero
        if exponent == source.exponent and zero == source.tensor.zero_point and np.array_equal(values - zero, inside):
            return replace(source, low=max(low, source.low), high=min(high, source.high))
        held = self.tensor(name, source.tensor.shape, exponent, zero, low, high)
        self.nodes.append(ir.Unary(self.node_name(name), (source.tensor.name,), (name,), "quantiser", values))
        return held

    def held_tensor(self, core: steps.Step) -> Held:
        value = self.get(core.inputs[0])
        assert isinstance(value, Held)
        return value

    def accumulator(self, core: steps.Linear) -> tuple[Held, np.ndarray, np.ndarray, Accumulator]:
        """(input, integer weights, whole part of the bias, sums) of a convolution or dense layer."""
        source = self.held_tensor(core)
        axes = tuple(range(core.weights.ndim - 1))
        own = common_exponent(core.weights, axes)
        weights = integers(core.weights, own)
        low, high = int(weights.min()), int(weights.max())
        if repeats(weights) > MOST_REPEATS:
            need = f"integers {low} .. {high} in one channel, more than {MOST_REPEATS} times 8 bits"
            raise Inexact(f"its weights ({core.weight_quantiser}) need {need}")
        exponent = own + source.exponent
        scaled = np.ldexp(core.bias, exponent)
        if bool((np.abs(scaled) >= 1 << 30).any()):
            raise Inexact(f"its bias ({core.bias_quantiser}) passes 30 bits at the accumulator's scale")
        bias = np.floor(scaled).astype(np.int64)
        ends = np.stack([weights * min(source.low, 0), weights * max(source.high, 0)])
        bottom, top = ends.min(axis=0).sum(axis=axes) + bias, ends.max(axis=0).sum(axis=axes) + bias
        reach = np.maximum(np.abs(bottom), np.abs(top)) + np.abs(ends).max(axis=0).sum(axis=axes)
        if not self.wide and bool((reach >= FLOAT32_EXACT).any()):
            raise NeedsFloat64
        return source, weights, bias, Accumulator(exponent, scaled - bias, bottom, top)

    def node_of(
        self,
        core: steps.Linear,
        label: str,
        source: Held,
        output: str,
        weights: ir.Int8,
        bias: ir.Int32,
        by: ir.Requantise,
        shift: int,
    ) -> ir.Node:
        inputs = (source.tensor.name,)
        if core.window is None:
            return ir.Dense(label, inputs, (output,), weights, bias, by, shift)
        if weights.ndim == 3:
            return ir.DepthwiseConv2D(label, inputs, (output,), core.window, weights, bias, by, shift)
        return ir.Conv2D(label, inputs, (output,), core.window, weights, bias, by, shift)

    def linear(
        self,
        core: steps.Linear,
        apply: Callable[[Float64], Float64],
        grid: Grid | None,
        name: str,
        falls: np.ndarray | None = None,
    ) -> Held:
        """falls: channels in which the functions fall; their weights change sign."""
        function = apply
        if falls is not None and falls.any():
            signs = np.where(falls, -1.0, 1.0)
            core = replace(core, weights=core.weights * signs, bias=core.bias * signs)

            def function(values: Float64) -> Float64:
                return apply(values * signs)

        source, weights, bias, sums = self.accumulator(core)
        exact = fit(sums, function, grid or self.natural_grid(core, sums))
        shift = exact.scale
        if shift and fits(weights << shift, width_of(weights)):
            weights, shift = weights << shift, 0
        source, int8 = self.arranged(core, source, weights)
        int32 = ((bias << exact.scale) + exact.addend).astype(np.int32)

        def make(label: str, output: str, part: ir.Requantise) -> ir.Node:
            return self.node_of(core, label, source, output, int8, int32, part, shift)

        return self.emit(core, exact, name, make)

    def emit(
        self, core: steps.Step, exact: Exact, name: str, make: Callable[[str, str, ir.Requantise], ir.Node]
    ) -> Held:
        """The nodes of an exact function of an accumulator; make(node name, output, requantisation) gives one."""
        held = self.tensor(name, core.shape, exact.exponent, exact.zero_point, exact.low, exact.high)
        if exact.table is not None:
            level = f"{name}/level"
            self.tensors[level] = replace(held.tensor, name=level, zero_point=0, scale=1.0)
            self.nodes.append(make(self.node_name(core.layer), level, exact.parts[0]))
            self.nodes.append(
                ir.Unary(self.node_name(f"{core.layer}/levels"), (level,), (name,), "levels", exact.table)
            )
            return held
        if len(exact.parts) == 1:
            self.nodes.append(make(self.node_name(core.layer), name, exact.parts[0]))
            return held
        names = (f"{name}/positive", f"{name}/negative")
        for part, output, side in zip(exact.parts, names, ("positive", "negative"), strict=True):
            self.tensors[output] = replace(held.tensor, name=output, zero_point=0)
            self.nodes.append(make(self.node_name(f"{core.layer}/{side}"), output, part))
        whole = np.arange(-128, 128, dtype=np.int32)
        low, high = max(exact.low + exact.zero_point, -128), min(exact.high + exact.zero_point, 127)
        by = ir.Requantise(
            np.full(1, IDENTITY, np.int32), np.zeros(1, np.int32), exact.zero_point, low, high, ir.Rounding.HALF_EVEN, 1
        )
        self.nodes.append(ir.Add(self.node_name(f"{core.layer}/slopes"), names, (name,), whole, whole, by))
        return held

    def arranged(self, core: steps.Linear, source: Held, weights: np.ndarray) -> tuple[Held, ir.Int8]:
        """(input, weights) as the graph holds them; weights of more than 8 bits are shared out over repeated inputs."""
        times = repeats(weights)
        if times > 1:
            tensor = self.unflattened(source.tensor) if core.window is None else source.tensor
            name = f"{tensor.name}/{times} times"
            source = replace(source, tensor=replace(tensor, name=name, channels=tensor.channels * times))
            if name not in self.tensors:
                self.tensors[name] = source.tensor
                self.nodes.append(ir.Concatenate(self.node_name(name), (tensor.name,) * times, (name,)))
            parts = shared_out(weights, times)
            if core.window is None:
                parts = [part.reshape(*tensor.shape, -1) for part in parts]
            if core.depthwise:
                parts = [full(part, tensor.channels) for part in parts]
            weights = np.concatenate(parts, axis=2)
        if core.window is None:
            return source, weights.reshape(-1, weights.shape[-1]).T.astype(np.int8)
        if core.depthwise and times == 1:
            return source, weights.astype(np.int8)
        return source, np.ascontiguousarray(weights.transpose(3, 0, 1, 2)).astype(np.int8)

    def unflattened(self, tensor: ir.Tensor) -> ir.Tensor:
        """The map that was reshaped to this tensor, which has the same values in the same order."""
        makers = {node.outputs[0]: node for node in self.nodes if isinstance(node, ir.Reshape)}
        name = tensor.name
        while name in makers:
            name = makers[name].inputs[0]
        return self.tensors[name]

    def natural_grid(self, core: steps.Step, sums: Accumulator) -> Grid:
        """The grid of a value that no quantiser rounds: the accumulator's own."""
        if np.any(sums.fraction != 0):
            raise Inexact("its bias is finer than its accumulator")
        return Grid(int(sums.exponent.max()))

    def sum(self, core: steps.Sum, apply: object, grid: Grid | None, name: str) -> Held:
        assert callable(apply)
        operands = []
        for source in core.inputs:
            value = self.get(source)
            assert isinstance(value, Held)
            operands.append(value)
        exponent = max(value.exponent for value in operands)
        tables, low, high = [], 0, 0
        for value in operands:
            raw = np.clip(np.arange(-128, 128) - value.tensor.zero_point, value.low, value.high) << (
                exponent - value.exponent
            )
            if np.abs(raw).max() >= 1 << 28:
                raise Inexact("adds tensors whose steps differ too much")
            tables.append(raw.astype(np.int32))
            low, high = low + int(raw.min()), high + int(raw.max())
        one = np.ones(1, np.int64)
        sums = Accumulator(exponent * one, np.zeros(1), low * one, high * one)
        if not self.wide and max(abs(low), abs(high)) >= FLOAT32_EXACT:
            raise NeedsFloat64
        grid = grid or self.natural_grid(core, sums)
        exact = fit(sums, apply, grid)
        tables[0] = tables[0] + exact.addend.astype(np.int32)
        names = tuple(value.tensor.name for value in operands)

        def make(label: str, output: str, part: ir.Requantise) -> ir.Node:
            return ir.Add(label, names, (output,), tables[0], tables[1], part)

        return self.emit(core, exact, name, make)

    def average(self, core: steps.Average, apply: object, grid: Grid | None, name: str) -> Held:
        assert callable(apply)
        source = self.held_tensor(core)
        counts = self.counts(core, source.tensor)

        def value(sums: np.ndarray, count: int) -> Float64:
            return self.mean(core, np.ldexp(sums.astype(np.float64), -source.exponent), count)

        if not self.wide and max(abs(source.low), abs(source.high)) * max(counts) >= FLOAT32_EXACT:
            raise NeedsFloat64
        ratio = 1.0 if core.factor is None else core.area * core.factor
        if grid is None:
            grid = Grid(source.exponent + int(common_exponent(np.array([ratio / n for n in counts]))))
        ends = np.array([[source.low * n, source.high * n] for n in counts])
        results = on_grid(apply(np.stack([value(end, n) for end, n in zip(ends, counts, strict=True)])), grid)
        low, high = int(results.min()), int(results.max())
        zero = window_of(low, high)
        step = 2.0 ** (grid.exponent - source.exponent)
        window = (low, high, zero)
        fitted = []
        for n in counts:
            ideal, values = ratio * step / n, partial(value, count=n)
            fitted.append((n, fit_average(source.low * n, source.high * n, ideal, values, apply, grid, window)))
        held = self.tensor(name, core.shape, grid.exponent, zero, low, high)
        label, inputs = self.node_name(core.layer), (source.tensor.name,)
        if core.window is None:
            offset = -counts[0] * source.tensor.zero_point
            self.nodes.append(ir.Mean(label, inputs, (name,), offset, fitted[0][1]))
        else:
            self.nodes.append(
                ir.AveragePool2D(
                    label, inputs, (name,), core.window, max(low + zero, -128), min(high + zero, 127), tuple(fitted)
                )
            )
        return held

    def mean(self, core: steps.Average, totals: Float64, count: int) -> Float64:
        """What QKeras makes of the sum of ``count`` values."""
        kind = np.dtype("float64" if self.wide else "float32")
        mean = totals.astype(kind) / np.asarray(count, kind)
        if core.factor is not None:
            mean = mean * np.asarray(core.area, kind) * np.asarray(core.factor, kind)
        return mean.astype(np.float64)

    def counts(self, core: steps.Average, source: ir.Tensor) -> tuple[int, ...]:
        """Numbers of taps inside the map that occur."""
        if core.window is None:
            return (source.height * source.width,)
        window, along = core.window, []
        for axis, (size, before) in enumerate(
            ((source.height, window.padding.top), (source.width, window.padding.left))
        ):
            starts = np.arange(core.shape[axis]) * window.stride[axis] - before
            taps = starts[:, None] + np.arange(window.kernel[axis])
            along.append(set(((taps >= 0) & (taps < size)).sum(axis=1).tolist()))
        return tuple(sorted({a * b for a in along[0] for b in along[1]}))

    # moves ------------------------------------------------------------------------------------------------------

    def moved(self, step: steps.Step, value: Held, name: str) -> Held:
        tensor = replace(value.tensor, name=name, height=step.shape[0], width=step.shape[1], channels=step.shape[2])
        self.tensors[name] = tensor
        label, inputs = self.node_name(step.layer), (value.tensor.name,)
        if isinstance(step, steps.MaxPool):
            self.nodes.append(ir.MaxPool2D(label, inputs, (name,), step.window, -128, 127))
        else:
            self.nodes.append(ir.Reshape(label, inputs, (name,)))
        return replace(value, tensor=tensor)

    def pad(self, step: steps.Pad) -> Held:
        value = self.operand(step)
        held = self.tensor(
            step.name, step.shape, value.exponent, value.tensor.zero_point, min(value.low, 0), max(value.high, 0)
        )
        self.nodes.append(
            ir.Pad(
                self.node_name(step.layer), (value.tensor.name,), (step.name,), step.padding, value.tensor.zero_point
            )
        )
        return held

    def join(self, step: steps.Joined) -> Held:
        operands = [self.operand(step, index) for index in range(len(step.inputs))]
        exponent = max(value.exponent for value in operands)
        low = min(value.low << (exponent - value.exponent) for value in operands)
        high = max(value.high << (exponent - value.exponent) for value in operands)
        zero = window_of(low, high)
        names = []
        for index, value in enumerate(operands):
            if (value.exponent, value.tensor.zero_point) == (exponent, zero):
                names.append(value.tensor.name)
                continue
            name = f"{step.name}/{index}"
            raw = np.clip(np.arange(-128, 128) - value.tensor.zero_point, value.low, value.high) << (
                exponent - value.exponent
            )
            self.tensor(name, value.tensor.shape, exponent, zero, low, high)
            self.nodes.append(
                ir.Unary(self.node_name(name), (value.tensor.name,), (name,), "rescale", (raw + zero).astype(np.int8))
            )
            names.append(name)
        held = self.tensor(step.name, step.shape, exponent, zero, low, high)
        self.nodes.append(ir.Concatenate(self.node_name(step.layer), tuple(names), (step.name,)))
        return held


class _Refused(Exception):
    """A step that stands on one already refused."""


@dataclass(frozen=True)
class _Identity(steps.Step):
    """A quantised tensor itself, to which functions are applied."""
