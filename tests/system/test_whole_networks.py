"""Whole networks through the command's own path: model file, engine, firmware, RTL; equal to the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest

import flow
from flow.hardware.config import HwConfig
from flow.size import hwfile
from models import zoo
from tests.engines import ENGINES

MIDDLE = HwConfig(4, 16, 16, axi_bytes=32, inp_banks=4, inp_depth=1024, acc_depth=256, wgt_depth=2048, out_depth=512,
                  par_depth=64)


def verified(tmp_path: Path, names: list[str], hw: HwConfig, trace: bool) -> dict[str, flow.api.Verified]:
    """Make the networks, verify them in RTL on one engine."""
    files = []
    for name in names:
        path = tmp_path / f"{name}{zoo.entry(name).suffix}"
        zoo.write(name, path)
        files.append(path)
    hwfile.write(tmp_path / "hw.json", hw, {})
    compiled = flow.compile(files, "zcu102", hw=tmp_path / "hw.json")
    return compiled.verify(engine="rtl", trace_layers=trace)


@pytest.mark.full
@pytest.mark.parametrize("trace", [False, True])
@pytest.mark.parametrize("engine", ["1x16x8", "3x8x8"])
def test_odd_sizes(tmp_path: Path, engine: str, trace: bool) -> None:
    verdict = verified(tmp_path, ["odd"], ENGINES[engine], trace)["odd"].verdict
    assert verdict.bit_exact and verdict.values_compared > 0


@pytest.mark.full
def test_a_flatbuffer_given_directly(tmp_path: Path) -> None:
    assert verified(tmp_path, ["direct"], ENGINES["2x8x8"], True)["direct"].verdict.bit_exact


@pytest.mark.full
def test_two_inputs_and_two_outputs(tmp_path: Path) -> None:
    assert verified(tmp_path, ["two-by-two"], ENGINES["2x8x8"], False)["two-by-two"].verdict.bit_exact


@pytest.mark.full
def test_one_engine_for_two_networks(tmp_path: Path) -> None:
    verdicts = verified(tmp_path, ["tiny", "two-by-two"], ENGINES["3x8x8"], False)
    assert len(verdicts) == 2 and all(v.verdict.bit_exact for v in verdicts.values())


@pytest.mark.full
def test_vgg16_at_48(tmp_path: Path) -> None:
    verdict = verified(tmp_path, ["vgg16-48"], MIDDLE, True)["vgg16-48"].verdict
    assert verdict.bit_exact and verdict.layers_compared >= 21


@pytest.mark.full
def test_resnet50_at_64(tmp_path: Path) -> None:
    verdict = verified(tmp_path, ["resnet50-64"], MIDDLE, False)["resnet50-64"].verdict
    assert verdict.bit_exact
