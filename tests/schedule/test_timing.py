"""The program's cycle model: what it must say by construction. How near the RTL it is: tests/bench/test_model.py."""

from __future__ import annotations

import math

import pytest

from flow.errors import ToolError
from flow.hardware.pipelines import pipeline
from flow.isa.description import Buffer, Opcode, Region
from flow.isa.encoding import make
from flow.schedule import compile_graph, order
from flow.schedule.bus import Bus, Job, MemoryModel, transfer
from flow.schedule.timing import estimate, work_cycles
from tests.engines import ENGINES
from tests.size.graphs import small

HW = ENGINES["2x8x8"]  # groups and beats of 16 bytes


def test_pipelines_are_the_rtls() -> None:
    assert 0 < pipeline("GEMM_READ") < pipeline("GEMM_WRITE") < pipeline("ALU_VISIBLE")
    with pytest.raises(ToolError):
        pipeline("NOT_THERE")


def test_adjacent_rows_are_one_burst_and_cut_at_its_boundary() -> None:
    load = make(Opcode.LOAD, buffer=Buffer.INPUT, region=Region.INPUT, x_size=8, y_size=4, z_size=2, y_pitch=128,
                z_pitch=4096)
    assert (transfer(load, HW).runs, transfer(load, HW).bursts, transfer(load, HW).beats) == (8, 2, 64)
    assert transfer(load.replace(y_pitch=144), HW).bursts == 8
    assert transfer(load.replace(offset=1024 - 256), HW).bursts == 4


def test_rows_that_begin_inside_a_beat_take_one_more() -> None:
    hw = ENGINES["3x8x8"]  # groups of 24 bytes, beats of 16
    load = make(Opcode.LOAD, buffer=Buffer.INPUT, x_size=2, y_size=1, z_size=1)
    assert transfer(load, hw).beats == 3
    assert transfer(load.replace(offset=8), hw).beats == 4


def _last_beats(bus: Bus) -> None:
    while (at := bus.next()) < math.inf:
        bus.advance(at)


def test_reads_and_writes_share_the_bandwidth() -> None:
    ended: dict[str, float] = {}

    def job(name: str, ready: float, beats: int, pace: float = 1.0) -> Job:
        return Job(ready, beats, pace, lambda last: ended.update({name: last}))

    bus = Bus(MemoryModel(100, 12.8, 0), 16)
    bus.read(job("alone", 100, 800))
    _last_beats(bus)
    assert ended["alone"] == pytest.approx(100 + 800 / 0.8 - 1)
    bus = Bus(MemoryModel(100, 12.8, 0), 16)
    bus.read(job("slow", 100, 800, 1.5))
    _last_beats(bus)
    assert ended["slow"] == pytest.approx(100 + 1200 - 1)
    bus = Bus(MemoryModel(100, 12.8, 0), 16)
    bus.read(job("read", 100, 800))
    bus.write(job("write", 100, 400))
    _last_beats(bus)
    assert ended["write"] == pytest.approx(100 + 1000 - 1)  # half of the bandwidth
    assert ended["read"] == pytest.approx(100 + 1000 + 400 / 0.8 - 1)


def test_reads_are_answered_in_the_order_of_their_requests() -> None:
    order: list[str] = []
    bus = Bus(MemoryModel(100, 16.0, 0), 16)

    def job(name: str, asked: float, until: float) -> Job:
        return Job(asked + 100, 100, 1.0, lambda last: order.append(f"{name} {last:.0f}"), asked, until)

    bus.read(job("last", 50, 50))
    bus.read(job("first", 40, 40))
    _last_beats(bus)
    assert order == ["first 239", "last 339"]
    order.clear()
    bus = Bus(MemoryModel(100, 16.0, 0), 16)
    bus.read(job("around", 0, 20))
    bus.read(job("between", 5, 5))  # a quarter of the other's bursts were requested before
    _last_beats(bus)
    assert order == ["between 224", "around 299"]
    order.clear()
    bus = Bus(MemoryModel(100, 16.0, 0), 16)
    bus.read(job("whole", 40, 40))  # its bursts are requested at once, and it is being served when
    bus.advance(bus.next())
    bus.next()
    bus.read(job("earlier", 30, 30))  # one comes that was asked for before
    _last_beats(bus)
    assert order == ["whole 239", "earlier 339"]


def test_a_stream_is_as_long_as_its_pixels_its_tile_or_its_accumulators_way() -> None:
    gemm = make(Opcode.GEMM, v_size=2, h_size=3, w_size=5, i_size=2, j_size=16)
    assert work_cycles(gemm, HW) == 30 * 32
    assert work_cycles(gemm.replace(i_size=1, j_size=1), HW) == 30 * 4


def test_slower_memory_takes_longer() -> None:
    program = compile_graph(small(16), HW)
    found = [estimate(program, MemoryModel(latency, rate)).cycles
             for latency, rate in ((100, 16.0), (100, 8.0), (300, 8.0), (300, 4.0))]
    assert found == sorted(found) and len(set(found)) == 4


def test_layers_end_in_order_and_before_the_launch() -> None:
    program = compile_graph(small(16), HW, trace=True)
    timing = estimate(program)
    ends = [layer.end for layer in timing.layers]
    assert ends == sorted(ends) and ends[-1] < timing.cycles
    assert sum(layer.bytes for layer in timing.layers) > program.input_bytes


def test_a_load_moved_ahead_counts_for_its_own_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, hw = small(24), ENGINES["2x8x8"]
    moved = estimate(compile_graph(graph, hw))
    monkeypatch.setattr(order, "MOST", 0)
    in_place = estimate(compile_graph(graph, hw))
    assert moved.cycles < in_place.cycles
    assert [layer.bytes for layer in moved.layers] == [layer.bytes for layer in in_place.layers]
