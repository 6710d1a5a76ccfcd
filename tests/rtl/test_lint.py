"""Verilator's lint on engines of every shape; waivers stand in rtl/lint.vlt with their reasons."""

from __future__ import annotations

from pathlib import Path

import pytest

from flow.hardware.config import HwConfig
from flow.hardware.filelist import rtl_files
from flow.isa.render import engine_package
from flow.simulate.verilator import find_verilator, run_tool
from flow.tree import ROOT

SHAPES = {
    "axi128": HwConfig(2, 8, 8, axi_bytes=128, weight_bits=2, inp_banks=1),
    "odd": HwConfig(3, 12, 4, axi_bytes=32, weight_bits=4, inp_depth=60, packed=False),
    "1x16x8": HwConfig(1, 16, 8, axi_bytes=16),
    "one lane, no pairs": HwConfig(1, 8, 8, axi_bytes=16, packed=False),
    "6x32x16": HwConfig(6, 32, 16, axi_bytes=64, inp_banks=10, inp_depth=4096, acc_depth=1024, wgt_depth=4096,
                        out_depth=2048, par_depth=256),
    "two cores, one channel": HwConfig(2, 8, 8, axi_bytes=16, cores=2),
    "two cores, two channels": HwConfig(2, 8, 8, axi_bytes=16, cores=2, channels=2),
}


@pytest.mark.full
@pytest.mark.parametrize("shape", SHAPES)
def test_lint(shape: str, tmp_path: Path) -> None:
    package = tmp_path / "engine_pkg.sv"
    package.write_text(engine_package(SHAPES[shape].check()), encoding="utf-8")
    command, environment = find_verilator()
    files = [str(ROOT / "rtl" / "lint.vlt"), str(package), *map(str, rtl_files(ROOT))]
    run_tool([command, "--lint-only", "-Wall", "--top-module", "flow_top", *files], tmp_path, environment, "lint")
