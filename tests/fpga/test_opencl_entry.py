"""The OpenCL entry's project: commands, link configuration, packaging script, host Makefile."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from flow.errors import UsageError
from flow.hardware.config import HwConfig
from flow.hardware.filelist import rtl_files
from flow.isa.render import engine_package
from flow.project import target_of, write_opencl_project
from flow.project.opencl import TARGETS, Target
from flow.simulate.verilator import find_verilator, run_tool
from flow.size.devices import lookup
from flow.tree import ROOT

HW = HwConfig(2, 32, 16, axi_bytes=64, cores=3, channels=2)


def make(board: str, out: Path) -> Path:
    write_opencl_project(HW, lookup(board), (1, 1, 1), out)
    return out / "fpga"


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.board)
def test_every_command_names_files_that_are_there(target: Target, tmp_path: Path) -> None:
    fpga = make(target.board, tmp_path)
    plan = json.loads((fpga / "plan.json").read_text())
    assert plan["bitstream"] in plan["steps"][-1]["products"]
    assert "Not run in" in plan["note"] and "Not run in" in (fpga / "README.md").read_text()
    text = json.dumps(plan)
    assert target.platform in text
    for path in re.findall(r'"\.\./(xrt/[^"]+)"', text):
        assert (fpga / path).is_file()


@pytest.mark.parametrize("board", ["a10-pac", "d5005"])
def test_aoc_compiles_the_folder_s_kernel(board: str, tmp_path: Path) -> None:
    fpga = make(board, tmp_path)
    steps = json.loads((fpga / "plan.json").read_text())["steps"]
    assert [step["command"][0] for step in steps] == ["aoc", "aoc"]
    assert all(step["command"][-1] == "../../opencl/flow_engine.cl" for step in steps)
    assert "discontinued" in (fpga / "README.md").read_text()


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_host_makefile_names_the_host_s_sources(tmp_path: Path) -> None:
    """With stand-ins for the compiler and Intel's aocl."""
    fpga = make("d5005", tmp_path)
    shutil.copytree(Path(__file__).resolve().parents[2] / "firmware", tmp_path / "firmware")
    (tmp_path / "firmware" / "model.c").write_text("")
    (tmp_path / "aocl").write_text("#!/bin/sh\necho --$1\n")
    (tmp_path / "aocl").chmod(0o755)
    done = subprocess.run(["make", "-n", "run", f"AOCL={tmp_path / 'aocl'}"], cwd=fpga / "opencl", capture_output=True,
                          text=True, check=True).stdout
    for word in ("--compile-config", "--link-config", "flow_core.c", "flow_opencl_transport.c", "platform_opencl.c",
                 "flow_host.c", "--device opencl --binary ../run/flow_engine.aocx"):
        assert word in done
    assert "flow_sim" not in done


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
@pytest.mark.parametrize("board", ["d5005", "u200"])
def test_files_are_in_the_model_s_order(board: str, tmp_path: Path) -> None:
    """Of more than ten inputs and outputs, too."""
    fpga = make(board, tmp_path)
    for kind in ("stimuli", "expected"):
        (tmp_path / "verify" / kind).mkdir(parents=True)
        for index in range(12):
            (tmp_path / "verify" / kind / f"{index}.npy").touch()
    entry = fpga / ("xrt" if board == "u200" else "opencl")
    done = subprocess.run(["make", "-n", "run", "-o", "../run/host/flow_host"], cwd=entry, check=True,
                          capture_output=True, text=True).stdout
    for option, kind in (("input", "stimuli"), ("expect", "expected")):
        assert re.findall(rf"--{option} \S*/{kind}/(\d+)\.npy", done) == [str(index) for index in range(12)]


@pytest.mark.parametrize(("board", "memories"), [("u250", ["DDR[0]", "DDR[1]", "DDR[0]"]),
                                                 ("u50", ["HBM[0:1]", "HBM[2:3]", "HBM[0:1]"])])
def test_link_configuration_and_facts(board: str, memories: list[str], tmp_path: Path) -> None:
    """Each core a unit with its channel's memory, in its die region, at the engine's clock."""
    fpga = make(board, tmp_path)
    lines = (fpga / "xrt" / "link.cfg").read_text().splitlines()
    units = [f"flow_xrt_{number}" for number in (1, 2, 3)]
    assert "nk=flow_xrt:3" in lines
    assert [line for line in lines if line.startswith("sp=")] == [
        f"sp={unit}.m00_axi:{memory}" for unit, memory in zip(units, memories, strict=True)]
    assert [line for line in lines if line.startswith("slr=")] == [
        f"slr={unit}:SLR{region}" for region, unit in enumerate(units)]
    assert [line for line in lines if line.startswith("freqHz=")] == [
        f"freqHz={int(HW.clock_mhz)}000000:{unit}.ap_clk" for unit in units]
    facts = (fpga / "xrt" / "facts.tcl").read_text()
    assert "set xrt_pointer 0x40" in facts and "set xrt_register_bytes 0x1000" in facts


def test_kernel_wrapper_joins_every_port(tmp_path: Path) -> None:
    fpga = make("u200", tmp_path)
    outer, inner = (fpga / "xrt" / "flow_xrt.v").read_text(), (fpga / "flow_wrapper.v").read_text()
    ports = set(re.findall(r"^\s*(?:input|output)\s+wire\s+(?:\[[^\]]+\]\s*)?(\w+)", inner, re.MULTILINE))
    assert ports == set(re.findall(r"\.(\w+)\(", outer))
    assert not re.search(r",\s*\)", outer)


def test_packaging_script_runs(tmp_path: Path) -> None:
    """In a real Tcl interpreter whose tool commands only record."""
    tkinter = pytest.importorskip("tkinter")
    fpga = make("u250", tmp_path)
    (fpga / "config.tcl").write_text("set flow_rtl_files [list rtl/isa_pkg.sv rtl/engine_pkg.sv rtl/flow_top.sv]\n")
    interpreter = tkinter.Tcl()
    calls: list[tuple[str, ...]] = []
    interpreter.eval("namespace eval ipx {}")
    for name in ("create_project", "add_files", "set_property", "update_compile_order", "current_fileset", "package_xo",
                 *(f"ipx::{name}" for name in ("package_project", "current_core", "associate_bus_interfaces",
                                               "get_address_blocks", "get_memory_maps", "add_register",
                                               "add_register_parameter", "update_checksums", "check_integrity",
                                               "save_core"))):
        interpreter.createcommand(name, lambda *words, name=name: calls.append((name, *words)) or name)
    interpreter.eval(f"source {{{fpga / 'xrt' / 'package.tcl'}}}")
    added = next(call for call in calls if call[0] == "add_files")
    assert all(name in added[-1] for name in ("flow_xrt.v", "rtl/flow_top.sv", "firmware/sim/engine_pkg.sv"))
    assert "rtl/engine_pkg.sv" not in added[-1]  # that one counts all cores, a kernel is one
    assert ("set_property", "address_offset", "0x40", "ipx::add_register") in calls
    assert ("set_property", "value", "m00_axi", "ipx::add_register_parameter") in calls
    assert calls[-1][0] == "package_xo" and "user_managed" in calls[-1]


def test_boards_without_a_platform_are_refused() -> None:
    with pytest.raises(UsageError, match="--entry rtl"):
        target_of("pynq-z2")
    assert target_of("u50", "xrt") == target_of("u50")
    with pytest.raises(UsageError, match="--entry xrt: d5005"):
        target_of("d5005", "xrt")


@pytest.mark.full
def test_the_kernel_elaborates(tmp_path: Path) -> None:
    """Wrapper, kernel's ports and one core of the engine fit together in every width."""
    fpga = make("u200", tmp_path)
    package = tmp_path / "engine_pkg.sv"
    package.write_text(engine_package(replace(HW, cores=1, channels=1)))
    command, environment = find_verilator()
    run_tool([command, "--lint-only", "-Wall", "-Wno-UNUSEDSIGNAL", "-Wno-SYMRSVDWORD", "--top-module", "flow_xrt",
              str(ROOT / "rtl" / "lint.vlt"), str(package), *map(str, rtl_files(ROOT)), str(fpga / "flow_wrapper.v"),
              str(fpga / "xrt" / "flow_xrt.v")], tmp_path, environment, "Verilator lint")
