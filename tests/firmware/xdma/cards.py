"""Cards made of files, with the Verilated engine behind them, and the host programs that drive them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flow.emit import container, model
from flow.graph.ir import Int8
from flow.schedule.program import Program
from flow.tree import ROOT

FIRMWARE = ROOT / "firmware"
HERE = Path(__file__).parent
FLAGS = ("-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
         *(f"-I{FIRMWARE / name}" for name in ("include", "transport", "host", "sim")),
         f"-I{HERE}", f"-I{HERE / 'aws'}", "-I.")
CORE = tuple(str(path) for path in sorted((FIRMWARE / "src").glob("*.c")))
#: Bytes of each channel's memory.
STRIDE = 1 << 24


@dataclass(frozen=True)
class Outcome:
    """code and problems of the host program; outputs: one array for each network output, none if it failed."""

    code: int
    problems: str
    outputs: tuple[Int8, ...]


def gcc(folder: Path, *arguments: str | Path) -> None:
    """Compile in a folder; warnings are errors."""
    done = subprocess.run(["gcc", *FLAGS, *map(str, arguments)], cwd=folder, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr


def write_model(folder: Path, program: Program) -> None:
    """The files of a program that the firmware is compiled with and reads."""
    (folder / "model.h").write_text(model.model_header(program))
    (folder / "model.c").write_text(model.model_source(program))
    (folder / "weights.bin").write_bytes(container.pack(program.constant, program.hw.hash))


def build(folder: Path, program: Program, engine: Path) -> None:
    """The card, and the host programs ``xdma`` and ``f2``, whose only stand-ins are those for the vendors' calls."""
    write_model(folder, program)
    transport, host = FIRMWARE / "transport", FIRMWARE / "host"
    gcc(folder, HERE / "card.c", engine, f"-Wl,-rpath,{engine.parent}", "-o", "card")
    gcc(folder, "-Dflow_xdma_linux=flow_xdma_real", "-c", transport / "flow_xdma_linux.c", "-o", "real.o")
    common = ("-DFLOW_HOST_WITHOUT_SIM", host / "flow_host.c", HERE / "card_host.c", "model.c", *CORE, "-lm")
    gcc(folder, "-DFLOW_HOST_WITH_XDMA", HERE / "xdma_on_files.c", "real.o", transport / "flow_xdma.c",
        host / "platform_xdma.c", *common, "-o", "xdma")
    gcc(folder, "-DFLOW_HOST_WITH_F2", HERE / "f2_on_files.c", transport / "flow_f2.c", host / "platform_f2.c", *common,
        "-o", "f2")


@contextmanager
def card(folder: Path, *fault: str) -> Iterator[Path]:
    """A card's process; gives the prefix of its nodes. The engine must not have broken the bus's protocol."""
    prefix = folder / "nodes" / "card"
    prefix.parent.mkdir()
    with subprocess.Popen(["./card", str(prefix), str(STRIDE), *fault], cwd=folder, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield prefix
        finally:
            _, problems = process.communicate()
            for path in prefix.parent.iterdir():
                path.unlink()
            prefix.parent.rmdir()
    assert process.returncode == 0, problems


def infer(folder: Path, program: Program, images: Sequence[dict[str, Int8]], host: str, prefix: Path,
          environment: dict[str, str] | None = None, options: Sequence[str] = ()) -> Outcome:
    """Run the host program on a card."""
    command = [f"./{host}", "--device", host, "--channel-bytes", str(STRIDE), "--weights", "weights.bin", "--images",
               str(len(images)), *options]
    if host == "xdma":
        command += ["--nodes", str(prefix)]
    for index, view in enumerate(model.inputs(program)):
        np.stack([image[view.name] for image in images]).tofile(folder / f"in{index}")
        command += ["--input", f"in{index}"]
    files = [folder / f"out{index}" for index in range(len(program.outputs))]
    for path in files:
        path.unlink(missing_ok=True)
        command += ["--output", path.name]
    done = subprocess.run(command, cwd=folder, env={**os.environ, "FLOW_CARD": str(prefix), **(environment or {})},
                          capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        assert not any(path.exists() for path in files), "a failed run left an answer"
        return Outcome(done.returncode, done.stderr, ())
    return Outcome(0, done.stderr, tuple(
        np.fromfile(path, np.int8).reshape(len(images), entry.height, entry.width, entry.channels)
        for path, entry in zip(files, program.outputs, strict=True)))
