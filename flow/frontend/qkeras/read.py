"""A loaded QKeras model -> steps. All problems are collected, each with its layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from flow.errors import FlowError, Problem, UnsupportedError
from flow.frontend.qkeras import quantisers, steps
from flow.graph.ir import Padding, Window
from flow.oracle import qkeras_weights
from flow.oracle.qkeras_load import nodes

_NOTHING = (
    "Dropout",
    "SpatialDropout2D",
    "SpatialDropout1D",
    "GaussianNoise",
    "GaussianDropout",
    "AlphaDropout",
    "ActivityRegularization",
)
LAYERS = (
    "QConv2D",
    "QConv2DBatchnorm",
    "QDepthwiseConv2D",
    "QDepthwiseConv2DBatchnorm",
    "QDense",
    "QActivation",
    "QBatchNormalization",
    "QAveragePooling2D",
    "QGlobalAveragePooling2D",
    "InputLayer",
    "ZeroPadding2D",
    "MaxPooling2D",
    "AveragePooling2D",
    "GlobalAveragePooling2D",
    "Add",
    "Concatenate",
    "Flatten",
    "Reshape",
    "Activation",
    "ReLU",
    "LeakyReLU",
    "Softmax",
    "BatchNormalization",
    "Dropout",
)


def read(model: Any) -> steps.Network:
    """The model's steps. Raises UnsupportedError with everything that has no exact integer form."""
    return _Reader(model).run()


class _Reader:
    def __init__(self, model: Any) -> None:
        self.model = model
        self.steps: list[steps.Step] = []
        self.problems: list[Problem] = []
        self.alias: dict[str, str] = {}  # layers that do nothing -> the step they stand for
        self.layer = ""
        self.wide = False

    def run(self) -> steps.Network:
        seen: set[str] = set()
        for node in nodes(self.model):
            layer = node.layer
            self.layer = layer.name
            if layer.name in seen:
                self.refuse(f"{type(layer).__name__} is used more than once", "give each use a layer of its own")
                continue
            seen.add(layer.name)
            inputs = tuple(self.resolve(tensor._keras_history.layer.name) for tensor in node.keras_inputs)
            if layer.name in inputs:
                continue
            try:
                self.read_layer(layer, inputs)
            except Exception as error:  # quantisers are QKeras's code and raise anything
                if isinstance(error, FlowError):
                    self.problems += error.problems
                else:
                    text = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
                    self.refuse(f"QKeras itself fails on it: {text}", "run the model in QKeras to see the same message")
                self.steps.append(steps.Reshape(layer.name, layer.name, inputs[:1], (1, 1, 1)))
        if self.problems:
            raise UnsupportedError(self.problems)
        outputs = tuple(self.resolve(tensor._keras_history.layer.name) for tensor in self.model.outputs)
        return steps.Network(tuple(self.steps), outputs, self.wide)

    def resolve(self, name: str) -> str:
        while name in self.alias:
            name = self.alias[name]
        return name

    def refuse(self, found: str, remedy: str) -> None:
        self.problems.append(Problem(f"layer {self.layer}", found, remedy))

    def fail(self, found: str, remedy: str) -> UnsupportedError:
        return UnsupportedError(Problem(f"layer {self.layer}", found, remedy))

    # layers -----------------------------------------------------------------------------------------------------

    def read_layer(self, layer: Any, inputs: tuple[str, ...]) -> None:
        kind, name = type(layer).__name__, layer.name
        if kind == "InputLayer":
            self.steps.append(steps.Source(name, name, (), self.shape(layer.output)))
            return
        if getattr(layer, "data_format", "channels_last") not in (None, "channels_last"):
            raise self.fail(f"{kind} with {layer.data_format}", "use channels_last")
        common = (name, inputs, self.shape(layer.output))
        match kind:
            case "QConv2D" | "Conv2D" | "QConv2DBatchnorm":
                self.convolution(layer, common, False)
            case "QDepthwiseConv2D" | "DepthwiseConv2D" | "QDepthwiseConv2DBatchnorm":
                self.convolution(layer, common, True)
            case "QDense" | "Dense":
                self.dense(layer, common)
            case "QAdaptiveActivation":
                remedy = "put a QActivation with the bits it has found in its place"
                raise self.fail("QAdaptiveActivation changes its own quantiser from batch to batch", remedy)
            case "QActivation":
                self.function(common, name, layer.quantizer)
            case "Activation" | "ReLU" | "LeakyReLU" | "ELU" | "Softmax":
                if (
                    kind == "Softmax"
                    or getattr(layer.activation if kind == "Activation" else None, "__name__", "") == "softmax"
                ):
                    self.steps.append(steps.Softmax(name, name, inputs, common[2]))
                else:
                    self.function(common, name, layer.activation if kind == "Activation" else layer)
            case "QBatchNormalization" | "BatchNormalization":
                self.normalisation(layer, common)
            case "QAveragePooling2D" | "AveragePooling2D" | "QGlobalAveragePooling2D" | "GlobalAveragePooling2D":
                self.average(layer, common, "Global" in kind)
            case "MaxPooling2D":
                self.steps.append(
                    steps.MaxPool(
                        name,
                        name,
                        inputs,
                        common[2],
                        self.window(layer.pool_size, layer.strides, (1, 1), layer.padding, inputs[0]),
                    )
                )
            case "Add":
                self.steps.append(steps.Sum(name, name, inputs, common[2]))
            case "Concatenate":
                if layer.axis not in (-1, len(layer.output.shape) - 1):
                    raise self.fail(f"Concatenate along axis {layer.axis}", "concatenate along channels")
                self.steps.append(steps.Joined(name, name, inputs, common[2]))
            case "Flatten" | "Reshape":
                self.steps.append(steps.Reshape(name, name, inputs, common[2]))
            case "ZeroPadding2D":
                (top, bottom), (left, right) = layer.padding
                self.steps.append(steps.Pad(name, name, inputs, common[2], Padding(top, bottom, left, right)))
            case _ if kind in _NOTHING:
                self.alias[name] = inputs[0]
            case "Functional" | "Sequential" | "Model":
                raise self.fail("is a model inside the model", "build the network from layers, without nesting models")
            case _:
                raise self.fail(f"{kind} is not supported", f"supported are {', '.join(LAYERS)}")

    def shape(self, tensor: Any) -> tuple[int, int, int]:
        shape = tuple(tensor.shape)[1:]
        if any(n is None for n in shape) or len(shape) > 3:
            raise self.fail(f"has shape {tuple(tensor.shape)}", "at most height, width and channels, all of fixed size")
        whole = (1,) * (3 - len(shape)) + tuple(int(n) for n in shape)
        return whole[0], whole[1], whole[2]

    def shape_of(self, name: str) -> tuple[int, int, int]:
        return next(step.shape for step in self.steps if step.name == name)

    def window(self, kernel: Any, stride: Any, dilation: Any, padding: str, source: str) -> Window:
        height, width, _ = self.shape_of(source)
        pads = []
        for size, taps, step, spread in zip((height, width), kernel, stride, dilation, strict=True):
            extent = (taps - 1) * spread + 1
            total = max((-(-size // step) - 1) * step + extent - size, 0) if padding == "same" else 0
            pads += [total // 2, total - total // 2]
        return Window(_pair(kernel), _pair(stride), _pair(dilation), Padding(*pads))

    def convolution(self, layer: Any, common: Any, depthwise: bool) -> None:
        if getattr(layer, "groups", 1) != 1:
            raise self.fail(f"a convolution with {layer.groups} groups", "use one group, or a depthwise convolution")
        window = self.window(layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding, common[1][0])
        self.linear(layer, common, window, depthwise)

    def dense(self, layer: Any, common: Any) -> None:
        source = self.shape_of(common[1][0])
        along_map = source[0] * source[1] > 1  # along the last axis of a map
        self.linear(layer, common, Window((1, 1), (1, 1)) if along_map else None, False)

    def linear(self, layer: Any, common: Any, window: Window | None, depthwise: bool) -> None:
        name, inputs, shape = common
        if qkeras_weights.kernel_quantiser(layer) is None:
            option = "depthwise_quantizer" if depthwise else "kernel_quantizer"
            raise self.fail("has weights without a quantiser", f"give the layer a {option}")
        for quantiser in (qkeras_weights.kernel_quantiser(layer), getattr(layer, "bias_quantizer_internal", None)):
            quantisers.refuse_random(quantiser, name)
        kernel, bias = qkeras_weights.kernel(layer), qkeras_weights.bias(layer)
        offset = np.zeros(shape[2]) if bias is None else bias
        if not (np.isfinite(kernel.values).all() and np.isfinite(offset).all()):
            raise self.fail("has weights that are no numbers after quantisation", "train the model again")
        units, scale = kernel.units, kernel.scale
        if depthwise:
            units = units.reshape(*units.shape[:2], -1)
            scale = None if scale is None else np.resize(scale, shape[2])
        elif window is not None and units.ndim == 2:
            units = units.reshape(1, 1, *units.shape)
        own = self.own_activation(layer)
        before = f"{name}/linear" if own is not None else name
        described = (
            quantisers.describe(qkeras_weights.kernel_quantiser(layer)),
            quantisers.describe(getattr(layer, "bias_quantizer_internal", None)),
        )
        if scale is None:
            self.steps.append(steps.Linear(before, name, inputs, shape, units, offset, window, depthwise, *described))
        else:
            self.wide = True
            sums = f"{name}/sums"
            self.steps.append(
                steps.Linear(sums, name, inputs, shape, units, np.zeros(shape[2]), window, depthwise, *described)
            )
            self.steps.append(
                steps.Function(
                    before,
                    name,
                    (sums,),
                    shape,
                    quantisers.affine(scale, offset),
                    None,
                    f"the scale of {described[0]}",
                    True,
                    tuple((scale < 0).tolist()),
                )
            )
        self.activate(common, before, own)

    def own_activation(self, layer: Any) -> Any:
        """The layer's own activation, None if it is linear."""
        own = getattr(layer, "activation", None)
        return None if own is None or getattr(own, "__name__", "") == "linear" else own

    def activate(self, common: Any, before: str, own: Any) -> None:
        name, _, shape = common
        if own is None:
            return
        if getattr(own, "__name__", "") == "softmax":
            self.steps.append(steps.Softmax(name, name, (before,), shape))
        else:
            self.function((name, (before,), shape), name, own)

    def function(self, common: Any, layer: str, function: Any) -> None:
        name, inputs, shape = common
        if getattr(function, "__name__", "") == "linear":
            self.alias[name] = inputs[0]
            return
        grid = quantisers.grid(function, layer) if quantisers.is_quantiser(function) else None
        self.steps.append(
            steps.Function(
                name,
                layer,
                inputs,
                shape,
                quantisers.evaluator(function),
                grid,
                quantisers.describe(function) if grid else getattr(function, "__name__", type(function).__name__),
                quantisers.is_straight(function),
            )
        )

    def average(self, layer: Any, common: Any, whole_map: bool) -> None:
        name, inputs, shape = common
        height, width, _ = self.shape_of(inputs[0])
        window = None if whole_map else self.window(layer.pool_size, layer.strides, (1, 1), layer.padding, inputs[0])
        area = height * width if window is None else window.kernel[0] * window.kernel[1]
        quantiser = getattr(layer, "average_quantizer_internal", None)
        factor = None if quantiser is None else float(np.asarray(quantiser(1.0 / area), np.float64))
        own = self.own_activation(layer)
        before = f"{name}/average" if own is not None else name
        self.steps.append(steps.Average(before, name, inputs, shape, window, area, factor))
        self.activate(common, before, own)

    def normalisation(self, layer: Any, common: Any) -> None:
        name, inputs, shape = common
        if tuple(layer.axis) not in ((-1,), (len(layer.output.shape) - 1,)):
            raise self.fail(f"batch normalisation along axis {layer.axis}", "normalise along channels")
        apply = quantisers.normalisation(layer)
        ends = apply(np.array([[-(2.0**20)], [2.0**20]]), False)
        falls = tuple((ends[0] > ends[1]).tolist())
        label = "batch normalisation"
        self.steps.append(steps.Function(name, name, inputs, shape, apply, None, label, True, falls))


def _pair(values: Any) -> tuple[int, int]:
    first, second = values
    return int(first), int(second)
