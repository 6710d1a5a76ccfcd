"""The ECP5 system behind its serial pins, in simulation, driven by the shipped firmware."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from flow.emit import container, model
from flow.emit.folder import MAKE_VARIABLES
from flow.graph.ir import Int8
from flow.hardware.filelist import rtl_files
from flow.isa.render import ROOT, engine_package
from flow.schedule.program import Program
from flow.simulate.verilator import find_verilator, run_tool

FIRMWARE = ROOT / "firmware"
SYSTEM = tuple(ROOT / "fpga" / "ecp5" / f"{name}.sv" for name in (
    "uart_receiver", "uart_transmitter", "serial_link", "shared_memory", "serial_system"))
MEMORY_BYTES = 131072


def build(folder: Path, program: Program, clocks: int, fraction: int = 0) -> None:
    """Make ``folder``/host: flow_host with the serial transport and the system; a bit takes clocks + fraction/256."""
    command, environment = find_verilator()
    (folder / "engine_pkg.sv").write_text(engine_package(program.hw))
    run_tool([command, "--cc", "--top-module", "serial_system", "-O3", "--x-assign", "fast", "--x-initial", "unique",
              "-Wno-lint", "-Wno-style", "-Mdir", "obj", f"-GDIVISOR={256 * clocks + fraction}",
              f"-GMEMORY_BYTES={MEMORY_BYTES}", "engine_pkg.sv",
              *(str(path) for path in (*rtl_files(ROOT), *SYSTEM))], folder, environment, "verilating the system")
    run_tool(["make", "-s", "-C", "obj", "-f", "Vserial_system.mk", *MAKE_VARIABLES], folder, environment,
             "compiling the system")
    (folder / "model.h").write_text(model.model_header(program))
    (folder / "model.c").write_text(model.model_source(program))
    (folder / "weights.bin").write_bytes(container.pack(program.constant, program.hw.hash))
    includes = ["-I.", "-Iobj", *(f"-I{FIRMWARE / name}" for name in ("include", "transport", "host"))]
    root = environment["VERILATOR_ROOT"]
    sources = [*sorted((FIRMWARE / "src").glob("*.c")), FIRMWARE / "transport" / "flow_serial.c",
               FIRMWARE / "host" / "platform_serial.c", FIRMWARE / "host" / "flow_host.c", "model.c"]
    run_tool(["gcc", "-std=c11", "-O2", "-Wall", "-Werror", "-DFLOW_HOST_WITHOUT_SIM", "-DFLOW_HOST_WITH_SERIAL",
              *includes, "-c", *(str(path) for path in sources)], folder, environment, "compiling the firmware")
    run_tool(["g++", "-std=gnu++20", "-O2", "-pthread", f"-DDIVISOR=UINT64_C({256 * clocks + fraction})", *includes,
              f"-isystem{root}/include",
              f"-isystem{root}/include/vltstd", str(Path(__file__).with_name("serial_sim.cpp")),
              *sorted(path.name for path in folder.glob("*.o")), "obj/libVserial_system.a", "obj/libverilated.a", "-lm",
              "-o", "host"], folder, environment, "linking the system")


def infer(folder: Path, program: Program, images: Sequence[dict[str, Int8]], seed: int | None = None) -> tuple[
        list[Int8], str]:
    """Outputs of all images, one array for each network output, and what the host said."""
    command = ["./host", "--device", "serial", "--weights", "weights.bin", "--images", str(len(images)), "--answer-ns",
               "300000", "--attempts", "9", "--memory-bytes", str(MEMORY_BYTES)]
    for index, view in enumerate(model.inputs(program)):
        np.stack([image[view.name] for image in images]).tofile(folder / f"in{index}")
        command += ["--input", f"in{index}"]
    for index in range(len(program.outputs)):
        command += ["--output", f"out{index}"]
    environment = dict(os.environ) if seed is None else {**os.environ, "FLOW_SERIAL_SEED": str(seed)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False,
                          timeout=600)
    assert done.returncode == 0, done.stderr
    return [np.fromfile(folder / f"out{index}", np.int8).reshape(len(images), entry.height, entry.width, entry.channels)
            for index, entry in enumerate(program.outputs)], done.stderr
