"""The simulated memory and its ports, driven by a stand-in for the engine (stub_top.sv)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from flow.errors import ToolError
from flow.hardware.config import HwConfig
from flow.simulate.driver import MemoryModel, Simulator
from flow.simulate.verilator import build
from tests.simulate.stub import library

INPUT, OUTPUT = 0x10000, 0x40000
PLAIN = MemoryModel()


def _hw(axi_bytes: int, cores: int) -> HwConfig:
    return HwConfig(pix=2, rows=16, cols=8, axi_bytes=axi_bytes, cores=cores, channels=cores)


def _simulator(model: MemoryModel = PLAIN, axi_bytes: int = 64, cores: int = 1, fault: int = 0) -> Simulator:
    simulator = Simulator(_hw(axi_bytes, cores), model, library=library(_hw(axi_bytes, cores)))
    for core in range(cores):
        simulator.write_register("SCRATCH", fault, core)
    return simulator


def _start(simulator: Simulator, size: int, core: int = 0, output: int = OUTPUT) -> None:
    simulator.write_pair("INPUT_BASE", INPUT, core)
    simulator.write_pair("INPUT_SIZE", size, core)
    simulator.write_pair("OUTPUT_BASE", output, core)
    simulator.write_register("CONTROL", 1, core)


def _expected(data: bytes) -> bytes:
    return bytes((value + 1) & 255 for value in data)


@pytest.mark.parametrize(("axi_bytes", "cores"), [
    (64, 1), (16, 2), pytest.param(8, 1, marks=pytest.mark.full), pytest.param(128, 3, marks=pytest.mark.full)])
def test_copies_under_stalls_and_reordering(axi_bytes: int, cores: int) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    rng = random.Random(seed)
    model = MemoryModel(1 << 20, stall_permille=rng.choice([0, 100, 700]), reorder=True, seed=seed,
                        latency=rng.randrange(1, 150))
    size = 16 * axi_bytes * 5
    with _simulator(model, axi_bytes, cores) as simulator:
        data = [rng.randbytes(size) for _ in range(cores)]
        watches = []
        for core in range(cores):
            simulator.write_memory(core, INPUT, data[core])
            watches.append(simulator.watch(core, OUTPUT, size, size))
            _start(simulator, size, core)
        for core in range(cores):
            assert simulator.wait_interrupt(core, 200_000)
            assert simulator.read_field("STATUS", "DONE", core) == 1
            assert simulator.read_memory(core, OUTPUT, size) == _expected(data[core])
            result = simulator.watch_result(watches[core])
            assert result is not None and result[1] == _expected(data[core])
            assert simulator.traffic(core) == (size, size)
        assert simulator.protocol_error is None


def test_memory_is_bounded() -> None:
    with _simulator(MemoryModel(1 << 16)) as simulator:
        simulator.write_memory(0, (1 << 16) - 4, b"1234")
        assert simulator.read_memory(0, (1 << 16) - 4, 4) == b"1234"
        for address in (1 << 16, (1 << 16) - 3, (1 << 64) - 2):
            with pytest.raises(ValueError, match="outside"):
                simulator.write_memory(0, address, b"1234")
        with pytest.raises(ValueError, match="outside"):
            simulator.read_memory(1, 0, 4)


def test_bandwidth_and_latency() -> None:
    size = 16 * 64 * 200
    spent = {}
    for latency, bandwidth in ((100, 0.0), (200, 0.0), (100, 51.2), (100, 8.0)):
        with _simulator(MemoryModel(1 << 20, latency=latency, bandwidth=bandwidth)) as simulator:
            start = simulator.cycles
            _start(simulator, size, output=OUTPUT + 0x20000)
            assert simulator.wait_interrupt(0, 1_000_000)
            spent[latency, bandwidth] = simulator.cycles - start
    assert spent[100, 8.0] >= 2 * size / 8  # reads and writes share it
    assert 200 * 2 * 100 <= spent[200, 0.0] - spent[100, 0.0] < 200 * 2 * 100 + 100
    assert spent[100, 0.0] >= 200 * (200 + 32)
    assert spent[100, 0.0] < spent[100, 51.2] < spent[100, 8.0]


def test_same_seed_same_cycles() -> None:
    def run(seed: int) -> int:
        with _simulator(MemoryModel(1 << 20, stall_permille=300, reorder=True, seed=seed)) as simulator:
            _start(simulator, 16 * 64 * 20)
            assert simulator.wait_interrupt(0, 100_000)
            return simulator.cycles

    assert run(5) == run(5) != run(6)


def test_register_port_errors() -> None:
    with _simulator() as simulator:
        simulator.write_register("SCRATCH", 0x12345678)
        assert simulator.read_register("SCRATCH") == 0x12345678
        with pytest.raises(ToolError, match="error response"):
            simulator.read_address(0xF00)


@pytest.mark.parametrize("read", [True, False])
def test_injected_error(read: bool) -> None:
    size = 16 * 64 * 4
    with _simulator(MemoryModel(1 << 20)) as simulator:
        simulator.inject_error(0, (INPUT if read else OUTPUT) + 2000, 1, reads=read, writes=not read)
        _start(simulator, size)
        assert simulator.wait_interrupt(0, 100_000)
        assert simulator.read_field("STATUS", "ERROR") == 1
        simulator.clear_errors()
        simulator.write_memory(0, INPUT, bytes(range(256)) * 16)
        _start(simulator, size)
        assert simulator.wait_interrupt(0, 100_000)  # the line still high from before falls at the start
        simulator.step(10_000)
        assert simulator.read_field("STATUS", "ERROR") == 0
        assert simulator.read_memory(0, OUTPUT, size) == _expected(bytes(range(256)) * 16)


def test_outside_memory_is_a_bus_error() -> None:
    with _simulator(MemoryModel(1 << 17)) as simulator:
        _start(simulator, 1024, output=(1 << 17) - 512)
        assert simulator.wait_interrupt(0, 100_000)
        assert simulator.read_field("STATUS", "ERROR") == 1
        assert simulator.protocol_error is None


@pytest.mark.parametrize(("fault", "text"), [(1, "crosses 4 KiB"), (2, "WLAST"), (3, "ARVALID fell")])
def test_protocol_checks(fault: int, text: str) -> None:
    with _simulator(MemoryModel(1 << 20, stall_permille=500), fault=fault) as simulator:
        _start(simulator, 16 * 64 * 4)
        simulator.step(20_000)
        assert simulator.protocol_error is not None and text in simulator.protocol_error


def test_watches_of_reused_memory_and_partial_strobes() -> None:
    half = 16 * 64
    with _simulator(MemoryModel(1 << 20, reorder=True), fault=4) as simulator:  # only the upper half of each beat
        data = bytes(range(256)) * 8
        simulator.write_memory(0, INPUT, data)
        first = simulator.watch(0, OUTPUT, half, half // 2)
        other = simulator.watch(0, OUTPUT + half, half, half // 2)
        again = simulator.watch(0, OUTPUT, half, half // 2)
        never = simulator.watch(0, OUTPUT + 32, 1 << 12, half)
        _start(simulator, 2 * half)
        assert simulator.wait_interrupt(0, 100_000)
        assert simulator.watch_result(again) is None
        kept = bytes(16 * 64)
        wanted = bytearray(kept)
        for at in range(0, half, 64):
            wanted[at + 32:at + 64] = _expected(data)[at + 32:at + 64]
        result, second = simulator.watch_result(first), simulator.watch_result(other)
        assert result is not None and second is not None
        assert result[1] == bytes(wanted) and result[0] < second[0]
        simulator.write_memory(0, INPUT, bytes(len(data)))
        _start(simulator, half)
        simulator.step(10_000)
        reused = simulator.watch_result(again)
        assert reused is not None and reused[1][32:64] == b"\1" * 32
        assert simulator.watch_result(first) == result
        assert simulator.watch_result(never) is None and simulator.watch_bytes(never) == 0
        simulator.clear_watches()
        with pytest.raises(ValueError, match="does not exist"):
            simulator.watch_result(0)


def test_tool_error_names_the_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sv"
    broken.write_text("module flow_top(input logic clk_i;\nendmodule\n")
    with pytest.raises(ToolError, match=r"broken\.sv:1"):
        build(_hw(64, 1), [broken], package="package engine_pkg;\nendpackage\n")
