"""A job whose stages are all real but the oracle, which is the integer graph's own evaluation (no TensorFlow)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from flow.build.job import Job, Source
from flow.graph.evaluate import evaluate
from flow.graph.ir import Graph, Int8
from flow.hardware.config import HwConfig
from flow.size import hwfile

SMALL = HwConfig(2, 8, 8, axi_bytes=64, inp_banks=2, inp_depth=512, acc_depth=64, wgt_depth=512, out_depth=64,
                 par_depth=32)


def oracle(
    graph: Graph, flatbuffer: bytes, inputs: Sequence[dict[str, Int8]], keep: Iterable[str] | None = None
) -> list[dict[str, Int8]]:
    wanted = None if keep is None else set(keep)
    values = [evaluate(graph, image) for image in inputs]
    return [{name: value for name, value in image.items() if wanted is None or name in wanted} for image in values]


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """``direct`` on a small engine, verified on the reference engine."""
    from models.direct import direct

    monkeypatch.setattr("flow.oracle.expected", oracle)
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    (inputs / "direct.tflite").write_bytes(direct())
    hwfile.write(inputs / "hw.json", SMALL, {})
    return Job("vu9p", (Source("direct", inputs / "direct.tflite"),), tmp_path / "build" / "out",
               hw_file=inputs / "hw.json", verify="reference")
