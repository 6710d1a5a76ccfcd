"""The C host program from end to end, on a stand-in engine that adds 1 to every byte."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest

from flow.errors import ToolError
from flow.hardware.config import HwConfig
from flow.simulate import host
from flow.simulate.driver import MemoryModel
from flow.verify.layout import unpack
from tests.simulate.stub import library, program_of, random_images


@pytest.mark.parametrize(("cores", "count"), [(1, 3), (2, 7)])
def test_images_through_the_firmware(cores: int, count: int) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    hw = HwConfig(pix=2, rows=16, cols=8, axi_bytes=16, cores=cores, channels=cores)
    program = program_of(hw)
    layouts = [written.layout for written in program.written]
    images = random_images(program, count, seed)
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
    program = program_of(hw)
    last = program.written[1]
    asked = dataclasses.replace(program, written=(*program.written[:1],
                                                  dataclasses.replace(last, bytes_written=last.bytes_written + 1)))
    with pytest.raises(ToolError, match=r"tensor t1: \d+ of \d+ bytes"):
        host.run(asked, random_images(program, 1, 0), MemoryModel(), library=library(hw))


def test_memory_that_nothing_was_written_to_holds_anything() -> None:
    """A program that reads such bytes must not pass because they are always zero, or those of the launch before."""
    hw = HwConfig(pix=2, rows=16, cols=8, axi_bytes=16)
    program = program_of(hw)
    first = program.outputs[0]
    layout = dataclasses.replace(first.layout, offset=program.output_bytes)
    behind = dataclasses.replace(program, outputs=(dataclasses.replace(first, layout=layout),),
                                 output_bytes=2 * program.output_bytes)
    found = [image["out0"].tobytes() for seed in (1, 2)
             for image in host.run(behind, random_images(program, 3, 0), MemoryModel(seed=seed),
                                   library=library(hw)).outputs]
    assert len(set(found)) == len(found) == 6


def test_other_engine_is_refused() -> None:
    hw = HwConfig(pix=2, rows=16, cols=8, axi_bytes=16)
    other = dataclasses.replace(hw, acc_depth=64)
    with pytest.raises(ToolError, match="another engine"):
        host.run(program_of(other), random_images(program_of(other), 1, 0), MemoryModel(), library=library(hw))


def test_time_limit() -> None:
    hw = HwConfig(pix=2, rows=16, cols=8, axi_bytes=16)
    program = program_of(hw)
    with pytest.raises(ToolError, match="timed out"):
        host.run(program, random_images(program, 1, 0), MemoryModel(), library=library(hw), timeout_cycles=300)
