"""Steps of a QKeras model -> the integer graph."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from flow.frontend.qkeras import steps
from flow.frontend.qkeras.combined import added, averaged, counts, joined, mean
from flow.frontend.qkeras.draft import Apply, Draft, Held, NeedsFloat64, Pending, Refused, Value
from flow.frontend.qkeras.exact import Inexact, on_grid, table, window_of
from flow.frontend.qkeras.linear import linear, planes
from flow.frontend.qkeras.moves import join, moved, pad
from flow.frontend.qkeras.steps import Float64, Grid
from flow.frontend.qkeras.weights import depthwise
from flow.graph import ir
from flow.graph.ir import Window

_LINEAR_REMEDY = "put a quantiser behind it, for example QActivation('quantized_bits(8, 2, alpha=1)')"


def lower(network: steps.Network, name: str) -> ir.Graph:
    """The integer graph. Raises UnsupportedError with every layer that cannot be computed exactly, and why."""
    try:
        return _Lowering(network, name, network.wide).run()
    except NeedsFloat64:
        return _Lowering(network, name, True).run()


class _Lowering(Draft):
    """The steps one after the other; those of a network's layers wait until a quantiser or another layer needs them."""

    def run(self) -> ir.Graph:
        for step in self.network.steps:
            try:
                self.values[step.name] = self.step(step)
            except Inexact as error:
                self.refuse(step, str(error))
            except Refused:
                self.values[step.name] = None
        outputs = tuple(tensor for name in self.network.outputs for tensor in self.output(name))
        return self.graph(outputs)

    def output(self, name: str) -> tuple[str, ...]:
        step = next(s for s in self.network.steps if s.name == name)
        if isinstance(step, steps.Softmax):
            self.notes.append(f"softmax {name} is the host's, in float; compared at its input")
            return self.output(step.inputs[0])
        if self.values[name] is None:
            return ()
        try:
            value = self.values[name]
            if isinstance(value, Pending) and isinstance(value.core, steps.Linear) and not value.functions and all(
                isinstance(move, steps.Reshape) for move in value.after
            ):
                try:
                    return (self.settle(name).tensor.name,)
                except Inexact:
                    return self.planes(value.core, name)
            return (self.settle(name).tensor.name,)
        except Inexact as error:
            self.refuse(step, f"ends the network without a quantiser: {error}", _LINEAR_REMEDY)
        except Refused:
            pass
        return ()

    def planes(self, core: steps.Linear, name: str) -> tuple[str, ...]:
        """The digits of a layer's accumulator, made once however many outputs they are."""
        if core.name not in self.digits:
            self.digits[core.name] = planes(self, core, name)
        return self.digits[core.name]

    def settle(self, name: str) -> Held:
        """The quantised tensor of a step; without a quantiser its values must fit 8 bits. Raises Inexact."""
        value = self.get(name)
        if isinstance(value, Held):
            return value
        held = self.values[name] = self.finish(value, None, name)
        return held

    def operand(self, step: steps.Step, index: int = 0) -> Held:
        """A step's input as a quantised tensor; refuses with the reason."""
        try:
            return self.settle(step.inputs[index])
        except Inexact as error:
            before = next(s for s in self.network.steps if s.name == step.inputs[index])
            self.refuse(before, f"feeds {step.layer} without a quantiser between them: {error}", _LINEAR_REMEDY)
            raise Refused from None

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
                return moved(self, step, value, step.name)
            case steps.Pad():
                return pad(self, step, self.operand(step))
            case steps.Joined():
                return join(self, step, [self.operand(step, index) for index in range(len(step.inputs))])
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

    def convolved(self, core: steps.Step, apply: Apply) -> tuple[steps.Step, Apply]:
        """The same function of a convolution's sums, for functions that differ between channels, or many addends."""
        match core:
            case _Identity():
                return depthwise(core, Window((1, 1), (1, 1))), apply
            case steps.Sum():
                return joined(self, core), apply
            case steps.Average():
                source = self.held(core.inputs[0]).tensor
                taps = counts(core, source)
                if len(taps) > 1:
                    raise Inexact(
                        f"needs a quantiser behind {core.layer}, which averages more values here, fewer there"
                    )
                window = core.window or Window((source.height, source.width), (1, 1))
                return depthwise(core, window), lambda sums: apply(mean(self, core, sums, taps[0]))
            case _:
                return core, apply

    def finish(self, value: Pending, last: steps.Function | None, name: str) -> Held:
        """Round a pending value with the quantiser ``last`` (None: exactly, if 8 bits hold it) into tensor ``name``."""
        functions = (*value.functions, last) if last else value.functions

        def composed(values: Float64) -> Float64:
            for function in functions:
                values = function.apply(values, self.wide)
            return values

        apply: Apply = composed
        own = f"{name}/{value.core.layer}" if value.after else name
        grid = last.grid if last else None
        core = value.core
        falls = [function.falls for function in functions if function.falls is not None]
        if falls or (isinstance(core, steps.Sum) and len(core.inputs) != 2):
            core, apply = self.convolved(core, apply)
        if isinstance(core, _Identity):
            held = self.unary(core, apply, grid, own)
        elif isinstance(core, steps.Linear):
            held = linear(self, core, apply, grid, own, np.logical_xor.reduce(falls) if falls else None)
        elif isinstance(core, steps.Sum):
            held = added(self, core, apply, grid, own)
        else:
            assert isinstance(core, steps.Average)
            held = averaged(self, core, apply, grid, own)
        for index, move in enumerate(value.after):
            final = index == len(value.after) - 1
            held = moved(self, move, held, name if final else f"{name}/{move.layer}")
        return held

    def unary(self, core: steps.Step, apply: Apply, grid: Grid | None, name: str) -> Held:
        source = self.held(core.inputs[0])
        whole = np.arange(-128, 128) - source.tensor.zero_point
        inside = np.clip(whole, source.low, source.high)
        values, exponent, zero = table(apply(np.ldexp(inside.astype(np.float64), -source.exponent)), grid)
        low, high = int(values.min()) - zero, int(values.max()) - zero
        if exponent == source.exponent and zero == source.tensor.zero_point and np.array_equal(values - zero, inside):
            return replace(source, low=max(low, source.low), high=min(high, source.high))
        held = self.tensor(name, source.tensor.shape, exponent, zero, low, high)
        self.nodes.append(ir.Unary(self.node_name(name), (source.tensor.name,), (name,), "quantiser", values))
        return held


@dataclass(frozen=True)
class _Identity(steps.Step):
    """A quantised tensor itself, to which functions are applied."""
