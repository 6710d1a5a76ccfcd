"""The build folder's part for hardware and firmware people."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from flow.emit import container, model
from flow.emit.templates import render, write_if_changed
from flow.isa import description as isa
from flow.isa.render import c_header, engine_header, engine_package, manual
from flow.opencl import kernel as opencl_kernel
from flow.schedule.program import Program
from flow.tree import ROOT

#: Firmware files that are copied as they are, below ``firmware/``.
COPIED = ("src/*.c", "include/*.h", "transport/*.[ch]", "transport/*.cpp", "host/*.[ch]", "sim/flow_sim.*",
          "sim/verilator.vlt")
#: What Verilator's lint is not to report, with the reasons.
WAIVERS = "rtl/lint.vlt"
#: Regions start on multiples of this in device memory (FLOW_REGION_ALIGNMENT in flow.h).
REGION_ALIGNMENT = 4096

#: Verilator's options (loops stay loops: a 6 x 32 x 16 core is then 7 MB of C++ and not 20) and what an unconfigured
#: installation's makefiles lack; used by flow.simulate, too.
VERILATE = ("--cc", "--top-module", "flow_top", "--prefix", "Vflow_top", "-O3", "--x-assign", "fast", "--x-initial",
            "unique", "-Wno-lint", "-Wno-style", "-Wno-UNOPTFLAT", "--unroll-count", "2", "--unroll-stmts", "10")
MAKE_VARIABLES = ("CFG_CXXFLAGS_PCH_I=-include", "CFG_CXXFLAGS_STD=-std=gnu++20", "CFG_LDLIBS_THREADS=-pthread",
                  "OPT_FAST=-O2", "OPT_SLOW=-O1", "OPT_GLOBAL=-O2")


def device_bytes(program: Program) -> int:
    """Device memory of one core, as ``flow_device_bytes`` in C counts it."""
    return sum(-(-size // REGION_ALIGNMENT) * REGION_ALIGNMENT for size in program.region_bytes)


def emit_folder(program: Program, out: Path, rtl: Sequence[Path] | None = None) -> list[Path]:
    """Write everything that follows from ``program`` into the folder ``out``; unchanged files are not touched.

    rtl: the engine's SystemVerilog files in compile order without engine_pkg.sv (None: the project's). Returns the
    files' paths, in order of their names. The bytes depend on the arguments alone.
    """
    if rtl is None:
        from flow.hardware.filelist import rtl_files

        rtl = rtl_files(ROOT)
    written = dict(_files(program, rtl))
    for name, content in sorted(written.items()):
        write_if_changed(out / name, content)
    return [out / name for name in sorted(written)]


def _files(program: Program, rtl: Sequence[Path]) -> Iterator[tuple[str, str | bytes]]:
    hw = program.hw
    yield "rtl/engine_pkg.sv", engine_package(hw)
    for path in rtl:
        yield f"rtl/{path.name}", path.read_bytes()
    yield WAIVERS, (ROOT / WAIVERS).read_bytes()
    firmware = ROOT / "firmware"
    for pattern in COPIED:
        for path in sorted(firmware.glob(pattern)):
            yield f"firmware/{path.relative_to(firmware)}", path.read_bytes()
    yield "firmware/include/flow_isa.h", c_header()
    yield "firmware/include/flow_container.h", container.c_header()
    one = dataclasses.replace(hw, cores=1, channels=1)  # simulated: all cores are the same
    yield "firmware/sim/flow_sim_config.h", render("flow_sim_config.h.j2", hw=one)
    yield "firmware/sim/engine_pkg.sv", engine_package(one)
    yield "firmware/model.h", model.model_header(program)
    yield "firmware/model.c", model.model_source(program)
    yield "firmware/weights.bin", container.pack(program.constant, hw.hash)
    yield "opencl/engine_params.h", engine_header(hw)
    yield "opencl/flow_engine.cl", opencl_kernel.source(hw)
    yield "docs/instructions.md", manual(hw)
    names = ["rtl/engine_pkg.sv", *(f"rtl/{path.name}" for path in rtl)]
    # parallel builds need no Python
    values = {"program": program, "hw": hw, "isa": isa, "container": container, "rtl": names,
              "inputs": model.inputs(program), "outputs": model.outputs(program), "verilate": VERILATE,
              "sim_rtl": ["firmware/sim/engine_pkg.sv", *names[1:]],
              "make_variables": (*MAKE_VARIABLES, "VM_PARALLEL_BUILDS=1"), "device_bytes": device_bytes(program)}
    for target in ("Makefile", "README.md", "ci.yml", "docs/registers.md", "docs/memory_map.md", "fpga/config.tcl"):
        yield target, render(f"folder/{Path(target).name}.j2", **values)
    yield "LICENSE", (ROOT / "LICENSE").read_bytes()
