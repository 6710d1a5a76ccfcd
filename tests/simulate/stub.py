"""The stand-in engine as a library."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np

from flow.graph.ir import Int8
from flow.hardware.config import HwConfig
from flow.isa.description import Region
from flow.schedule.program import Fold, HostInput, HostOutput, Layout, Program, Written
from flow.simulate.verilator import build

STUB = Path(__file__).with_name("stub_top.sv")


@cache
def library(hw: HwConfig) -> Path:
    """stub_top.sv for a configuration with one channel for each core. Register SCRATCH plants a fault."""
    return build(hw, [STUB])


def program_of(hw: HwConfig) -> Program:
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


def random_images(program: Program, count: int, seed: int) -> list[dict[str, Int8]]:
    rng = np.random.default_rng(seed)
    return [{entry.tensor: rng.integers(-128, 128, (entry.height, entry.width, entry.channels), np.int8)
             for entry in program.inputs} for _ in range(count)]
