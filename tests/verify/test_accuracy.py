"""Accuracy comes from the engine's own outputs, and is compared sample by sample."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from flow import schedule
from flow.build.progress import Silent
from flow.errors import UsageError, VerificationError
from flow.graph import ir
from flow.graph.evaluate import evaluate
from flow.hardware.config import HwConfig
from flow.schedule.program import Program
from flow.verify import accuracy
from tests.verify import fakes

HW = HwConfig(1, 4, 4, axi_bytes=16, inp_banks=2, inp_depth=64, acc_depth=32, wgt_depth=64, out_depth=32, par_depth=8)
#: class n is where input n is the largest
IMAGES = np.array([[3, 0, 0], [0, 3, 0], [0, 0, 3], [0, 2, 1], [1, 0, 2]], np.float32).reshape(5, 1, 1, 3)
LABELS = np.array([0, 1, 2, 1, 0])


@pytest.fixture
def network() -> tuple[ir.Graph, Program]:
    by = ir.Requantise(np.full(1, 1 << 30, np.int32), np.zeros(1, np.int32), 0, -128, 127, ir.Rounding.HALF_EVEN, 1)
    tensors = {name: ir.Tensor(name, 1, 1, 3, 1.0, 0) for name in ("x", "y")}
    node = ir.Dense("dense", ("x",), ("y",), np.eye(3, dtype=np.int8), np.zeros(3, np.int32), by)
    graph = ir.Graph("net", tensors, (node,), ("x",), ("y",))
    return graph, schedule.compile(graph, HW.check())


def ask(network: tuple[ir.Graph, Program], labels: np.ndarray) -> accuracy.Accuracy:
    return accuracy.accuracy(*(network[0], b"", network[1]), IMAGES, labels, "reference", 0, Silent())


def oracle(change: int | None) -> object:
    """The graph itself, with another class for image ``change``."""

    def expected(graph: ir.Graph, model: bytes, images: list[Mapping[str, ir.Int8]], keep: list[str]) -> list:
        answers = [{name: evaluate(graph, image)[name] for name in keep} for image in images]
        if change is not None:
            answers[change]["y"] = answers[change]["y"][..., ::-1]
        return answers

    return expected


def test_equal_to_the_model(network: tuple[ir.Graph, Program], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accuracy.oracle, "expected", oracle(None))
    found = ask(network, LABELS)
    assert (found.images, found.engine, found.quantised_model, found.differing) == (5, 0.8, 0.8, ())
    assert "equal in every value of every image" in found.lines()[-1]


def test_a_sample_that_differs_is_named(network: tuple[ir.Graph, Program], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accuracy.oracle, "expected", oracle(3))
    with pytest.raises(VerificationError, match="1 of 5 differ on the engine: 3") as raised:
        ask(network, LABELS)
    assert raised.value.verdict.to_json() == {  # type: ignore[attr-defined]
        "images": 5, "float_model": None, "quantised_model": 0.8, "engine": 0.8, "differing": (3,)}


@pytest.mark.parametrize(("images", "labels", "found"), [
    (IMAGES, LABELS[:4], r"labels: shape \(4,\)"),
    (IMAGES, np.eye(3)[LABELS], "argmax"),
    (IMAGES, np.array(3), r"labels: shape \(\)"),
    (IMAGES, LABELS.astype(str), "labels: type <U21"),
    (IMAGES, LABELS + 1, "from 0 to 2"),
    (IMAGES, LABELS + 0.5, "from 0 to 2"),
    (IMAGES[:0], LABELS[:0], "images: shape"),
    (IMAGES[..., :2], LABELS, "images: shape"),
    (np.array(1.0), LABELS, "images: shape"),
    (IMAGES.astype(str), LABELS, "images: type"),
    (np.where(IMAGES == 3, np.inf, IMAGES), LABELS, "finite"),
    (np.where(IMAGES == 3, np.nan, IMAGES), LABELS, "finite"),
])
def test_what_cannot_be_classified_is_refused(network: tuple[ir.Graph, Program], images: np.ndarray,
                                              labels: np.ndarray, found: str) -> None:
    with pytest.raises(UsageError, match=found):
        accuracy.accuracy(network[0], b"", network[1], images, labels, "none", 0, Silent())


@pytest.mark.parametrize("shape", [(2, 6, 3, 5), (2, 5, 3, 6)])
def test_images_of_another_order_of_dimensions_are_refused(shape: tuple[int, ...]) -> None:
    images, labels = np.zeros(shape, np.float32), np.zeros(2, int)
    with pytest.raises(UsageError, match="images: shape"):
        accuracy.accuracy(fakes.graph(), b"", fakes.program(), images, labels, "none", 0, Silent())


@pytest.mark.parametrize("labels", [LABELS.reshape(5, 1), LABELS.astype(np.float32), LABELS.astype(np.uint8)])
def test_class_numbers_of_any_type(network: tuple[ir.Graph, Program], labels: np.ndarray,
                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accuracy.oracle, "expected", oracle(None))
    assert ask(network, labels).engine == 0.8
