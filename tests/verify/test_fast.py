"""The fast check finds what differs, and says so where it cannot be made."""

from __future__ import annotations

from pathlib import Path

import pytest

from flow import pipeline
from flow.build.job import Job, Source
from flow.build.progress import Silent
from flow.build.steps import MemorySteps
from flow.errors import Problem, ToolError, VerificationError
from flow.frontend import Imported
from flow.frontend.sniff import Kind
from flow.verify.fast import fast_check
from tests.verify import fakes


class Warned(Silent):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def warn(self, text: str) -> None:
        self.texts.append(text)


def engines(monkeypatch: pytest.MonkeyPatch, missing: str | None, **by_name: fakes.FakeEngine) -> list[str]:
    """Install engines; returns the names of those that get opened, in order."""
    opened: list[str] = []

    def open_engine(name: str, *_: object) -> fakes.FakeEngine:
        opened.append(name)
        return by_name.get(name, fakes.FakeEngine())

    monkeypatch.setattr("flow.verify.run.open_engine", open_engine)
    monkeypatch.setattr("flow.oracle.expected", fakes.oracle)
    monkeypatch.setattr("flow.opencl.device.missing", lambda: missing)
    return opened


def check(progress: Warned) -> None:
    fast_check(fakes.graph(), b"", fakes.program(), 0, 0, progress)


def test_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, progress = engines(monkeypatch, None), Warned()
    check(progress)
    assert (opened, progress.texts) == (["opencl"], [])


def test_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = fakes.FakeEngine()
    spoilt.spoil = lambda values: values.__setitem__((0, 1, 2, 3), values[0, 1, 2, 3] ^ 1)  # type: ignore[method-assign]
    engines(monkeypatch, None, opencl=spoilt)
    with pytest.raises(VerificationError, match=r"1 of .* values differ on the opencl engine"):
        check(Warned())


def test_without_a_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, progress = engines(monkeypatch, "no platform"), Warned()
    check(progress)
    assert opened == []
    assert progress.texts == ["no fast check on the OpenCL engine before the RTL: no platform"]


def test_a_broken_platform_is_no_reason_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ToolError(Problem("OpenCL", "the platform is broken"))

    engines(monkeypatch, None)
    monkeypatch.setattr("flow.verify.run.open_engine", fail)
    progress = Warned()
    check(progress)
    assert progress.texts == ["no fast check on the OpenCL engine before the RTL: the platform is broken"]


@pytest.mark.parametrize(("verify", "opened"), [("rtl", ["opencl", "rtl"]), ("opencl", ["opencl"]),
                                                ("reference", ["reference"]), ("none", [])])
def test_what_a_build_opens(verify: str, opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = engines(monkeypatch, None)
    source = Source("fake", Path("fake.tflite"))
    model = Imported(fakes.graph(), b"", (), Kind.TFLITE, "")
    pipeline.prove(Job("vu9p", (source,), Path(), verify=verify), source, model, fakes.program(),
                   MemorySteps(Silent()))
    assert found == opened
