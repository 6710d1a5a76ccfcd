"""The PCIe transports on stand-ins for the device nodes."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from flow.emit import container, model
from flow.graph.ir import Int8
from flow.hardware.config import HwConfig
from flow.isa.render import ROOT
from flow.schedule.program import Program
from tests.simulate.stub import library, program_of, random_images

FIRMWARE = ROOT / "firmware"
HERE = Path(__file__).parent
FLAGS = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
         *(f"-I{FIRMWARE / name}" for name in ("include", "transport", "host", "sim")), f"-I{HERE}", "-I."]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
CORE = [str(path) for path in sorted((FIRMWARE / "src").glob("*.c"))]
HW = HwConfig(pix=2, rows=16, cols=8, axi_bytes=16)


def _program() -> Program:
    """The stub's, with weights that take several pieces."""
    constant = np.random.default_rng(1).integers(0, 256, 20_000 // 4096 * 4096 + 100, np.uint8).tobytes()
    return dataclasses.replace(program_of(HW), constant=constant)


def _gcc(folder: Path, program: Program, *arguments: str) -> None:
    (folder / "model.h").write_text(model.model_header(program))
    (folder / "model.c").write_text(model.model_source(program))
    (folder / "weights.bin").write_bytes(container.pack(program.constant, program.hw.hash))
    done = subprocess.run(["gcc", *FLAGS, *arguments, "model.c", *CORE, "-lm", "-o", "test"], cwd=folder,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _run(folder: Path) -> None:
    done = subprocess.run(["./test", "weights.bin"], cwd=folder, capture_output=True, text=True, check=False,
                          timeout=60)
    assert done.returncode == 0, done.stderr


def test_every_fault_ends_in_a_named_status(tmp_path: Path) -> None:
    _gcc(tmp_path, _program(), *SANITIZE, str(HERE / "test_faults.c"), str(FIRMWARE / "transport" / "flow_xdma.c"))
    _run(tmp_path)


def test_on_files_with_the_real_calls(tmp_path: Path) -> None:
    _gcc(tmp_path, _program(), "-pthread", str(HERE / "test_files.c"), str(FIRMWARE / "transport" / "flow_xdma.c"),
         str(FIRMWARE / "transport" / "flow_xdma_linux.c"))
    _run(tmp_path)


def test_f2(tmp_path: Path) -> None:
    _gcc(tmp_path, _program(), *SANITIZE, str(HERE / "test_f2.c"), str(FIRMWARE / "transport" / "flow_f2.c"))
    _run(tmp_path)


def host(folder: Path, program: Program, engine: Path) -> None:
    """flow_host with the xdma transport, the Verilated engine behind the device nodes."""
    _gcc(folder, program, "-DFLOW_HOST_WITHOUT_SIM", "-DFLOW_HOST_WITH_XDMA", str(HERE / "system_sim.c"),
         *(str(FIRMWARE / name) for name in ("transport/flow_xdma.c", "host/platform_xdma.c", "host/flow_host.c")),
         str(engine), f"-Wl,-rpath,{engine.parent}")


def infer(folder: Path, program: Program, images: list[dict[str, Int8]], seed: int | None, *options: str) -> list[Int8]:
    """Outputs of all images, one array for each network output."""
    command = ["./test", "--device", "xdma", "--nodes", "/dev/xdma0", "--channel-bytes", str(1 << 24), "--weights",
               "weights.bin", "--images", str(len(images)), *options]
    for index, view in enumerate(model.inputs(program)):
        np.stack([image[view.name] for image in images]).tofile(folder / f"in{index}")
        command += ["--input", f"in{index}"]
    for index in range(len(program.outputs)):
        command += ["--output", f"out{index}"]
    environment = dict(os.environ) if seed is None else {**os.environ, "FLOW_XDMA_SEED": str(seed)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False,
                          timeout=300)
    assert done.returncode == 0, done.stderr
    return [np.fromfile(folder / f"out{index}", np.int8).reshape(len(images), entry.height, entry.width, entry.channels)
            for index, entry in enumerate(program.outputs)]


@pytest.mark.full
def test_launches_through_the_driver_code(tmp_path: Path) -> None:
    """The stub's outputs are its inputs plus one; short counts, interrupted calls, lost interrupts change nothing."""
    program = _program()
    host(tmp_path, program, library(HW))
    images = random_images(program, 3, seed=2)
    for seed in (None, 1, 2, 3):
        for options in ((), ("--poll", "1")):
            found = infer(tmp_path, program, images, seed, *options)
            for index, view in enumerate(model.inputs(program)):
                assert np.array_equal(found[index], np.stack([image[view.name] for image in images]) + np.int8(1)), (
                    seed, options)
