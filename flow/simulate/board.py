"""The ULX3S as it is seen from outside: the firmware's serial transport on the simulated pins of the whole design.

Behind the pins is either the RTL, Verilated, or the netlist that was placed and routed (``flow.simulate.netlist``).
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flow.emit import model
from flow.emit.folder import MAKE_VARIABLES
from flow.graph.ir import Int8
from flow.hardware.filelist import rtl_files
from flow.isa.render import engine_package
from flow.schedule.program import Program
from flow.simulate import cache, host, verilator
from flow.tree import ROOT

TOP = "ulx3s_top"
SIMULATION = ROOT / "fpga" / "ecp5" / "sim"
INCLUDES = ("include", "transport", "host")
SOURCES = ("src/*.c", "transport/flow_serial.c", "host/platform_serial.c", "host/flow_host.c")
CFLAGS = ("-std=c11", "-O2", "-Wall", "-Werror", "-DFLOW_HOST_WITHOUT_SIM", "-DFLOW_HOST_WITH_SERIAL")
CXXFLAGS = ("-std=gnu++20", "-O2", "-Wall", "-pthread")
#: of the top, whose cells named in it come from SIMULATION
VERILATE = ("--cc", "--top-module", TOP, "-O3", "--x-assign", "fast", "--x-initial", "unique", "-Wno-lint",
            "-Wno-style")
#: sources behind the pins
GATES = ("pins_gates", "gates")
RTL = ("pins_rtl",)
#: cycles without an answer after which a frame is sent again, and how often it is sent
_ANSWER = 300_000
_ATTEMPTS = 9
_FAULTS = "FLOW_SERIAL_SEED"
_LATE = "FLOW_SERIAL_LATE"


@dataclass(frozen=True)
class Line:
    """divisor: 256 x clock / baud; memory_bytes: of the board."""

    divisor: int
    memory_bytes: int


def compile_board(program: Program, line: Line, *, gates: bool) -> Path:
    """The host program for ``program`` with a board at the end of its serial line; cached by contents.

    gates: behind the pins is a netlist, named when it runs; else the RTL. Raises ToolError.
    """
    texts = {"model.h": model.model_header(program), "model.c": model.model_source(program),
             "engine_pkg.sv": engine_package(program.hw)}
    rtl = [] if gates else [*rtl_files(ROOT), *(path for path in rtl_files(ROOT, "ecp5") if "cells" not in path.name),
                            *sorted(SIMULATION.glob("*.sv"))]
    firmware = [path for pattern in SOURCES for path in sorted((ROOT / "firmware").glob(pattern))]
    board = [SIMULATION / f"{name}.cpp" for name in ("serial_board", *(GATES if gates else RTL))]
    headers = [*(path for folder in INCLUDES for path in sorted((ROOT / "firmware" / folder).glob("*.h"))),
               *sorted(SIMULATION.glob("*.h"))]

    def make(work: Path) -> None:
        for name, text in texts.items():
            (work / name).write_text(text)
        _compile(work, line, rtl, firmware, board)

    return cache.built("boards", "board", (repr((CFLAGS, CXXFLAGS, VERILATE, line, gates)), *texts.values()),
                       (*rtl, *firmware, *board, *headers), make)


def _compile(folder: Path, line: Line, rtl: Sequence[Path], firmware: Sequence[Path], board: Sequence[Path]) -> None:
    includes = ["-I.", f"-I{SIMULATION}", *(f"-I{ROOT / 'firmware' / name}" for name in INCLUDES)]
    archives = []
    if rtl:
        command, environment = verilator.find_verilator()
        verilator.run_tool([command, *VERILATE, "-Mdir", "obj", f"-GDIVISOR={line.divisor}",
                            f"-GMEMORY_BYTES={line.memory_bytes}", "engine_pkg.sv", *(str(path) for path in rtl)],
                           folder, environment, "verilating the board")
        verilator.run_tool(["make", "-s", "-C", "obj", "-f", f"V{TOP}.mk", *MAKE_VARIABLES], folder, environment,
                           "compiling the verilated board")
        root = verilator.installed_root(command, environment)
        includes += ["-Iobj", f"-isystem{root}/include", f"-isystem{root}/include/vltstd"]
        archives = [f"obj/libV{TOP}.a", "obj/libverilated.a"]
    verilator.run_tool(["gcc", *CFLAGS, *includes, "-c", *(str(path) for path in firmware), "model.c"], folder,
                       os.environ, "compiling the firmware")
    verilator.run_tool(["g++", *CXXFLAGS, f"-DDIVISOR=UINT64_C({line.divisor})", *includes,
                        *(str(path) for path in board), *sorted(path.name for path in folder.glob("*.o")), *archives,
                        "-lm", "-o", "done/board"], folder, os.environ, "compiling the simulated board")


@dataclass(frozen=True)
class BoardRun:
    """run: outputs and counters; repeated: frames that the firmware sent more than once."""

    run: host.HostRun
    repeated: int


def run(program: Program, images: Sequence[Mapping[str, Int8]], binary: Path, line: Line, timeout_cycles: int,
        netlist: Path | None = None, faults: int | None = None, late: bool = False) -> BoardRun:
    """Run ``images`` (each with all network inputs, (height, width, channels)) as a user of the board would.

    binary: of ``compile_board``; netlist: lines of ``netlist.to_gates``, where gates are behind the pins; faults: seed
    of bytes that the line flips and loses; late: instead, of answers that come when their frame was sent again. Raises
    ToolError if the firmware gives up.
    """
    with tempfile.TemporaryDirectory(prefix="flow-board-") as temporary:
        folder = Path(temporary)
        command = [str(binary), "--device", "serial", *host.stage(folder, program, images), "--answer-ns", str(_ANSWER),
                   "--attempts", str(_ATTEMPTS), "--memory-bytes", str(line.memory_bytes), "--timeout-ns",
                   str(timeout_cycles)]
        if netlist is not None:
            command += ["--port", str(netlist.resolve())]
        variables = {} if faults is None else {_FAULTS: str(faults)}
        if late:
            variables[_LATE] = str(_ANSWER + _ANSWER // 2)
        begin = time.monotonic()
        text = host.execute(command, folder, None, variables)
        seconds = time.monotonic() - begin
        repeated = max(launch["repeated"] for launch in json.loads(text)["launches"])
        return BoardRun(host.HostRun(host.collect(folder, program, len(images)), host.launches(program, text, None),
                                     seconds), repeated)
