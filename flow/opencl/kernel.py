"""The kernel's source for one engine: the files of fpga/opencl with the rendered headers in place of their includes."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path

from flow.hardware.config import HwConfig
from flow.isa.render import c_header, engine_header
from flow.tree import ROOT

SOURCES = ROOT / "fpga" / "opencl"
ENTRY = "flow_engine.cl"
ISA_HEADER = "flow_isa.h"
ENGINE_HEADER = "engine_params.h"

_INCLUDE = re.compile(r'^#include "([^"]+)"$', re.MULTILINE)


class Vendor(Enum):
    """Whose OpenCL extensions the macros use."""

    PLAIN = ""
    INTEL = "FLOW_VENDOR_INTEL"
    AMD = "FLOW_VENDOR_AMD"


def source(hw: HwConfig, sources: Path = SOURCES) -> str:
    """One translation unit, without includes. sources: folder of the kernel's files."""
    rendered = {ISA_HEADER: c_header(), ENGINE_HEADER: engine_header(hw)}

    def text(name: str) -> str:
        if name in rendered:
            return rendered[name]
        return _INCLUDE.sub(lambda match: text(match.group(1)), (sources / name).read_text(encoding="utf-8"))

    return text(ENTRY)


def files(sources: Path = SOURCES) -> tuple[Path, ...]:
    """The kernel's own files, the rendered headers not among them."""
    return tuple(sorted(path for path in sources.iterdir() if path.suffix in (".cl", ".h")))


def options(in_memory: bool, trace: bool = False, vendor: Vendor = Vendor.PLAIN,
            latency: int | None = None) -> tuple[str, ...]:
    """Compiler options. in_memory: the buffers on the chip lie in a buffer of the host, for devices with little local
    memory; trace: the kernel copies watched tensors, for verification; latency: iterations a pipelined loop holds at
    once (None: the vendor's)."""
    switches = [name for name, on in (("FLOW_STATE_IN_MEMORY", in_memory), ("FLOW_TRACE", trace)) if on]
    if vendor != Vendor.PLAIN:
        switches.append(vendor.value)
    if latency is not None:
        switches.append(f"FLOW_LATENCY={latency}")
    return ("-cl-std=CL1.2", *(f"-D{name}" for name in switches))
