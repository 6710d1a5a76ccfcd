"""A loaded QKeras model -> steps. All problems are collected, each with its layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from flow.errors import FlowError, Problem, UnsupportedError
from flow.frontend.qkeras import quantisers, steps
from flow.graph.ir import Padding, Window
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
    "QAdaptiveActivation",
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
            except FlowError as error:
                self.problems += error.problems
                self.steps.append(steps.Reshape(layer.name, layer.name, inputs[:1], (1, 1, 1)))
        if self.problems:
            raise UnsupportedError(self.problems)
        outputs = tuple(self.resolve(tensor._keras_history.layer.name) for tensor in self.model.outputs)
        return steps.Network(tuple(self.steps), outputs)

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
            case "QConv2D" | "Conv2D":
                self.convolution(layer, common, layer.kernel, getattr(layer, "bias", None), "kernel_quantizer")
            case "QConv2DBatchnorm" | "QDepthwiseConv2DBatchnorm":
                depthwise = kind == "QDepthwiseConv2DBatchnorm"
                kernel, bias = layer.get_folded_weights()
                self.convolution(
                    layer, common, kernel, bias, "depthwise_quantizer" if depthwise else "kernel_quantizer", depthwise
                )
            case "QDepthwiseConv2D" | "DepthwiseConv2D":
                self.convolution(
                    layer, common, layer.depthwise_kernel, getattr(layer, "bias", None), "depthwise_quantizer", True
                )
            case "QDense" | "Dense":
                self.dense(layer, common)
            case "QActivation" | "QAdaptiveActivation":
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

    def quantised(self, values: Any, quantiser: Any) -> np.ndarray:
        """Weights as the layer uses them."""
        import tensorflow as tf

        tensor = tf.convert_to_tensor(values)
        return np.asarray(tensor if quantiser is None else quantiser(tensor), np.float64)

    def convolution(
        self, layer: Any, common: Any, kernel: Any, bias: Any, quantiser: str, depthwise: bool = False
    ) -> None:
        inputs = common[1]
        if getattr(layer, "groups", 1) != 1:
            raise self.fail(f"a convolution with {layer.groups} groups", "use one group, or a depthwise convolution")
        weight_quantiser = getattr(layer, quantiser + "_internal", None)
        bias_quantiser = getattr(layer, "bias_quantizer_internal", None)
        if weight_quantiser is None:
            raise self.fail("has weights without a quantiser", f"give the layer a {quantiser}")
        values = self.quantised(kernel, weight_quantiser)
        if depthwise:
            values = values.reshape(*values.shape[:2], -1)
        window = self.window(layer.kernel_size, layer.strides, layer.dilation_rate, layer.padding, inputs[0])
        self.linear(layer, common, values, bias, window, depthwise, weight_quantiser, bias_quantiser)

    def dense(self, layer: Any, common: Any) -> None:
        quantiser = getattr(layer, "kernel_quantizer_internal", None)
        if quantiser is None:
            raise self.fail("has weights without a quantiser", "give the layer a kernel_quantizer")
        source = self.shape_of(common[1][0])
        kernel = self.quantised(layer.kernel, quantiser)
        window = None
        if source[0] * source[1] > 1:  # along the last axis of a map
            kernel, window = kernel.reshape(1, 1, *kernel.shape), Window((1, 1), (1, 1))
        self.linear(
            layer,
            common,
            kernel,
            getattr(layer, "bias", None),
            window,
            False,
            quantiser,
            getattr(layer, "bias_quantizer_internal", None),
        )

    def linear(
        self,
        layer: Any,
        common: Any,
        weights: np.ndarray,
        bias: Any,
        window: Window | None,
        depthwise: bool,
        weight_quantiser: Any,
        bias_quantiser: Any,
    ) -> None:
        name, inputs, shape = common
        offset = np.zeros(shape[2]) if bias is None or not np.ndim(bias) else self.quantised(bias, bias_quantiser)
        own = self.own_activation(layer)
        before = f"{name}/linear" if own is not None else name
        self.steps.append(
            steps.Linear(
                before,
                name,
                inputs,
                shape,
                weights,
                offset.reshape(-1),
                window,
                depthwise,
                quantisers.describe(weight_quantiser),
                quantisers.describe(bias_quantiser),
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
        quantised: dict[str, Any] = {}
        for part, attribute in (
            ("gamma", "gamma"),
            ("beta", "beta"),
            ("mean", "moving_mean"),
            ("variance", "moving_variance"),
        ):
            value = getattr(layer, attribute, None)
            quantised[part] = (
                None if value is None else self.quantised(value, getattr(layer, f"{part}_quantizer_internal", None))
            )
        inverse = (1 / np.sqrt(np.float32(quantised["variance"]) + np.float32(layer.epsilon))).astype(np.float64)
        if quantised["gamma"] is not None:
            inverse = inverse * quantised["gamma"]
        offset = -quantised["mean"] * inverse + (0 if quantised["beta"] is None else quantised["beta"])
        self.steps.append(steps.Affine(name, name, inputs, shape, inverse, offset))


def _pair(values: Any) -> tuple[int, int]:
    first, second = values
    return int(first), int(second)
