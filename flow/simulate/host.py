"""The C host program on the Verilated engine: compile, run, read what it says."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from flow.children import die_with_parent
from flow.emit import container, model
from flow.errors import Problem, ToolError
from flow.graph.ir import Int8
from flow.schedule.program import Program
from flow.simulate import cache, verilator
from flow.simulate.driver import MemoryModel
from flow.tree import ROOT

FIRMWARE = ROOT / "firmware"
INCLUDES = ("include", "sim", "transport", "host")
SOURCES = ("src/*.c", "transport/flow_sim_transport.c", "host/flow_host.c", "host/platform_sim.c")
CFLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror")

Memory = npt.NDArray[np.uint8]
#: called with cycles since the round began, tensors complete, tensors in all
OnProgress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class Launch:
    """One batch. counters by name; finished: per ``Program.written`` entry the cycle, from the doorbell, of its last
    write response; tensors: the bytes of their layout at that moment, by name (empty unless asked for)."""

    batch: int
    core: int
    counters: dict[str, int]
    finished: tuple[int, ...]
    tensors: dict[str, Memory]


@dataclass(frozen=True)
class HostRun:
    """outputs: per image the results by name, (height, width, channels); seconds: of the host program."""

    outputs: tuple[dict[str, Int8], ...]
    launches: tuple[Launch, ...]
    seconds: float


def firmware_sources() -> list[Path]:
    """C files of the host program but model.c, and every header they include."""
    files = [path for pattern in SOURCES for path in sorted(FIRMWARE.glob(pattern))]
    return files + [path for folder in INCLUDES for path in sorted((FIRMWARE / folder).glob("*.h"))]


def compile_host(program: Program, library: Path) -> Path:
    """The host program for ``program``, linked with the engine's ``library``; cached by contents. Raises ToolError."""
    texts = {"model.h": model.model_header(program), "model.c": model.model_source(program)}
    sources = firmware_sources()

    def make(work: Path) -> None:
        for name, text in texts.items():
            (work / name).write_text(text)
        command = ["gcc", *CFLAGS, "-I.", *(f"-I{FIRMWARE / name}" for name in INCLUDES), "model.c",
                   *(str(path) for path in sources if path.suffix == ".c"), str(library), "-lm",
                   f"-Wl,-rpath,{library.parent}", "-o", "done/flow_host"]
        verilator.run_tool(command, work, os.environ, "compiling the host program")

    return cache.built("hosts", "flow_host", (repr(CFLAGS), str(library), *texts.values()), sources, make)


def engine_library(program: Program, cores: int = 1, threads: int = 1) -> Path:
    """The Verilated engine of the program's configuration, with ``cores`` cores: a core is the same in all of them."""
    from flow.hardware.filelist import rtl_files

    hw = dataclasses.replace(program.hw, cores=cores, channels=min(cores, program.hw.channels))
    return verilator.build(hw, rtl_files(ROOT), threads)


def run(program: Program, images: Sequence[Mapping[str, Int8]], memory: MemoryModel, *, cores: int = 1,
        keep_tensors: bool = True, library: Path | None = None, on_progress: OnProgress | None = None,
        timeout_cycles: int = 10_000_000_000) -> HostRun:
    """Run ``images`` (each with all network inputs, (height, width, channels)) through the firmware on the RTL engine.

    Batches of hw.pix images are dealt out to ``cores``. memory.memory_bytes is not used: the host program knows what it
    needs. Raises ToolError if the engine ends with an error, breaks the AXI protocol or leaves bytes unwritten.
    """
    binary = compile_host(program, library or engine_library(program, cores))
    with tempfile.TemporaryDirectory(prefix="flow-host-") as temporary:
        folder = Path(temporary)
        command = [str(binary), *stage(folder, program, images), "--cores", str(cores),
                   "--latency", str(memory.latency), "--stall", str(memory.stall_permille), "--reorder",
                   str(int(memory.reorder)), "--seed", str(memory.seed), "--timeout-ns", str(timeout_cycles),
                   "--bandwidth", str(round(memory.bandwidth * 1000))]
        if keep_tensors:
            (folder / "tensors").mkdir()
            command += ["--dump", "tensors"]
        if on_progress:
            command += ["--progress", "20000"]
        begin = time.monotonic()
        text = execute(command, folder, on_progress)
        seconds = time.monotonic() - begin
        return HostRun(collect(folder, program, len(images)), launches(program, text, folder if keep_tensors else None),
                       seconds)


def stage(folder: Path, program: Program, images: Sequence[Mapping[str, Int8]]) -> list[str]:
    """Write the weights and ``images`` to ``folder``; returns the host program's options that name all of its files."""
    (folder / "weights.bin").write_bytes(container.pack(program.constant, program.hw.hash))
    options = ["--weights", "weights.bin", "--images", str(len(images))]
    for index, view in enumerate(model.inputs(program)):
        stacked = np.stack([np.asarray(image[view.name], np.int8).reshape(view.height, view.width, view.channels)
                            for image in images])
        (folder / f"input{index}.bin").write_bytes(stacked.tobytes())
        options += ["--input", f"input{index}.bin"]
    for index in range(len(program.outputs)):
        options += ["--output", f"output{index}.bin"]
    return options


def collect(folder: Path, program: Program, count: int) -> tuple[dict[str, Int8], ...]:
    """What the host program wrote for ``count`` images: per image the results by name, (height, width, channels)."""
    outputs: list[dict[str, Int8]] = [{} for _ in range(count)]
    for index, output in enumerate(program.outputs):
        values = np.fromfile(folder / f"output{index}.bin", np.int8)
        shaped = values.reshape(count, output.height, output.width, output.channels)
        for image, value in zip(outputs, shaped, strict=True):
            image[output.result] = value
    return tuple(outputs)


def launches(program: Program, text: str, folder: Path | None) -> tuple[Launch, ...]:
    """The launches of the host program's report ``text``; folder: where it left tensors, if it did."""
    return tuple(_launch(program, entry, folder) for entry in json.loads(text)["launches"])


def execute(command: Sequence[str], folder: Path, on_progress: OnProgress | None,
            variables: Mapping[str, str] | None = None) -> str:
    """Run the host program, with ``variables`` added to its environment; what it prints. Raises ToolError with what it
    complained of."""
    problems: list[str] = []
    with open(folder / "stdout.json", "w+") as output, subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(variables or {})}, preexec_fn=die_with_parent) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if line.startswith("progress ") and on_progress:
                    cycles, done, total = line.split()[1:]
                    on_progress(int(cycles), int(done), int(total))
                else:
                    problems.append(line.rstrip())
            status = process.wait()
        except BaseException:
            process.kill()
            raise
        output.seek(0)
        text = output.read()
    if status:
        raise ToolError(Problem("host program on the simulated engine",
                                "\n    ".join(problems[:20]) or f"ended with {status}"))
    return text


def _launch(program: Program, entry: dict[str, object], folder: Path | None) -> Launch:
    batch = int(str(entry["batch"]))
    tensors: dict[str, Memory] = {}
    if folder:
        for index, written in enumerate(program.written):
            tensors[written.tensor] = np.fromfile(folder / "tensors" / f"{batch}-{index}.bin", np.uint8)
    counters, finished = entry["counters"], entry.get("finished", [])
    assert isinstance(counters, dict) and isinstance(finished, list)
    return Launch(batch, int(str(entry["core"])), {str(name): int(value) for name, value in counters.items()},
                  tuple(int(value) for value in finished), tensors)
