"""Sizing's cycle model: work of the layers, bounds, the budget, many engines at once."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from flow.hardware.config import HwConfig
from flow.schedule.timing_units import SHORTEST_STREAM
from flow.size.cycles import estimate, totals
from flow.size.engines import Engines, bytes_per_cycle
from flow.size.work import Kind, works
from tests.size.graphs import Builder, resnet50, small, vgg16

HW = HwConfig(6, 32, 16, inp_banks=10, inp_depth=4096, acc_depth=1024, wgt_depth=4096, out_depth=2048, par_depth=512)


def test_layers_and_products_of_resnet50() -> None:
    layers = works(resnet50())
    kinds = [work.kind for work in layers]
    assert kinds.count(Kind.CONV) == 53 and kinds.count(Kind.POOL) == 1 and kinds.count(Kind.MEAN) == 1
    assert kinds.count(Kind.DENSE) == 1 and len(layers) == 56
    assert sum(work.skip for work in layers) == 16
    assert sum(work.macs for work in layers) == 3_857_973_248
    assert layers[0].folds and not any(work.folds for work in layers[1:])


def _parts(total: int, largest: int) -> list[int]:
    """The fewest nearly equal parts."""
    count = -(-total // largest)
    return [total * (n + 1) // count - total * n // count for n in range(count)]


def _array_by_hand(work, hw: HwConfig) -> int:
    """Tile by tile: nearly equal tiles of at most a bank of ACC and half of OUT, where INPUT does not limit them."""
    limit = min(hw.acc_depth, hw.out_depth // 2)
    widths = _parts(work.out_w, min(work.out_w, limit))
    heights = _parts(work.out_h, max(1, min(work.out_h, limit // max(widths))))
    cycles = sum(max(h * w, hw.tile_words, SHORTEST_STREAM) for h in heights for w in widths)
    return cycles * -(-work.in_c // hw.rows) * work.taps_h * work.taps_w * -(-work.out_c // hw.cols)


@pytest.mark.parametrize("graph", [resnet50(), vgg16(64)], ids=["resnet50", "vgg16"])
@pytest.mark.parametrize("acc_depth", [16, 100, 1024])
def test_array_bound_is_the_sum_over_tiles(graph, acc_depth: int) -> None:
    whole = replace(HW, inp_depth=1 << 17, acc_depth=acc_depth)  # INPUT never limits a tile
    layers = works(graph)
    for work, found in zip(layers, estimate(whole, layers, 1e9).layers, strict=True):
        if work.kind in (Kind.CONV, Kind.DENSE) and found.fold == "none":
            assert found.array == _array_by_hand(work, whole), work


def test_budget_of_resnet50() -> None:
    """The table of cycle budgets: thousands of cycles of the array, the ALU and the memory."""
    found = {record.name: record for record in estimate(HW, works(resnet50()), 51.2).layers}
    pool = next(record for record in found.values() if record.kind == "pool")
    assert pool.alu == 56 * 56 * 9 * 4 and pool.limiter == "ALU"  # what it reads is on the chip
    reduction = [r for r in found.values() if r.kind == "conv" and r.macs == 56 * 56 * 64 * 64 * 9]
    assert (
        len(reduction) == 16
        and {r.array for r in reduction} == {225_792}
        and {r.limiter for r in reduction} == {"array"}
    )
    dense = found["dense73"]
    assert dense.array == 64 * 63 * 8 and dense.limiter == "memory"


def test_utilisation_is_products_over_peak() -> None:
    result = estimate(HW, works(resnet50()), 51.2)
    assert result.utilisation == result.macs * HW.pix / (HW.macs_per_cycle * result.cycles)
    assert 0.95 < result.utilisation < 0.98  # 0.97 in RTL


def test_many_engines_at_once_equal_one_by_one() -> None:
    layers = works(small())
    engines = [replace(HW, pix=pix, acc_depth=depth) for pix in (1, 2, 5) for depth in (64, 1024)]
    together = totals(Engines.of(engines, [51.2] * len(engines)), layers)
    for hw, cycles in zip(engines, together, strict=True):
        alone = estimate(hw, layers, 51.2).cycles
        assert abs(alone - cycles) <= len(layers)  # each record is rounded to a whole cycle


def test_monotonic() -> None:
    layers = works(resnet50())

    def cycles(bandwidth: float = 51.2, **changes: int) -> int:
        return estimate(replace(HW, **changes), layers, bandwidth).cycles

    assert cycles(25.6) > cycles(51.2) > cycles(1e6)
    assert cycles(acc_depth=64) >= cycles(acc_depth=1024)
    assert cycles(inp_banks=1, inp_depth=512) >= cycles()
    assert cycles(wgt_depth=64) >= cycles()
    assert cycles(rows=16) > cycles()


def test_network_input_is_folded() -> None:
    first = estimate(HW, works(resnet50()), 51.2).layers[0]
    assert first.fold in ("columns", "kernel")
    assert first.array < 64 // 16 * 112 * 112 * 49
    b = Builder("one", 8, 8, 3)
    layer = works(b.graph(b.conv("input", 8)))[0]
    assert estimate(HW, [layer], 51.2).layers[0].fold == "none"


def test_add_rides_on_its_convolution_and_pad_on_its_reader() -> None:
    layers = works(small())
    assert [work.kind for work in layers] == [Kind.CONV, Kind.CONV, Kind.POOL, Kind.DEPTHWISE, Kind.MEAN, Kind.DENSE]
    assert layers[1].skip and layers[1].passes == 2


def test_an_add_of_one_tensor_twice_is_a_layer_of_its_own() -> None:
    b = Builder("twice", 4, 4, 3)
    x = b.conv("input", 8)
    layers = works(b.graph(b.add(x, x)))
    assert [work.kind for work in layers] == [Kind.CONV, Kind.BINARY]


def test_bandwidth_is_the_narrower_of_master_and_channel() -> None:
    assert bytes_per_cycle(HW) == pytest.approx(51.2, abs=0)
    assert bytes_per_cycle(replace(HW, clock_mhz=100.0), 3.2) == 3.2e3 / 100 * 0.8
    assert bytes_per_cycle(replace(HW, cores=2, channels=1, clock_mhz=100.0), 3.2) == 3.2e3 / 100 / 2 * 0.8


def test_ten_thousand_engines_in_seconds() -> None:
    layers = works(resnet50())
    engines = [HW] * 500
    begin = time.perf_counter()
    result = totals(Engines.of(engines, [51.2] * len(engines)), layers)
    seconds = time.perf_counter() - begin
    assert len(set(np.asarray(result).tolist())) == 1
    assert 20 * seconds < 60
