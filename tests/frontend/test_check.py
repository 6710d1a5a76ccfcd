"""Flatbuffers whose tensors, operations or numbers contradict each other are refused by name, never a fault of flow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from flow.errors import UnsupportedError
from flow.frontend.importer import graph_of
from flow.oracle.schema import pack, schema, unpack
from flow.oracle.tensors import tensor_names
from models.builder import Builder
from tests.graph.checks import check

SHAPE = (1, 4, 3, 5)


def chain() -> Any:
    """x -> ABS a -> RELU b, and x + b -> c, as a model to change: tensors 0 to 3, operations 0 to 2."""
    b = Builder()
    x = b.input("x", SHAPE, 0.05, 3)
    y = b.unary("RELU", b.op("ABS", [x], "a", SHAPE, 0.05, 3), "b", 0.05, 3)
    return unpack(b.build([b.binary("ADD", x, y, "c", 0.1, 0, "NONE")]))


def weighted(scale: float = 0.01, step: float = 0.1, activation: str = "NONE") -> Any:
    """A convolution ``layer`` of x: tensors x, weights, bias, result."""
    b = Builder()
    x = b.input("x", (1, 4, 3, 2), 0.05, 3)
    weights, bias = np.ones((2, 1, 1, 2), dtype=np.int8), np.zeros(2, dtype=np.int32)
    return unpack(b.build([b.conv(x, "layer", weights, [scale], bias, step, 0, activation=activation)]))


def averaged() -> Any:
    """A mean ``layer`` of x over its map."""
    b = Builder()
    return unpack(b.build([b.mean(b.input("x", (1, 4, 3, 2), 0.05, 3), "layer", 0.05, 0)]))


def twice_listed(model: Any) -> None:
    model.subgraphs[0].inputs = [0, 0]


def out_of_order(model: Any) -> None:
    model.subgraphs[0].operators.reverse()


def written_twice(model: Any) -> None:
    model.subgraphs[0].operators[1].outputs = [1]


def input_written(model: Any) -> None:
    model.subgraphs[0].operators[0].outputs = [0]


def state(model: Any) -> None:
    model.subgraphs[0].inputs, model.subgraphs[0].operators[0].inputs = [], [1]
    model.subgraphs[0].tensors[1].isVariable = True


def absent_operand(model: Any) -> None:
    model.subgraphs[0].operators[2].inputs = [0, -1]


def no_operand(model: Any) -> None:
    model.subgraphs[0].operators[0].inputs = []


def not_computed(model: Any) -> None:
    del model.subgraphs[0].operators[2]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (twice_listed, "input x: is listed 2 times"),
        (out_of_order, r"layer c \(ADD\): reads b, .*\n.*\n.*layer b \(RELU\): reads a, "),
        (written_twice, r"layer a \(RELU\): writes a, which has its values already"),
        (input_written, r"layer x \(ABS\): writes x, which has its values already"),
        (state, r"layer a \(ABS\): reads a, which is neither a constant nor computed before it"),
        (absent_operand, r"layer c \(ADD\): .*an operand is absent"),
        (no_operand, r"layer a \(ABS\): lacks an operand or a result"),
        (not_computed, "output c: no operation computes it"),
    ],
)
def test_tensors_without_an_order(change: Callable[[Any], None], found: str) -> None:
    model = chain()
    change(model)
    with pytest.raises(UnsupportedError, match=found):
        graph_of(pack(model), "net", "net.tflite")


def no_options(model: Any) -> None:
    model.subgraphs[0].operators[0].builtinOptions, model.subgraphs[0].operators[0].builtinOptionsType = None, 0


def no_stride(model: Any) -> None:
    model.subgraphs[0].operators[0].builtinOptions.strideH = 0


def four_bits(model: Any) -> None:
    model.subgraphs[0].tensors[1].type = schema().TensorType.INT4


def empty(model: Any) -> None:
    model.buffers[model.subgraphs[0].tensors[1].buffer].data = None


def sparse(model: Any) -> None:
    model.subgraphs[0].tensors[1].sparsity = schema().SparsityParametersT()


def another_shape(model: Any) -> None:
    model.subgraphs[0].tensors[model.subgraphs[0].outputs[0]].shape = [1, 7]


def untouched(_: Any) -> None:
    pass


@pytest.mark.parametrize(
    ("model", "change", "found"),
    [
        (weighted(), no_options, r"layer layer \(CONV_2D\): has no options"),
        (weighted(), no_stride, r"layer layer \(CONV_2D\): .*contradict each other"),
        (weighted(), four_bits, r"layer layer \(CONV_2D\): weights are int4"),
        (weighted(), empty, r"layer layer \(CONV_2D\): reads layer/weights, which is neither a constant nor"),
        (weighted(), sparse, "tensor layer/weights: is stored sparse"),
        (weighted(scale=-0.01), untouched, r"layer layer \(CONV_2D\): weights of scale -0.0"),
        (weighted(step=1e-10, activation="RELU6"), untouched, r"layer layer \(CONV_2D\): .*passes 32 bits"),
        (weighted(scale=1e30, step=1e-8), untouched, r"layer layer \(CONV_2D\): .*a factor of 5e\+36"),
        (averaged(), another_shape, r"layer layer \(MEAN\): 2 values for an output of shape \[1, 7\]"),
    ],
)
def test_numbers_of_a_layer(model: Any, change: Callable[[Any], None], found: str) -> None:
    change(model)
    with pytest.raises(UnsupportedError, match=found):
        graph_of(pack(model), "net", "net.tflite")


def test_an_input_that_is_quantised_twice() -> None:
    b = Builder()
    x = b.float_input("x", SHAPE, 0.05, 3)
    y = b.op("QUANTIZE", [x - 1], "y", SHAPE, 0.1, 0)
    with pytest.raises(UnsupportedError, match="input x: is quantised 2 times"):
        graph_of(b.build([b.binary("ADD", x, y, "z", 0.1, 0, "NONE")]), "net", "net.tflite")


def test_names_that_look_like_made_ones() -> None:
    assert tensor_names(["a", b"a", "a#1", None, "tensor"]) == ("a#0", "a#1_", "a#1", "tensor#3", "tensor#4")
    b = Builder()
    x = b.input("a#2", SHAPE, 0.05, 3)
    check(b, [b.unary("ABS", x, "a", 0.05, 3), b.unary("RELU", x, "a", 0.05, 3)], 1)
