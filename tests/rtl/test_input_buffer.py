"""The INPUT buffer by itself: random readers and writers, every word read against a copy."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from flow.emit.folder import MAKE_VARIABLES
from flow.hardware.config import HwConfig
from flow.isa.render import engine_package
from flow.simulate.verilator import find_verilator, run_tool
from flow.tree import ROOT

HW = HwConfig(1, 8, 4, axi_bytes=8, inp_banks=2, inp_depth=16, acc_depth=16, wgt_depth=64, out_depth=16, par_depth=4)
FILES = ("isa_pkg.sv", "core_pkg.sv", "ram_1r1w.sv", "input_buffer.sv")


@pytest.mark.full
def test_random_readers_and_writers(tmp_path: Path) -> None:
    (tmp_path / "engine_pkg.sv").write_text(engine_package(HW))
    command, environment = find_verilator()
    files = [str(ROOT / "rtl" / name) for name in FILES]
    run_tool([command, "--cc", "--exe", "-Wno-fatal", "-Mdir", "obj", "--top-module", "input_buffer", files[0],
              "engine_pkg.sv", *files[1:], str(Path(__file__).with_name("input_buffer.cpp"))], tmp_path, environment,
             "verilating the buffer")
    run_tool(["make", "-s", "-C", "obj", "-f", "Vinput_buffer.mk", *MAKE_VARIABLES, f"PYTHON3={sys.executable}"],
             tmp_path, environment, "compiling the buffer")
    for seed in (1, random.randrange(1 << 30)):
        print("seed", seed)
        done = subprocess.run([tmp_path / "obj" / "Vinput_buffer", str(seed), "200000"], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, (seed, done.stdout)
