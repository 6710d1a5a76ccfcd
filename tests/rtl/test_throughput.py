"""What the schedule counts on: no bubble between weight tiles and instructions, loads at the bus's width."""

from __future__ import annotations

import numpy as np
import pytest

from flow.conformance.simulated import SimulatedLauncher
from flow.isa.description import Buffer, ErrorCode, Opcode, Region
from flow.isa.encoding import Instruction, encode_stream, make
from flow.simulate.driver import MemoryModel
from tests.engines import ENGINES

ENGINE = "2x8x8"
HW = ENGINES[ENGINE]


def run(program: list[Instruction], memory: MemoryModel) -> dict[str, int]:
    """Counters of a launch with zeroed memory."""
    launcher = SimulatedLauncher(HW, memory)
    try:
        stream = encode_stream([*program, make(Opcode.FINISH)], HW.hash)
        regions = [np.frombuffer(stream, np.uint8).copy(), *(np.zeros(1 << 18, np.uint8) for _ in range(3))]
        assert launcher.launch(regions, 0).code == ErrorCode.NONE
        return launcher.simulator.counters()
    finally:
        launcher.close()


@pytest.mark.full
@pytest.mark.parametrize("pixels", (1, HW.tile_words, HW.tile_words + 1, 13))
def test_gemm_streams_without_bubbles(pixels: int) -> None:
    tiles, instructions = 6, 8
    program = [
        make(Opcode.LOAD, buffer=Buffer.INPUT, region=Region.SCRATCH, x_size=HW.blocks * 64, y_size=1, z_size=1,
             x_stride=1),
        make(Opcode.LOAD, buffer=Buffer.WEIGHT, region=Region.SCRATCH, x_size=tiles * HW.tile_words, y_size=1, z_size=1,
             push=2),
        *(make(Opcode.GEMM, pop=int(n == 0), init=1, acc_bank=n & 1, v_size=tiles, h_size=1, w_size=1, i_size=1,
               j_size=pixels, v_stride=1, j_stride=1, j_acc=1) for n in range(instructions)),
    ]
    counters = run(program, MemoryModel(memory_bytes=1 << 28, latency=100))
    assert counters["GEMM_BUSY"] == instructions * tiles * pixels
    least = instructions * tiles * max(pixels, HW.tile_words, 4 if pixels == 1 else 0)  # 4: accumulator interlock
    assert counters["GEMM_BUSY"] + counters["GEMM_BLOCKED"] <= least + 16


@pytest.mark.full
@pytest.mark.parametrize("x_size, pitch", ((64, 64), (16, 20)))
def test_load_uses_the_whole_bus(x_size: int, pitch: int) -> None:
    rows, loads = 64 * 4 // x_size, 12
    program = [make(Opcode.LOAD, buffer=Buffer.INPUT, region=Region.SCRATCH, x_size=x_size, y_size=rows, z_size=1,
                    x_stride=1, y_pitch=pitch * HW.group_bytes)] * loads
    counters = run(program, MemoryModel(memory_bytes=1 << 28, latency=200, bandwidth=0))
    least = loads * x_size * rows * HW.group_bytes // HW.axi_bytes
    assert counters["READ_BEATS"] >= least
    assert counters["CYCLES"] <= 1.1 * least + 800


@pytest.mark.full
def test_instructions_do_not_wait_behind_all_that_loads_ask_for() -> None:
    """Forty instructions fetched and a long one executed while six loads have the bus."""
    rows, loads, tiles, pixels = 128, 6, 64, 40
    program = [
        *[make(Opcode.LOAD, buffer=Buffer.INPUT, region=Region.SCRATCH, x_size=8, y_size=rows, z_size=1, x_stride=1,
               y_pitch=8 * HW.group_bytes)] * loads,
        *[make(Opcode.GEMM, init=1, v_size=1, h_size=1, w_size=1, i_size=1, j_size=1)] * 40,
        make(Opcode.GEMM, init=1, v_size=tiles, h_size=1, w_size=1, i_size=1, j_size=pixels, j_acc=1),
    ]
    counters = run(program, MemoryModel(memory_bytes=1 << 28, latency=100, bandwidth=0))
    moved = loads * rows * 8 * HW.group_bytes // HW.axi_bytes
    assert counters["GEMM_BUSY"] >= tiles * pixels and moved > 2 * tiles * pixels
    assert counters["CYCLES"] <= 1.1 * moved + 800
