"""Functions in float, or made of comparisons, become tables where they depend on a single int8 tensor."""

from __future__ import annotations

import numpy as np
import pytest

from flow.errors import UnsupportedError
from flow.frontend.importer import graph_of
from models.builder import Builder
from tests.graph.checks import check

SHAPE = (1, 4, 3, 5)


class Net(Builder):
    """A builder of operations with results that are not int8, too."""

    def raw(self, kind: str, inputs: list[int], name: str, result: str) -> int:
        target = self._add(name, SHAPE, result, None, None, None, 0)
        self._operator(kind, inputs, [target], None)
        return target


def net() -> tuple[Net, int, int]:
    builder = Net()
    return builder, builder.input("x", SHAPE, 0.05, 3), builder.constant("c", np.array(20, np.int8), [0.05], [3])


def nodes(net: Builder, outputs: list[int]) -> list[str]:
    return [type(node).__name__ for node in graph_of(net.build(outputs), "net", "net").nodes]


def test_float_between_conversions() -> None:
    b, x, _ = net()
    negative = b.raw("NEG", [b.float_output(x, "real")], "negative", "FLOAT32")
    y = b.op("QUANTIZE", [b.raw("SQUARE", [negative], "square", "FLOAT32")], "y", SHAPE, 0.2, -100)
    assert nodes(b, [y]) == ["Unary"]
    check(b, [y], 1)


def test_a_float_output_that_is_read_inside() -> None:
    b, x, _ = net()
    real = b.float_output(b.unary("RELU", x, "low", 0.05, 3), "real")
    y = b.op("QUANTIZE", [b.raw("COS", [real], "cosine", "FLOAT32")], "y", SHAPE, 0.01, 0)
    assert nodes(b, [real, y]) == ["Unary", "Unary"]
    check(b, [real, y], 1)


def test_functions_without_a_reference_kernel() -> None:
    """They have one kernel only; the network around them still runs on the reference kernels."""
    b, x, _ = net()
    above = b.raw("ELU", [b.float_output(b.unary("RELU6", x, "low", 0.05, 3), "real")], "elu", "FLOAT32")
    y = b.op("QUANTIZE", [b.raw("CEIL", [above], "ceiling", "FLOAT32")], "y", SHAPE, 0.1, -10)
    z = b.binary("ADD", y, x, "z", 0.1, 0, "NONE")
    w = b.op("QUANTIZE", [b.raw("ELU", [b.float_output(z, "sum")], "below", "FLOAT32")], "w", SHAPE, 0.1, -10)
    assert nodes(b, [w]) == ["Unary", "Unary", "Add", "Unary"]
    check(b, [w, z], 4)


def test_conditions_on_what_is_read_elsewhere() -> None:
    b, x, c = net()
    y = b.op("ABS", [x], "abs", SHAPE, 0.05, 3)
    above = b.raw("GREATER", [y, c], "above", "BOOL")
    first = b.op("SELECT_V2", [above, x, c], "first", SHAPE, 0.05, 3)
    second = b.op("SELECT", [above, y, x], "second", SHAPE, 0.05, 3)
    z = b.binary("ADD", first, y, "z", 0.1, 0, "NONE")
    assert sorted(nodes(b, [z, second])) == ["Add", "Unary", "Unary", "Unary"]
    check(b, [z, second], 2)


def test_the_nearest_tensor_is_the_table_s_input() -> None:
    b, x, c = net()
    y = b.unary("LOGISTIC", x, "near", 1 / 256, -128)
    z = b.op("SELECT_V2", [b.raw("LESS", [y, c], "below", "BOOL"), y, c], "z", SHAPE, 1 / 256, -128)
    graph = graph_of(b.build([z]), "net", "net")
    assert [(node.inputs, node.outputs) for node in graph.nodes] == [(("x",), ("near",)), (("near",), ("z",))]
    check(b, [z], 3)


@pytest.mark.parametrize("constant", [False, True])
def test_what_depends_on_more_than_one_value_is_refused(constant: bool) -> None:
    b, x, _ = net()
    other = (b.constant("many", np.arange(5, dtype=np.int8).reshape(1, 1, 1, 5), [0.05], [3]) if constant
             else b.input("other", SHAPE, 0.05, 3))
    y = b.op("SELECT_V2", [b.raw("LESS", [x, other], "below", "BOOL"), x, other], "y", SHAPE, 0.05, 3)
    with pytest.raises(UnsupportedError, match="operation LESS is not supported"):
        graph_of(b.build([y]), "net", "net")
