"""The AWS F2 project: its scripts on the stand-in for AWS's development kit, its memory simulated."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from flow.emit.folder import MAKE_VARIABLES
from flow.emit.templates import render
from flow.errors import UsageError
from flow.hardware.config import HwConfig
from flow.hardware.filelist import rtl_files
from flow.isa.render import engine_package
from flow.project.render import write_project
from flow.simulate.verilator import find_verilator, run_tool
from flow.tree import ROOT
from tests.fpga.aws_kit import Kit
from tests.fpga.interpreter import Refused, missed_lines, plant
from tests.fpga.projects import engine, make


def test_script(tmp_path: Path) -> None:
    fpga = make("aws-f2", tmp_path / "aws-f2")
    kit = Kit(fpga, tmp_path / "kit").build()
    assert kit.top == "cl_flow" and not missed_lines([kit], [kit.script])
    assert kit.read.index("engine_pkg.sv") < kit.read.index("core_pkg.sv") < kit.read.index("cl_flow.sv")
    assert {path.name for path in (fpga.parent / "rtl").iterdir()} <= set(kit.read)


@pytest.mark.parametrize("clock", [200.0, 250.5, 300.0])
def test_another_clock_than_the_shell_s_is_refused(clock: float, tmp_path: Path) -> None:
    """The engine is on the shell's clock whatever is asked for, and reports go by what is asked for."""
    hw, device = engine("aws-f2")
    with pytest.raises(UsageError, match=rf"{clock:g} MHz\n.*the shell's 250 MHz \(leave out --clock"):
        write_project(replace(hw, clock_mhz=clock), device, (1, 1, 1), tmp_path)
    write_project(hw, device, (1, 1, 1), tmp_path)


@pytest.mark.parametrize(("good", "bad", "message"), [
    ("cl_hbm_mmcm/cl_hbm_mmcm.xci", "cl_hbm_pll/cl_hbm_pll.xci", "no file"),
    ("PROCESSING_ORDER LATE", "PROCESSING LATE", "no property"),
    ("read_verilog -sv", "read_verilog -systemverilog", "unknown option"),
    ("cl_flow_memory.sv", "cl_flow_memories.sv", "no file"),
    ("cl_axi_sc_1x1.bd", "cl_axi_sc_1x2.bd", "no file"),
    ("-top ${CL}", "-top ${CL}_top", "no module"),
])
def test_a_planted_mistake_is_caught(good: str, bad: str, message: str, tmp_path: Path) -> None:
    kit = Kit(make("aws-f2", tmp_path / "aws-f2"), tmp_path / "kit")
    plant(kit.script, good, bad)
    with pytest.raises(Refused, match=message):
        kit.build()


#: What the kit's own build does with what the script laid out for it.
BUILD = """#!/bin/sh
set -e
test "$1 $2 $3 $4" = "--cl cl_flow --mode small_shell"
test "$(basename "$CL_DIR")" = cl_flow && test "$CL_DIR/build/scripts" = "$(pwd)"
for name in build_all.tcl build_level_1_cl.tcl encrypt.tcl synth_cl_flow.tcl flow_config.tcl; do test -f $name; done
for name in cl_flow.sv cl_flow_memory.sv cl_flow_host.sv cl_hbm_wrapper.sv flow_top.sv engine_pkg.sv \\
            cl_id_defines.vh; do
  test -f "$CL_DIR/design/$name"
done
mkdir "$CL_DIR/build/checkpoints" && touch "$CL_DIR/build/checkpoints/made.tar"
"""


def lay_out(kit: Path) -> dict[str, str]:
    """The kit's folders as hdk_setup.sh announces them."""
    scripts = kit / "shell" / "build" / "scripts"
    scripts.mkdir(parents=True)
    for name in ("build_all.tcl", "build_level_1_cl.tcl", "encrypt.tcl"):
        (scripts / name).write_text("")
    (scripts / "aws_build_dcp_from_cl.py").write_text(BUILD)
    (scripts / "aws_build_dcp_from_cl.py").chmod(0o755)
    wrapper = kit / "hdk" / "cl" / "examples" / "cl_dram_hbm_dma" / "design" / "cl_hbm_wrapper.sv"
    wrapper.parent.mkdir(parents=True)
    wrapper.write_text("")
    return {**os.environ, "HDK_SHELL_DIR": str(kit / "shell"), "AWS_FPGA_REPO_DIR": str(kit)}


def test_the_kit_finds_everything(tmp_path: Path) -> None:
    fpga = make("aws-f2", tmp_path / "aws-f2")
    (fpga / "run").mkdir()
    command = ["sh", "../aws_f2.sh"]
    without = subprocess.run(command, cwd=fpga / "run", capture_output=True, text=True, check=False,
                             env={"PATH": os.environ["PATH"]})
    assert without.returncode == 1 and "FLOW: HDK_SHELL_DIR" in without.stderr and "hdk_setup.sh" in without.stderr
    environment = lay_out(tmp_path / "kit")
    for _ in range(2):  # again over what the first left
        done = subprocess.run(command, cwd=fpga / "run", capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr
        assert (fpga / "run" / "checkpoints" / "made.tar").is_file()


@pytest.mark.full
def test_memory(tmp_path: Path) -> None:
    """Host and engine on two channels at once, against a model of the memory, with AWS's converter as a memory."""
    hw = HwConfig(pix=1, rows=16, cols=16, axi_bytes=64, cores=2, channels=2)
    (tmp_path / "engine_pkg.sv").write_text(engine_package(hw))
    (tmp_path / "cl_flow_memory.sv").write_text(
        render("fpga/aws_f2/cl_flow/design/cl_flow_memory.sv.j2", hw=hw, channel_bytes=1 << 16))
    rtl = {path.name: path for path in rtl_files(ROOT)}
    here = Path(__file__).parent / "aws"
    files = ["engine_pkg.sv", *(rtl[name] for name in ("isa_pkg.sv", "core_pkg.sv", "fifo.sv", "axi_read_mux.sv",
                                                       "axi_write_mux.sv")),
             ROOT / "fpga" / "aws_f2" / "cl_flow_host.sv", here / "kit.sv", "cl_flow_memory.sv", here / "bench.sv"]
    command, environment = find_verilator()
    run_tool([command, "--binary", "--timing", "--top-module", "bench", "-Wno-lint", "-Wno-style", "-Mdir", "obj",
              "-MAKEFLAGS", " ".join(MAKE_VARIABLES), *map(str, files)], tmp_path, environment, "verilating the bench")
    for seed in (1, 2, 3):
        said = run_tool(["obj/Vbench", f"+verilator+seed+{seed}"], tmp_path, environment, f"the bench, seed {seed}")
        assert "PASS" in said
