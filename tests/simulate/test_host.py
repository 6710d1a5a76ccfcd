"""The C host program from end to end, on a stand-in engine that adds 1 to every byte."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest

from flow.errors import ToolError
from flow.graph.ir import Int8
from flow.hardware.config import HwConfig
from flow.isa.description import Region
from flow.schedule.program import Fold, HostInput, HostOutput, Layout, Program, Written
from flow.simulate import host
from flow.simulate.driver import MemoryModel
from flow.verify.layout import unpack
from tests.simulate.stub import library


def _program(hw: HwConfig) -> Program:
    """Two inputs that become two outputs of the same layout, together a multiple of 16 beats."""
    shapes = ((4, 16, 2 * hw.cols), (8, 8, hw.cols))
    inputs, outputs, written, offset = [], [], [], 0
    for index, (height, width, channels) in enumerate(shapes):
        layout = Layout(Region.INPUT, offset, height, width, channels - index, -(-channels // hw.cols), hw.pix, hw.cols)
        offset += layout.size
        there = dataclasses.replace(layout, region=Region.OUTPUT)
        inputs.append(HostInput(f"in{index}", height, width, channels - index, 0.5, index, Fold(), layout))
        outputs.append(HostOutput(f"t{index}", height, width, channels - index, 0.5, index, there, None, f"out{index}",
                                  0.5, index))
        written.append(Written(f"t{index}", f"layer{index}", there, layout.size))
    assert offset % (16 * hw.axi_bytes) == 0
    return Program("stub \"net\" é", hw, (), bytes(range(256)), 0, 0, offset, offset, tuple(inputs), tuple(outputs),
                   tuple(written), (), 0)


def _images(program: Program, count: int, seed: int) -> list[dict[str, Int8]]:
    rng = np.random.default_rng(seed)
    return [{entry.tensor: rng.integers(-128, 128, (entry.height, entry.width, entry.channels), np.int8)
             for entry in program.inputs} for _ in range(count)]


@pytest.mark.parametrize(("cores", "count"), [(1, 3), (2, 7)])
def test_images_through_the_firmware(cores: int, count: int) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    hw = HwConfig(pix=2, rows=16, cols=8, axi_bytes=16, cores=cores, channels=cores)
    program = _program(hw)
    layouts = [written.layout for written in program.written]
    images = _images(program, count, seed)
    seen: list[tuple[int, int, int]] = []
    done = host.run(program, images, MemoryModel(stall_permille=200, reorder=True, seed=seed), cores=cores,
                    library=library(hw), on_progress=lambda *state: seen.append(state))
    for image, outputs in zip(images, done.outputs, strict=True):
        for index in range(2):
            assert np.array_equal(outputs[f"out{index}"], image[f"in{index}"] + np.int8(1))
    assert [launch.batch for launch in done.launches] == list(range(-(-count // hw.pix)))
    assert {launch.core for launch in done.launches} == set(range(cores))
    for launch in done.launches:
        assert 0 < launch.finished[0] < launch.finished[1]
        for lane in range(hw.pix):
            image = launch.batch * hw.pix + lane
            for index in range(2):
                if image < count:
                    assert np.array_equal(unpack(launch.tensors[f"t{index}"], layouts[index])[lane],
                                          done.outputs[image][f"out{index}"])


def test_unwritten_tensor_is_told() -> None:
    hw = HwConfig(pix=2, rows=16, cols=8, axi_bytes=16)
    program = _program(hw)
    last = program.written[1]
    asked = dataclasses.replace(program, written=(*program.written[:1],
                                                  dataclasses.replace(last, bytes_written=last.bytes_written + 1)))
    with pytest.raises(ToolError, match=r"tensor t1: \d+ of \d+ bytes"):
        host.run(asked, _images(program, 1, 0), MemoryModel(), library=library(hw))


def test_other_engine_is_refused() -> None:
    hw = HwConfig(pix=2, rows=16, cols=8, axi_bytes=16)
    other = dataclasses.replace(hw, acc_depth=64)
    with pytest.raises(ToolError, match="another engine"):
        host.run(_program(other), _images(_program(other), 1, 0), MemoryModel(), library=library(hw))


def test_time_limit() -> None:
    hw = HwConfig(pix=2, rows=16, cols=8, axi_bytes=16)
    program = _program(hw)
    with pytest.raises(ToolError, match="timed out"):
        host.run(program, _images(program, 1, 0), MemoryModel(), library=library(hw), timeout_cycles=300)
