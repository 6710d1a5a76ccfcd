"""The emitted folder's host program on the OpenCL kernel, from C."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from flow.emit.folder import emit_folder
from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.reference import Engine
from flow.schedule import compile_graph
from flow.schedule.program import Program
from flow.verify.layout import write_inputs
from tests.schedule.random_graphs import evaluate, random_graph

from .device import needs_opencl

HW = HwConfig(2, 8, 8, axi_bytes=16, inp_banks=2, inp_depth=128, acc_depth=48, wgt_depth=256, out_depth=64,
              par_depth=16, cores=2)


def _headers() -> bool:
    return any((Path(folder) / "CL" / "cl.h").is_file() for folder in ("/usr/include", "/usr/local/include"))


pytestmark = [needs_opencl, pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc"),
              pytest.mark.skipif(not _headers(), reason="no OpenCL headers (Debian: ocl-icd-opencl-dev)")]


def _built(program: Program, folder: Path) -> None:
    emit_folder(program, folder)
    done = subprocess.run(["make", "build/flow_host_opencl"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _run(folder: Path, inputs: list[str], count: int, *more: str) -> "subprocess.CompletedProcess[str]":
    command = ["build/flow_host_opencl", "--device", "opencl", "--kernel", "opencl/flow_engine.cl", "--weights",
               "firmware/weights.bin", "--images", str(count), *more]
    for name in inputs:
        command += ["--input", name]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.full
def test_images_through_the_firmware(tmp_path: Path) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    graph, maker = random_graph(seed, 5)
    program = compile_graph(graph, HW)
    _built(program, tmp_path)
    count = 5
    images = [image for _ in range(3) for image in maker.images(graph, HW.pix)][:count]
    names = []
    for index, name in enumerate(graph.inputs):
        names.append(f"in{index}.bin")
        (tmp_path / names[-1]).write_bytes(np.stack([image[name] for image in images]).astype(np.int8).tobytes())
    outputs = [option for index in range(len(program.outputs)) for option in ("--output", f"out{index}.bin")]
    for source in ("compiled", "cached", "given"):
        if source == "given":
            binary, = (tmp_path / "build").glob("flow-*.bin")
            kernel = ["--binary", str(binary)]  # as a vendor's compiler leaves one
        else:
            kernel = ["--cache", "build"]
        for path in tmp_path.glob("out*.bin"):
            path.unlink()
        done = _run(tmp_path, names, count, "--cores", "2", *kernel, *outputs)
        assert done.returncode == 0, f"{source}: {done.stderr}"
        assert not json.loads(done.stdout)["overlap"]
        launches = json.loads(done.stdout)["launches"]
        assert [launch["batch"] for launch in launches] == [0, 1, 2]
        assert all(launch["counters"]["INSTRUCTIONS"] == len(program.instructions) for launch in launches)
        assert len(list((tmp_path / "build").glob("flow-*.bin"))) == 1
        for index, output in enumerate(program.outputs):
            got = np.fromfile(tmp_path / f"out{index}.bin", np.int8).reshape(count, -1)
            if output.softmax_beta is None:
                for image, values in zip(images, got, strict=True):
                    assert np.array_equal(values, evaluate(graph, image)[output.tensor].ravel())
    late = _run(tmp_path, names, count, "--watchdog", "10")
    assert late.returncode == 4 and "WATCHDOG" in late.stderr.upper()
    many = _run(tmp_path, names, count, "--cores", "3")
    assert many.returncode == 4 and "engine" in many.stderr


@pytest.mark.full
def test_damaged_stream_and_missing_kernel(tmp_path: Path) -> None:
    graph, _ = random_graph(3, 2)
    program = compile_graph(graph, HW)
    constant = bytearray(program.constant)
    constant[program.stream_offset + isa.INSTRUCTION_BYTES] = 0
    _built(dataclasses.replace(program, constant=bytes(constant)), tmp_path)
    names = []
    for index, name in enumerate(graph.inputs):
        names.append(f"in{index}.bin")
        (tmp_path / names[-1]).write_bytes(bytes(graph.tensors[name].size))
    done = _run(tmp_path, names, 1)
    assert done.returncode == 4 and "ILLEGAL" in done.stderr.upper() and "instruction 0" in done.stderr
    missing = _run(tmp_path, names, 1, "--kernel", "nothing.cl")
    assert missing.returncode == 4 and "cannot be read" in missing.stderr
    (tmp_path / "bad.cl").write_text("".join(f"int wrong_{n} = missing_{n};\n" for n in range(300)))
    bad = _run(tmp_path, names, 1, "--kernel", "bad.cl")
    assert bad.returncode == 4 and "missing_0" in bad.stderr
    other = _run(tmp_path, names, 1, "--device", "sim")
    assert other.returncode == 2 and "not linked" in other.stderr


@pytest.mark.full
def test_a_launch_that_the_runtime_gives_up_is_a_bus_error(tmp_path: Path) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    graph, maker = random_graph(seed, 3)
    program = compile_graph(graph, HW)
    _built(program, tmp_path)
    regions = [np.zeros(size, np.uint8) for size in program.region_bytes]
    regions[isa.Region.CONSTANT] = np.frombuffer(program.constant, np.uint8)
    write_inputs(regions[isa.Region.INPUT], program.inputs, maker.images(graph, HW.pix))
    regions[isa.Region.INPUT].tofile(tmp_path / "inputs.bin")
    assert Engine(HW).launch(regions, program.stream_offset).code == 0
    regions[isa.Region.OUTPUT].tofile(tmp_path / "expected.bin")
    objects = [str(path) for path in sorted((tmp_path / "build").rglob("*.o")) if path.parent.name != "host"]
    includes = [f"-I{tmp_path / 'firmware' / name}" for name in ("", "include", "transport")]
    source = str(Path(__file__).parent / "test_bus.c")
    subprocess.run(["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", *includes, source, *objects,
                    "-Wl,--wrap=clGetEventInfo", "-lOpenCL", "-lm", "-o", "test_bus"], cwd=tmp_path, check=True)
    done = subprocess.run(["./test_bus", "opencl/flow_engine.cl", "firmware/weights.bin", "inputs.bin", "expected.bin"],
                          cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
