"""Builds int8 flatbuffers operation by operation, without the converter: any scales, any shapes, in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flow.oracle.schema import pack, schema

_PADDING = {"SAME": 0, "VALID": 1}
_ACTIVATION = {"NONE": 0, "RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}


class Builder:
    """Each method adds one operation and returns the index of its output; ``build`` gives the flatbuffer.

    Shapes are with the batch of 1. An output without a scale is an error of the caller.
    """

    def __init__(self) -> None:
        self._schema = schema()
        self._tensors: list[Any] = []
        self._buffers: list[Any] = [self._schema.BufferT()]
        self._operators: list[Any] = []
        self._codes: list[int] = []
        self._inputs: list[int] = []

    def input(self, name: str, shape: Sequence[int], scale: float, zero_point: int) -> int:
        index = self.activation(name, shape, scale, zero_point)
        self._inputs.append(index)
        return index

    def float_input(self, name: str, shape: Sequence[int], scale: float, zero_point: int) -> int:
        """A float input with its QUANTIZE; returns the int8 tensor."""
        raw = self._add(name, shape, "FLOAT32", None, None, None, 0)
        self._inputs.append(raw)
        return self.op("QUANTIZE", [raw], f"{name}_int8", shape, scale, zero_point, self._schema.QuantizeOptionsT())

    def float_output(self, source: int, name: str) -> int:
        """A DEQUANTIZE to a float output."""
        target = self._add(name, self.shape(source), "FLOAT32", None, None, None, 0)
        self._operator("DEQUANTIZE", [source], [target], self._schema.DequantizeOptionsT())
        return target

    def uint8_input(self, name: str, shape: Sequence[int], scale: float, zero_point: int) -> int:
        """A uint8 input with its QUANTIZE; returns the int8 tensor, whose zero point is ``zero_point``."""
        raw = self._add(name, shape, "UINT8", None, [scale], [zero_point + 128], 0)
        self._inputs.append(raw)
        return self.op("QUANTIZE", [raw], f"{name}_int8", shape, scale, zero_point, self._schema.QuantizeOptionsT())

    def uint8_output(self, source: int, name: str) -> int:
        """A QUANTIZE to a uint8 output of the same real values."""
        scale, zero_point = self.scale(source)
        target = self._add(name, self.shape(source), "UINT8", None, [scale], [zero_point + 128], 0)
        self._operator("QUANTIZE", [source], [target], self._schema.QuantizeOptionsT())
        return target

    def activation(self, name: str, shape: Sequence[int], scale: float, zero_point: int) -> int:
        return self._add(name, shape, "INT8", None, [scale], [zero_point], 0)

    def constant(
        self,
        name: str,
        values: np.ndarray,
        scales: Sequence[float] | None = None,
        zero_points: Sequence[int] | None = None,
        axis: int = 0,
    ) -> int:
        kind = {"int8": "INT8", "int32": "INT32"}[values.dtype.name]
        return self._add(
            name,
            values.shape,
            kind,
            values,
            scales,
            zero_points if zero_points is not None else [0] * (0 if scales is None else len(scales)),
            axis,
        )

    def shape(self, index: int) -> tuple[int, ...]:
        return tuple(self._tensors[index].shape)

    def scale(self, index: int) -> tuple[float, int]:
        """(scale, zero point) of an activation."""
        quantisation = self._tensors[index].quantization
        return float(np.float32(quantisation.scale[0])), int(quantisation.zeroPoint[0])

    def op(
        self,
        kind: str,
        inputs: Sequence[int],
        name: str,
        shape: Sequence[int],
        scale: float,
        zero_point: int,
        options: Any = None,
    ) -> int:
        """Any operation with one int8 output."""
        target = self.activation(name, shape, scale, zero_point)
        self._operator(kind, list(inputs), [target], options)
        return target

    def conv(
        self,
        source: int,
        name: str,
        weights: np.ndarray,
        scales: Sequence[float],
        bias: np.ndarray | None,
        scale: float,
        zero_point: int,
        stride: tuple[int, int] = (1, 1),
        dilation: tuple[int, int] = (1, 1),
        padding: str = "SAME",
        activation: str = "NONE",
        depthwise: bool = False,
    ) -> int:
        """weights (O, KH, KW, I), or for a depthwise convolution (1, KH, KW, O)."""
        options = self._schema.DepthwiseConv2DOptionsT() if depthwise else self._schema.Conv2DOptionsT()
        if depthwise:
            options.depthMultiplier = weights.shape[3] // self.shape(source)[3]
        options.padding, options.fusedActivationFunction = _PADDING[padding], _ACTIVATION[activation]
        options.strideH, options.strideW = stride
        options.dilationHFactor, options.dilationWFactor = dilation
        _, height, width, _ = self.shape(source)
        extent = [(size - 1) * step + 1 for size, step in zip(weights.shape[1:3], dilation, strict=True)]
        outputs = weights.shape[3] if depthwise else weights.shape[0]
        target = (1, *_output_size((height, width), extent, stride, padding), outputs)
        inputs = [source, *self._parameters(source, name, weights, scales, bias, 3 if depthwise else 0)]
        if bias is None:
            inputs.pop()
        return self.op(
            "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", inputs, name, target, scale, zero_point, options
        )

    def dense(
        self,
        source: int,
        name: str,
        weights: np.ndarray,
        scales: Sequence[float],
        bias: np.ndarray | None,
        scale: float,
        zero_point: int,
        activation: str = "NONE",
    ) -> int:
        """weights (O, I)."""
        options = self._schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = _ACTIVATION[activation]
        inputs = [source, *self._parameters(source, name, weights, scales, bias, 0)]
        return self.op("FULLY_CONNECTED", inputs, name, (1, weights.shape[0]), scale, zero_point, options)

    def binary(
        self, kind: str, first: int, second: int, name: str, scale: float, zero_point: int, activation: str = "NONE"
    ) -> int:
        """ADD, SUB or MUL."""
        options = {"ADD": self._schema.AddOptionsT, "SUB": self._schema.SubOptionsT, "MUL": self._schema.MulOptionsT}[
            kind
        ]()
        options.fusedActivationFunction = _ACTIVATION[activation]
        shape = np.broadcast_shapes(self.shape(first), self.shape(second))
        return self.op(kind, [first, second], name, shape, scale, zero_point, options)

    def pool(
        self,
        kind: str,
        source: int,
        name: str,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        padding: str,
        activation: str = "NONE",
    ) -> int:
        """MAX_POOL_2D or AVERAGE_POOL_2D; the scale stays."""
        options = self._schema.Pool2DOptionsT()
        options.padding, options.fusedActivationFunction = _PADDING[padding], _ACTIVATION[activation]
        options.strideH, options.strideW = stride
        options.filterHeight, options.filterWidth = kernel
        _, height, width, channels = self.shape(source)
        target = (1, *_output_size((height, width), kernel, stride, padding), channels)
        return self.op(kind, [source], name, target, *self.scale(source), options)

    def mean(self, source: int, name: str, scale: float, zero_point: int, keep: bool = False) -> int:
        """Over height and width."""
        options = self._schema.ReducerOptionsT()
        options.keepDims = keep
        axes = self.constant(f"{name}/axes", np.array([1, 2], dtype=np.int32))
        channels = self.shape(source)[3]
        return self.op(
            "MEAN", [source, axes], name, (1, 1, 1, channels) if keep else (1, channels), scale, zero_point, options
        )

    def pad(self, source: int, name: str, top: int, bottom: int, left: int, right: int) -> int:
        amounts = self.constant(
            f"{name}/amounts", np.array([[0, 0], [top, bottom], [left, right], [0, 0]], dtype=np.int32)
        )
        _, height, width, channels = self.shape(source)
        return self.op(
            "PAD",
            [source, amounts],
            name,
            (1, height + top + bottom, width + left + right, channels),
            *self.scale(source),
            self._schema.PadOptionsT(),
        )

    def reshape(self, source: int, name: str, shape: Sequence[int]) -> int:
        options = self._schema.ReshapeOptionsT()
        options.newShape = list(shape)
        wanted = self.constant(f"{name}/shape", np.array(shape, dtype=np.int32))
        return self.op("RESHAPE", [source, wanted], name, shape, *self.scale(source), options)

    def concatenate(self, sources: Sequence[int], name: str) -> int:
        """Along the last axis; all sources have one scale."""
        options = self._schema.ConcatenationOptionsT()
        options.axis = len(self.shape(sources[0])) - 1
        shape = (*self.shape(sources[0])[:-1], sum(self.shape(source)[-1] for source in sources))
        return self.op("CONCATENATION", sources, name, shape, *self.scale(sources[0]), options)

    def unary(self, kind: str, source: int, name: str, scale: float, zero_point: int, options: Any = None) -> int:
        return self.op(kind, [source], name, self.shape(source), scale, zero_point, options)

    def leaky_relu(self, source: int, name: str, alpha: float, scale: float, zero_point: int) -> int:
        options = self._schema.LeakyReluOptionsT()
        options.alpha = alpha
        return self.unary("LEAKY_RELU", source, name, scale, zero_point, options)

    def softmax(self, source: int, name: str, beta: float = 1.0) -> int:
        options = self._schema.SoftmaxOptionsT()
        options.beta = beta
        return self.unary("SOFTMAX", source, name, 1 / 256, -128, options)

    def build(self, outputs: Sequence[int]) -> bytes:
        definitions = self._schema
        graph = definitions.SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs, graph.outputs, graph.name = self._inputs, list(outputs), "main"
        model = definitions.ModelT()
        model.version, model.subgraphs, model.buffers = 3, [graph], self._buffers
        model.operatorCodes = []
        for number in self._codes:
            code = definitions.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), 1
            model.operatorCodes.append(code)
        return pack(model)

    def _parameters(
        self, source: int, name: str, weights: np.ndarray, scales: Sequence[float], bias: np.ndarray | None, axis: int
    ) -> list[int]:
        indices = [self.constant(f"{name}/weights", weights, scales, axis=axis)]
        if bias is not None:
            input_scale = self.scale(source)[0]
            bias_scales = [float(np.float32(input_scale) * np.float32(scale)) for scale in scales]
            indices.append(self.constant(f"{name}/bias", bias.astype(np.int32), bias_scales))
        else:
            indices.append(-1)
        return indices

    def _operator(self, kind: str, inputs: list[int], outputs: list[int], options: Any) -> None:
        number = getattr(self._schema.BuiltinOperator, kind)
        if number not in self._codes:
            self._codes.append(number)
        operator = self._schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = self._codes.index(number), inputs, outputs
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(self._schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self._operators.append(operator)

    def _add(
        self,
        name: str,
        shape: Sequence[int],
        kind: str,
        values: np.ndarray | None,
        scales: Sequence[float] | None,
        zero_points: Sequence[int] | None,
        axis: int,
    ) -> int:
        tensor = self._schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, [int(n) for n in shape], getattr(self._schema.TensorType, kind)
        tensor.buffer = 0
        if values is not None:
            buffer = self._schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), dtype=np.uint8)
            tensor.buffer = len(self._buffers)
            self._buffers.append(buffer)
        if scales is not None:
            quantisation = self._schema.QuantizationParametersT()
            quantisation.scale = [float(scale) for scale in scales]
            quantisation.zeroPoint = [int(point) for point in zero_points or ()]
            quantisation.quantizedDimension = axis
            tensor.quantization = quantisation
        self._tensors.append(tensor)
        return len(self._tensors) - 1


def _output_size(size: Sequence[int], extent: Sequence[int], stride: Sequence[int], padding: str) -> tuple[int, int]:
    if padding == "SAME":
        sides = [-(-n // step) for n, step in zip(size, stride, strict=True)]
    else:
        sides = [(n - reach) // step + 1 for n, reach, step in zip(size, extent, stride, strict=True)]
    return sides[0], sides[1]
