"""Every network of the zoo on every engine, in every tensor in device memory equal to the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest

import flow
from flow.size import hwfile
from models import zoo
from tests.engines import LARGE
from tests.opencl.device import needs_opencl

#: The reference takes minutes above so many multiply-accumulates an image.
SMALL = 30_000_000


@needs_opencl
@pytest.mark.nightly
@pytest.mark.parametrize("name", zoo.names())
def test_all_engines_agree_with_the_oracle(name: str, tmp_path: Path) -> None:
    model = zoo.make(name, tmp_path)
    hwfile.write(tmp_path / "hw.json", LARGE, {})
    compiled = flow.compile(model, "vu9p", hw=tmp_path / "hw.json")
    for engine in ("opencl", "rtl", "reference"):
        verified = compiled.verify(engine=engine)[name]
        print(f"{name}, {engine}: {verified.verdict.values_compared} values, {verified.wall_seconds:.1f} s")
        assert verified.verdict.bit_exact
        if engine == "rtl" and verified.verdict.macs > SMALL:
            break
