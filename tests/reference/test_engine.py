"""The reference against plain loops over the manual's pseudo-code, and its verdicts."""

from __future__ import annotations

import numpy as np
import pytest

from flow.conformance.coverage import coverage, must_cover
from flow.conformance.generate import generate
from flow.conformance.illegal import illegal_cases
from flow.conformance.run import ReferenceLauncher, run_illegal
from flow.hardware.config import HwConfig
from flow.isa.description import Opcode
from flow.isa.encoding import make
from flow.reference import Engine
from flow.reference.gemm import gemm, weight_tiles
from flow.reference.state import fresh

ENGINES = {
    "1x4x4": HwConfig(1, 4, 4, axi_bytes=8, inp_banks=2, inp_depth=64, acc_depth=32,
        wgt_depth=64, out_depth=32, par_depth=8),
    "3x8x8": HwConfig(3, 8, 8, axi_bytes=16, inp_banks=3, inp_depth=32, acc_depth=32,
        wgt_depth=64, out_depth=32, par_depth=8),
    "1x16x8": HwConfig(1, 16, 8, axi_bytes=16, inp_banks=2, inp_depth=32, acc_depth=32,
        wgt_depth=64, out_depth=32, par_depth=8),
    "2x8x4, 4-bit weights": HwConfig(2, 8, 4, weight_bits=4, axi_bytes=8, inp_banks=2, inp_depth=32, acc_depth=32,
                                     wgt_depth=64, out_depth=32, par_depth=8),
}


@pytest.mark.parametrize("name", ENGINES)
def test_gemm_is_the_manuals_loops(name: str) -> None:
    hw = ENGINES[name]
    for init in (0, 1):
        for i_acc, j_acc in ((4, 1), (0, 1), (0, 0)):
            i = make(Opcode.GEMM, init=init, acc_bank=1, inp_base=3, acc_base=2, wgt_base=1, v_size=2, h_size=1,
                     w_size=2, i_size=2, j_size=3, v_stride=7, h_stride=5, w_stride=1, i_stride=4, j_stride=2,
                     i_acc=i_acc, j_acc=j_acc)
            state, loops = fresh(hw, 1), fresh(hw, 1)
            gemm(i, state)
            tile = 0
            for v in range(2):
                for w in range(2):
                    weights = weight_tiles(loops, 1 + tile * hw.tile_words, 1)[0].astype(np.int64)
                    tile += 1
                    for y in range(2):
                        for x in range(3):
                            vector = loops.inp[3 + 7 * v + w + 4 * y + 2 * x].astype(np.int64)
                            at = 2 + y * i_acc + x * j_acc
                            old = 0 if init and v == w == 0 else loops.acc[1, at].astype(np.int64)
                            total = old + vector @ weights.T
                            loops.acc[1, at] = ((total + (1 << 31)) % (1 << 32) - (1 << 31)).astype(np.int32)
            assert np.array_equal(state.acc, loops.acc)


@pytest.mark.parametrize("name", ENGINES)
def test_legal_programs_do_not_depend_on_what_the_buffers_held(name: str) -> None:
    hw = ENGINES[name]
    for seed in range(10):
        case = generate(hw, seed)
        results = []
        for noise in (1, 2):
            regions = [region.copy() for region in case.regions]
            assert Engine(hw, noise).launch(regions, case.stream_offset).code == 0, f"seed {seed}"
            results.append(regions)
        assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True)), f"seed {seed}"


def test_the_generator_covers_everything() -> None:
    seen = coverage([generate(hw, seed) for hw in ENGINES.values() for seed in range(20)])
    assert not {name for name in must_cover() if not seen[name]}


@pytest.mark.parametrize("name", ENGINES)
def test_every_error_class_has_its_verdict(name: str) -> None:
    hw = ENGINES[name]
    launcher, good = ReferenceLauncher(hw), generate(hw, 7)
    found = [run_illegal(case, good, launcher) for case in illegal_cases(hw, 11)]
    assert [difference for difference in found if difference] == []
