"""What the verifier notices, counts and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from flow.errors import UsageError, VerificationError
from flow.graph.ir import Int8
from flow.report.text import bit_exact_line
from flow.verify import run
from flow.verify.engines import BatchEngine
from flow.verify.verdict import Verdict, Verification
from tests.verify import fakes

SIZE = 3 * 5 * 6


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> fakes.FakeEngine:
    return install(monkeypatch, fakes.FakeEngine())


def install(monkeypatch: pytest.MonkeyPatch, engine: fakes.FakeEngine) -> fakes.FakeEngine:
    def open_engine(*_: object) -> BatchEngine:
        return engine

    monkeypatch.setattr("flow.verify.run.open_engine", open_engine)
    monkeypatch.setattr("flow.oracle.expected", fakes.oracle)
    return engine


def verify(images: int = 0, seed: int = 0, given: tuple[dict[str, Int8], ...] = ()) -> Verification:
    return run.verify(fakes.graph(), b"", fakes.program(), "rtl", images, seed, given=given)[0]


def test_all_equal(engine: fakes.FakeEngine) -> None:
    verdict = verify().verdict
    run.require_proof(verdict)
    assert verdict.bit_exact
    assert (verdict.images, verdict.launches, verdict.layers_compared) == (2, 1, 1)
    assert verdict.values_compared == 2 * 2 * SIZE  # the tensor and the output, two lanes
    assert (verdict.cycles, verdict.macs, verdict.peak_macs_per_cycle) == (60, 90, 32)
    assert verdict.utilisation == 90 * 2 / (32 * 60)
    assert verdict.layers[0].cycles == 40
    assert verdict.layers[0].utilisation == 90 * 2 / (32 * 40)
    assert dict(verdict.counters) == {"GEMM_BUSY": 7}
    assert engine.closed


def test_every_position_of_every_lane_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Change one value: the verifier must name exactly that one."""
    for lane in range(2):
        for index in np.ndindex(3, 5, 6):
            engine = fakes.FakeEngine()
            at = (lane, *index)
            monkeypatch.setattr(engine, "spoil", lambda values, at=at: values.__setitem__(at, values[at] ^ 1))
            install(monkeypatch, engine)
            verdict = verify().verdict
            assert not verdict.bit_exact
            assert verdict.values_wrong == 1
            found = verdict.mismatches[0]
            assert (found.layer, found.tensor, found.image, found.index) == ("negate", "y", lane, index)
            assert found.got == found.expected ^ 1
    with pytest.raises(VerificationError, match="layer negate") as caught:
        run.require_proof(verdict)
    assert isinstance(caught.value, run.NotProven)
    assert caught.value.verdict is verdict


def test_outputs_are_compared_too(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = fakes.FakeEngine()
    monkeypatch.setattr(engine, "spoil_output", lambda values: values.__setitem__((1, 2, 4, 5), values[1, 2, 4, 5] ^ 1))
    install(monkeypatch, engine)
    verdict = verify().verdict
    assert (verdict.values_wrong, verdict.mismatches[0].layer, verdict.mismatches[0].image) == (1, "output", 1)


def test_constant_tensors_prove_nothing(engine: fakes.FakeEngine) -> None:
    constant = {"x": np.full((3, 5, 6), 7, np.int8)}
    verdict = verify(given=(constant, constant)).verdict
    assert verdict.values_wrong == 0
    assert not verdict.bit_exact
    assert [name for name, _ in verdict.dead_tensors] == ["y", "x"]
    assert (verdict.values_compared, verdict.layers_compared) == (0, 0)
    with pytest.raises(VerificationError, match="equality would prove nothing"):
        run.require_proof(verdict)


def test_a_tensor_that_hardly_varies_is_told(engine: fakes.FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as an output varies, equality is a proof of all that leads to it."""
    def oracle(*given: Any, **named: Any) -> list[dict[str, Int8]]:
        return [{**image, "x": np.full((3, 5, 6), 7, np.int8)} for image in fakes.oracle(*given, **named)]

    monkeypatch.setattr("flow.oracle.expected", oracle)
    verdict = verify().verdict
    assert [name for name, _ in verdict.dead_tensors] == ["x"]
    run.require_proof(verdict)


def test_every_output_must_vary(engine: fakes.FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that stands still is named, whatever the others do."""
    def oracle(*given: Any, **named: Any) -> list[dict[str, Int8]]:
        return [{**image, "still": np.full((3, 5, 6), 7, np.int8)} for image in fakes.oracle(*given, **named)]

    monkeypatch.setattr("flow.oracle.expected", oracle)
    first, = fakes.program().outputs
    two = replace(fakes.program(), outputs=(first, replace(first, result="still", tensor="still")))
    verdict = run.verify(fakes.graph(), b"", two, "rtl")[0].verdict
    assert not verdict.bit_exact
    with pytest.raises(VerificationError, match="output still"):
        run.require_proof(verdict)


def test_without_the_softmax_s_results(engine: fakes.FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference kernels' softmax may abort: then the network is compared before it, and the verdict says so."""
    outputs = (replace(fakes.program().outputs[0], result="softmax", softmax_beta=1.0),)

    def verified(spoil: Callable[[Int8], None]) -> Verdict:
        engine.spoil = spoil  # type: ignore[method-assign]
        return run.verify(fakes.graph(), b"", replace(fakes.program(), outputs=outputs), "rtl")[0].verdict

    verdict = verified(lambda values: None)
    assert (verdict.bit_exact, verdict.oracle) == (True, "tflite logits")
    assert "not the softmax" in bit_exact_line(verdict)
    assert not verified(lambda values: np.negative(values, out=values)).bit_exact


@pytest.mark.parametrize(("images", "launches"), [(1, 1), (2, 1), (3, 2), (5, 3)])
def test_batches(engine: fakes.FakeEngine, images: int, launches: int) -> None:
    result = verify(images)
    assert (result.verdict.images, result.verdict.launches, len(engine.batches)) == (images, launches, launches)
    assert all(len(batch) == 2 for batch in engine.batches)
    assert len(result.stimuli) == len(result.expected) == len(result.obtained) == images
    assert result.verdict.values_compared == launches * 2 * 2 * SIZE
    fed = [batch[lane]["x"] for batch in engine.batches for lane in range(2)][:images]
    assert all((image["x"] == x).all() for image, x in zip(result.stimuli, fed, strict=True))


def test_seeds(engine: fakes.FakeEngine) -> None:
    def stimuli(seed: int) -> list[bytes]:
        return [image["x"].tobytes() for image in verify(3, seed).stimuli]

    assert stimuli(1) == stimuli(1)
    assert not set(stimuli(1)) & set(stimuli(2))
    assert len(set(stimuli(1))) == 3


def test_given_images_come_first(engine: fakes.FakeEngine) -> None:
    mine = {"x": np.arange(SIZE, dtype=np.int8).reshape(3, 5, 6)}
    result = verify(2, given=(mine,))
    assert (result.stimuli[0]["x"] == mine["x"]).all()
    assert len(result.stimuli) == 2
    assert result.verdict.given == 1


def test_json_has_what_is_promised(engine: fakes.FakeEngine) -> None:
    value = json.loads(json.dumps(verify().verdict.to_json()))
    assert {"bit_exact", "layers_compared", "values_compared", "mismatches", "cycles", "macs", "peak_macs_per_cycle",
            "utilisation", "images", "engine", "layers"} <= set(value)
    assert {"name", "cycles", "utilisation"} <= set(value["layers"][0])


def test_unknown_engine() -> None:
    with pytest.raises(UsageError, match="abacus"):
        from flow.build.progress import Silent
        from flow.verify.engines import open_engine

        open_engine("abacus", fakes.program(), fakes.graph(), 0, Silent())
