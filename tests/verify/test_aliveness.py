"""Tensors that prove nothing are found; living ones, ReLU floors among them, are not accused."""

from __future__ import annotations

import numpy as np

from flow.verify.aliveness import dead_tensors


def image(**values: list[int]) -> dict[str, np.ndarray]:
    return {name: np.array(numbers, dtype=np.int8).reshape(1, 1, -1) for name, numbers in values.items()}


def test_constant_over_all_images() -> None:
    assert [d.tensor for d in dead_tensors([image(a=[1, 1], b=[1, 2]), image(a=[1, 1], b=[1, 2])])] == ["a"]
    assert dead_tensors([image(a=[1, 1]), image(a=[2, 2])]) == []


def test_saturated() -> None:
    assert [
        d.tensor
        for d in dead_tensors([image(top=[127, 127, 127, 3], bottom=[-128, -128, -128, 3], fine=[127, -128, 1, 2])])
    ] == ["top", "bottom"]


def test_floor_of_a_relu() -> None:
    values = [image(relu=[-128, -128, -128, 3])]
    assert dead_tensors(values, {"relu": -128}) == []
    assert [d.tensor for d in dead_tensors(values, {"relu": 0})] == ["relu"]
    above = [image(minimum=[127, 127, 127, 3])]
    assert dead_tensors(above, {"minimum": 127}) == []
    assert [(d.tensor, d.constant) for d in dead_tensors(above, {"minimum": -128})] == [("minimum", False)]


def test_nothing() -> None:
    assert dead_tensors([]) == []
