"""The XRT transport and its host program on a stand-in for XRT, with the Verilated engine as the card."""

from __future__ import annotations

import os
import random
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from flow.emit.folder import emit_folder
from flow.graph.ir import Graph, Int8
from flow.project import write_opencl_project
from flow.schedule import compile_graph
from flow.schedule.program import Program
from flow.simulate.host import engine_library
from flow.size.devices import lookup
from tests.engines import ENGINES
from tests.schedule.random_graphs import evaluate, random_graph

HERE = Path(__file__).parent
HW = replace(ENGINES["2x8x8"], cores=2, channels=2)
IMAGES = 7


@dataclass(frozen=True)
class Built:
    """A build folder for AMD's cards, its host program linked with the stand-in, images in files."""

    folder: Path
    graph: Graph
    program: Program
    images: list[dict[str, Int8]]

    def run(self, *options: str, fault: str = "") -> subprocess.CompletedProcess[str]:
        command = ["../run/host/flow_host", "--device", "xrt", "--xclbin", "binary", "--cores", "2",
                   "--images", str(IMAGES), "--weights", "../../firmware/weights.bin", *options]
        for index in range(len(self.graph.inputs)):
            command += ["--input", f"in{index}"]
        return subprocess.run(command, cwd=self.folder, env={**os.environ, "FLOW_XRT_FAULT": fault},
                              capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    top = tmp_path_factory.mktemp("xrt")
    seed = random.randrange(1 << 30)
    print("seed", seed)
    graph, maker = random_graph(seed, 4)
    program = compile_graph(graph, HW)
    emit_folder(program, top)
    write_opencl_project(HW, lookup("u200"), (1, 1), top)
    folder = top / "fpga" / "xrt"
    subprocess.run(["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-c", f"-I{HERE / 'include'}",
                    f"-I{top / 'firmware' / 'include'}", f"-I{top / 'firmware' / 'sim'}", str(HERE / "stand_in.cpp"),
                    "-o", "../stand_in.o"], cwd=folder, check=True)
    engine = engine_library(program, cores=2)
    made = subprocess.run(["make", "host", f"XILINX_XRT={HERE}",
                           f"LIBRARIES=../stand_in.o {engine} -Wl,-rpath,{engine.parent} -pthread -lm"], cwd=folder,
                          capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    images = [image for _ in range(IMAGES) for image in maker.images(graph, HW.pix)][:IMAGES]
    for index, name in enumerate(graph.inputs):
        np.stack([image[name] for image in images]).astype(np.int8).tofile(folder / f"in{index}")
    (folder / "binary").write_text("flow_xrt:flow_xrt_1 7\nflow_xrt:flow_xrt_2 8\n")
    return Built(folder, graph, program, images)


@pytest.mark.full
def test_images_through_two_units(built: Built) -> None:
    outputs = [option for index in range(len(built.program.outputs)) for option in ("--output", f"out{index}")]
    done = built.run(*outputs)
    assert done.returncode == 0, done.stderr
    for index, output in enumerate(built.program.outputs):
        got = np.fromfile(built.folder / f"out{index}", np.int8).reshape(IMAGES, -1)
        if output.softmax_beta is None:
            for image, values in zip(built.images, got, strict=True):
                assert np.array_equal(values, evaluate(built.graph, image)[output.tensor].ravel())


#: The call that throws -> what the host says.
FAULTS = {"device": "device failed", "bo": "bo failed", "read": "opening the engine: transport failure",
          "write": "opening the engine: transport failure", "to the card": "opening the engine: transport failure",
          "from the card": "outputs: transport failure"}


@pytest.mark.full
@pytest.mark.parametrize("fault", FAULTS)
def test_what_xrt_throws_is_a_status(built: Built, fault: str) -> None:
    done = built.run(fault=fault)
    assert done.returncode == 4 and FAULTS[fault] in done.stderr, done.stderr


@pytest.mark.full
def test_binaries_that_do_not_fit(built: Built) -> None:
    assert "nothing cannot be opened" in built.run("--xclbin", "nothing").stderr
    (built.folder / "one").write_text("flow_xrt:flow_xrt_1 7\n")
    assert "no unit flow_xrt_2" not in built.run("--xclbin", "one", "--cores", "1").stderr
    assert "no unit flow_xrt:flow_xrt_2 with a memory" in built.run("--xclbin", "one").stderr
