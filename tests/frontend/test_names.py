"""Layer names out of tensor names."""

from __future__ import annotations

import pytest

from flow.frontend.names import Namer, input_names, layer_name, safe_names


@pytest.mark.parametrize(
    ("tensor", "layers", "expected"),
    [
        (
            "net_1/tall_relu_1/Relu;net_1/tall_norm_1/batchnorm/add_1;net_1/tall_1/convolution;net_1/tall_norm_1/batchnorm/sub",
            {"tall", "tall_relu", "tall_norm"},
            "tall",
        ),
        ("net_1/pad_1/Pad", {"pad", "pad_1"}, "pad"),
        ("net_1/pad_1_1/Pad", {"pad", "pad_1"}, "pad_1"),
        ("net/block1_conv/BiasAdd", {"block1_conv"}, "block1_conv"),
        ("StatefulPartitionedCall/net/block1_conv/BiasAdd", set(), "block1_conv"),
        ("StatefulPartitionedCall:0", {"a"}, None),
        ("Identity", {"a"}, None),
    ],
)
def test_layer_name(tensor: str, layers: set[str], expected: str | None) -> None:
    assert layer_name([tensor], frozenset(layers)) == expected


def test_names_are_unique() -> None:
    namer = Namer(["a"])
    names = [namer.name(["m/a/x"], "ADD") for _ in range(3)] + [namer.name([], "SOFTMAX") for _ in range(2)]
    assert names == ["a", "a_add", "a_add_2", "softmax", "softmax_2"]


def test_names_that_tensorflow_does_not_take() -> None:
    assert safe_names(["a b", "a_b", "A_B_2", "größe", "_x", "fine.1"]) == {
        "a_b": "a_b", "A_B_2": "A_B_2", "fine.1": "fine.1", "a b": "a_b_3", "größe": "gr__e", "_x": "layer_x"}
    assert Namer(["größe"]).name(["net_1/gr__e_1/convolution"], "CONV_2D") == "größe"


def test_inputs_with_the_same_letters_keep_names_of_their_own() -> None:
    assert input_names(["a b", "a_b", "A-b", "-", "1st"]) == ["a_b", "a_b_2", "A_b_3", "input_", "1st"]
