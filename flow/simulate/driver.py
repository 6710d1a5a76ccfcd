"""The Verilated engine driven from Python, register by register."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flow.errors import Problem, ToolError
from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.isa.description import ErrorCode, Region

_REGISTER = {register.name: register for register in isa.REGISTERS}


@dataclass(frozen=True)
class MemoryModel:
    """The simulated device memory, one per channel.

    memory_bytes: address space of each; latency in cycles; bandwidth in bytes per cycle, reads and writes together
    (0: no limit); stall_permille: chance of each handshake to be held back in a cycle; reorder: answers of different
    AXI IDs in random order; seed: of all that and of the engine's uninitialised memories.
    """

    memory_bytes: int = 1 << 32
    latency: int = 100
    bandwidth: float = 51.2
    stall_permille: int = 0
    reorder: bool = False
    seed: int = 1


@dataclass(frozen=True)
class Windows:
    """Where a core finds its regions in its channel's memory: (base, size) in bytes for each Region in order."""

    constant: tuple[int, int]
    scratch: tuple[int, int]
    input: tuple[int, int]
    output: tuple[int, int]


@dataclass(frozen=True)
class Verdict:
    """How a launch ended. cycles: simulated cycles from doorbell to interrupt, register accesses included."""

    done: bool
    error: ErrorCode
    unit: int
    pc: int
    address: int
    cycles: int


class _Config(ctypes.Structure):
    _fields_ = [("memory_bytes", ctypes.c_uint64), ("seed", ctypes.c_uint64), ("latency", ctypes.c_uint32),
                ("bandwidth_millibytes", ctypes.c_uint32), ("stall_permille", ctypes.c_uint32),
                ("reorder", ctypes.c_uint32), ("threads", ctypes.c_uint32), ("reserved", ctypes.c_uint32)]


@cache
def _load(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    u32, u64, pointer = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_void_p
    signatures: dict[str, tuple[object, list[object]]] = {
        "channels": (u32, []), "cores": (u32, []), "axi_bytes": (u32, []),
        "create": (pointer, [ctypes.POINTER(_Config)]),
        "destroy": (None, [pointer]),
        "reset": (None, [pointer]),
        "reg_read": (ctypes.c_int, [pointer, u32, ctypes.POINTER(u32)]),
        "reg_write": (ctypes.c_int, [pointer, u32, u32]),
        "mem_write": (ctypes.c_int, [pointer, u32, u64, ctypes.c_char_p, ctypes.c_size_t]),
        "mem_read": (ctypes.c_int, [pointer, u32, u64, pointer, ctypes.c_size_t]),
        "step": (None, [pointer, u64]),
        "wait_irq": (ctypes.c_int, [pointer, u32, u64]),
        "cycles": (u64, [pointer]),
        "inject_error": (ctypes.c_int, [pointer, u32, u64, u64, ctypes.c_int, ctypes.c_int]),
        "clear_errors": (None, [pointer]),
        "protocol_error": (ctypes.c_char_p, [pointer]),
        "traffic": (ctypes.c_int, [pointer, u32, ctypes.POINTER(u64), ctypes.POINTER(u64)]),
        "watch": (ctypes.c_int, [pointer, u32, u64, u64, u64]),
        "watch_clear": (None, [pointer]),
        "watch_result": (ctypes.c_int, [pointer, u32, ctypes.POINTER(u64), ctypes.POINTER(pointer)]),
        "watch_bytes": (u64, [pointer, u32]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, f"flow_sim_{name}")
        function.restype, function.argtypes = result, arguments
    return library


class Simulator:
    """One engine with all its cores and memories. Usable in ``with``; time passes only inside calls.

    Every method raises ToolError where the engine does not answer and ValueError on an address outside the memory.
    """

    def __init__(self, hw: HwConfig, model: MemoryModel = MemoryModel(), *, library: Path | None = None,
                 threads: int = 1) -> None:
        """Build (or find) the engine's library if none is given, create the engine and take it out of reset."""
        if library is None:
            from flow.hardware.filelist import rtl_files
            from flow.simulate.verilator import build
            from flow.tree import ROOT

            library = build(hw, rtl_files(ROOT), threads)
        self.hw, self.model = hw, model
        self._handle = None
        self._watch_lengths: list[int] = []
        self._library = _load(library.resolve())
        built = (self._library.flow_sim_cores(), self._library.flow_sim_channels(), self._library.flow_sim_axi_bytes())
        if built != (hw.cores, hw.channels, hw.axi_bytes):
            raise ValueError(f"{library} has (cores, channels, axi_bytes) {built}")
        config = _Config(model.memory_bytes, model.seed, model.latency, round(model.bandwidth * 1000),
                         model.stall_permille, int(model.reorder), threads, 0)
        self._handle = self._library.flow_sim_create(ctypes.byref(config))
        if not self._handle:
            raise ToolError(Problem("simulator", f"cannot create an engine with {model}", "give it less memory"))

    def close(self) -> None:
        if self._handle:
            self._library.flow_sim_destroy(self._handle)
            self._handle = None

    def __enter__(self) -> "Simulator":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _check(self, status: int, what: str) -> None:
        if status < 0:
            reason = "no answer" if status == -1 else "error response"
            raise ToolError(Problem("simulated engine", f"{what}: {reason} at cycle {self.cycles}"))

    # --- time and registers ---

    @property
    def cycles(self) -> int:
        """Clock cycles since creation."""
        return int(self._library.flow_sim_cycles(self._handle))

    def hardware_reset(self) -> None:
        """Pull rst_ni; memories keep their contents."""
        self._library.flow_sim_reset(self._handle)

    def step(self, cycles: int) -> None:
        self._library.flow_sim_step(self._handle, cycles)

    def wait_interrupt(self, core: int, max_cycles: int) -> bool:
        """Run until the core's interrupt line is high; False if max_cycles passed before."""
        return bool(self._library.flow_sim_wait_irq(self._handle, core, max_cycles) == 0)

    def read_address(self, address: int) -> int:
        """A 32-bit AXI-Lite read."""
        value = ctypes.c_uint32()
        self._check(self._library.flow_sim_reg_read(self._handle, address, ctypes.byref(value)), f"read 0x{address:x}")
        return value.value

    def write_address(self, address: int, value: int) -> None:
        """A 32-bit AXI-Lite write."""
        self._check(self._library.flow_sim_reg_write(self._handle, address, value & 0xFFFFFFFF), f"write 0x{address:x}")

    def read_register(self, name: str, core: int = 0) -> int:
        return self.read_address(core * isa.CORE_PAGE_BYTES + _REGISTER[name].offset)

    def write_register(self, name: str, value: int, core: int = 0) -> None:
        self.write_address(core * isa.CORE_PAGE_BYTES + _REGISTER[name].offset, value)

    def read_field(self, register: str, field: str, core: int = 0) -> int:
        found = next(part for part in _REGISTER[register].fields if part.name == field)
        return (self.read_register(register, core) >> found.lsb) & ((1 << found.width) - 1)

    def read_pair(self, name: str, core: int = 0) -> int:
        """The 64-bit value of registers name_LO and name_HI."""
        return self.read_register(f"{name}_LO", core) | self.read_register(f"{name}_HI", core) << 32

    def write_pair(self, name: str, value: int, core: int = 0) -> None:
        self.write_register(f"{name}_LO", value & 0xFFFFFFFF, core)
        self.write_register(f"{name}_HI", value >> 32, core)

    def counters(self, core: int = 0) -> dict[str, int]:
        """All counters of the core's last launch by name."""
        return {name: self.read_pair(name, core) for name, _ in isa.COUNTERS}

    # --- memory ---

    def channel_of(self, core: int) -> int:
        return core % self.hw.channels

    def write_memory(self, channel: int, address: int, data: bytes) -> None:
        if self._library.flow_sim_mem_write(self._handle, channel, address, data, len(data)):
            raise ValueError(f"{len(data)} bytes at 0x{address:x} are outside channel {channel}'s memory")

    def read_memory(self, channel: int, address: int, length: int) -> bytes:
        buffer = ctypes.create_string_buffer(length)
        if self._library.flow_sim_mem_read(self._handle, channel, address, buffer, length):
            raise ValueError(f"{length} bytes at 0x{address:x} are outside channel {channel}'s memory")
        return buffer.raw

    def traffic(self, channel: int) -> tuple[int, int]:
        """Bytes read and written on the channel since creation."""
        read, written = ctypes.c_uint64(), ctypes.c_uint64()
        self._library.flow_sim_traffic(self._handle, channel, ctypes.byref(read), ctypes.byref(written))
        return read.value, written.value

    def inject_error(self, channel: int, address: int, length: int, *, reads: bool = True, writes: bool = True) -> None:
        """From now on bus accesses touching the range are answered with SLVERR."""
        self._library.flow_sim_inject_error(self._handle, channel, address, length, reads, writes)

    def clear_errors(self) -> None:
        self._library.flow_sim_clear_errors(self._handle)

    @property
    def protocol_error(self) -> str | None:
        """The engine's first breach of AXI, if any."""
        text = self._library.flow_sim_protocol_error(self._handle)
        return None if text is None else str(text.decode())

    def watch(self, channel: int, address: int, length: int, expected_bytes: int) -> int:
        """Watch a tensor's writes (see flow_sim.h); returns the watch's number."""
        number = int(self._library.flow_sim_watch(self._handle, channel, address, length, expected_bytes))
        if number < 0:
            raise ValueError(f"{length} bytes at 0x{address:x} are outside channel {channel}'s memory")
        self._watch_lengths.append(length)
        return number

    def clear_watches(self) -> None:
        self._watch_lengths.clear()
        self._library.flow_sim_watch_clear(self._handle)

    def watch_result(self, number: int) -> tuple[int, bytes] | None:
        """Cycle of the last byte's write response and the contents at that moment; None if bytes are missing."""
        cycle, data = ctypes.c_uint64(), ctypes.c_void_p()
        status = self._library.flow_sim_watch_result(self._handle, number, ctypes.byref(cycle), ctypes.byref(data))
        if status < 0:
            raise ValueError(f"watch {number} does not exist")
        if status == 0:
            return None
        return cycle.value, ctypes.string_at(data, self._watch_lengths[number])

    def watch_bytes(self, number: int) -> int:
        """Bytes the watch has had."""
        return int(self._library.flow_sim_watch_bytes(self._handle, number))

    # --- launches ---

    def set_windows(self, windows: Windows, core: int = 0) -> None:
        """Program the region registers."""
        for region, (base, size) in zip(Region, (windows.constant, windows.scratch, windows.input, windows.output),
                                        strict=True):
            self.write_pair(f"{region.name}_BASE", base, core)
            self.write_pair(f"{region.name}_SIZE", size, core)

    def start(self, stream_offset: int, core: int = 0, watchdog: int = 0) -> None:
        """Ring the doorbell of a launch whose stream stands at stream_offset in CONSTANT."""
        self.write_pair("PROGRAM", stream_offset, core)
        self.write_pair("WATCHDOG", watchdog, core)
        self.write_register("IRQ_PENDING", 1, core)
        self.write_register("IRQ_ENABLE", 1, core)
        self.write_register("CONTROL", 1, core)

    def finish(self, core: int = 0, max_cycles: int = 1_000_000_000) -> Verdict:
        """Wait for the interrupt and read how the launch ended. Raises ToolError if it does not within max_cycles."""
        start = self.cycles
        if not self.wait_interrupt(core, max_cycles):
            raise ToolError(Problem("simulated engine", f"core {core}: no interrupt within {max_cycles} cycles"))
        cycles = self.cycles - start
        done = bool(self.read_field("STATUS", "DONE", core))
        code = ErrorCode(self.read_field("ERROR", "CODE", core))
        verdict = Verdict(done, code, self.read_field("ERROR", "UNIT", core), self.read_register("ERROR_PC", core),
                          self.read_pair("ERROR_ADDRESS", core), cycles)
        self.write_register("IRQ_PENDING", 1, core)
        return verdict

    def launch(self, windows: Windows, stream_offset: int, core: int = 0, max_cycles: int = 1_000_000_000,
               watchdog: int = 0) -> Verdict:
        """One launch from window registers to verdict."""
        self.set_windows(windows, core)
        self.start(stream_offset, core, watchdog)
        return self.finish(core, max_cycles)

    def soft_reset(self, core: int = 0, max_cycles: int = 100_000) -> None:
        """CONTROL.RESET and wait until STATUS.BUSY falls."""
        self.write_register("CONTROL", 2, core)
        limit = self.cycles + max_cycles
        while self.read_field("STATUS", "BUSY", core):
            if self.cycles > limit:
                raise ToolError(Problem("simulated engine", f"core {core}: reset did not end in {max_cycles} cycles"))
