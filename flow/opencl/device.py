"""One engine on an OpenCL device: device memory, register page, launches."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.errors import Problem, ToolError
from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.isa.description import ErrorCode, Region, Unit
from flow.opencl.kernel import SOURCES, options, source
from flow.reference import Verdict

Memory = npt.NDArray[np.uint8]

VENDORS_VARIABLE = "OCL_ICD_VENDORS"
VENDORS = Path("/etc/OpenCL/vendors")
#: regions start at multiples of this in device memory
ALIGNMENT = 4096


@dataclass(frozen=True)
class Watch:
    """A tensor to copy when it is complete: its place and the bytes STORE writes until then."""

    region: Region
    offset: int
    size: int
    bytes_written: int


@dataclass(frozen=True)
class Launch:
    """What a launch left: verdict, counters by name, copies of the watched tensors (None if not completed)."""

    verdict: Verdict
    counters: dict[str, int]
    copies: tuple[Memory | None, ...]


def missing() -> str | None:
    """Why no OpenCL device can be used here, or None."""
    try:
        _device()
    except ToolError as error:
        return error.problems[0].found
    return None


@functools.cache
def _device() -> Any:
    """The first device of the first platform that has one."""
    if VENDORS_VARIABLE not in os.environ and VENDORS.is_dir():
        os.environ[VENDORS_VARIABLE] = str(VENDORS)
    remedy = "install an OpenCL platform (Debian: pocl-opencl-icd, ocl-icd-libopencl1)"
    try:
        import pyopencl as cl
    except ImportError as error:
        raise ToolError(Problem("OpenCL", f"pyopencl cannot be imported: {error}", "install pyopencl")) from None
    try:
        devices = [device for platform in cl.get_platforms() for device in platform.get_devices()]
    except cl.Error as error:
        raise ToolError(Problem("OpenCL", f"no platform: {error}", remedy)) from None
    if not devices:
        raise ToolError(Problem("OpenCL", "no device", remedy))
    return devices[0]


def _offset(name: str) -> int:
    return next(register.offset for register in isa.REGISTERS if register.name == name) // 4


def _field(name: str, field: str, value: int) -> int:
    register = next(register for register in isa.REGISTERS if register.name == name)
    found = next(item for item in register.fields if item.name == field)
    return (value >> found.lsb) & ((1 << found.width) - 1)


class Device:
    """A compiled kernel with its device memory; memory and buffers keep their contents from launch to launch.

    in_memory: see ``kernel.options``; by default on CPUs and GPUs. Raises ToolError if there is no platform or the
    kernel does not compile.
    """

    def __init__(self, hw: HwConfig, trace: bool = False, in_memory: bool | None = None,
                 sources: Path = SOURCES, latency: int | None = None) -> None:
        import pyopencl as cl

        device = _device()
        self.hw = hw
        self.trace = trace
        try:
            self.context = cl.Context([device])
            self.queue = cl.CommandQueue(self.context)
        except cl.Error as error:
            raise ToolError(Problem("OpenCL", f"{device.name} does not start: {error}",
                                    "mend the OpenCL platform, or remove its .icd file")) from None
        if in_memory is None:
            in_memory = not device.type & cl.device_type.ACCELERATOR
        try:
            arguments = list(options(in_memory, trace, latency=latency))
            program = cl.Program(self.context, source(hw, sources)).build(arguments)
        except cl.Error as error:
            raise ToolError(Problem("OpenCL kernel", str(error)[:4000],
                                    "this is a fault of flow: please report it")) from None
        self.kernel = cl.Kernel(program, "flow_engine")
        self.registers = np.zeros(isa.CORE_PAGE_BYTES // 4, np.uint32)
        flags = cl.mem_flags
        self.page = cl.Buffer(self.context, flags.READ_WRITE, isa.CORE_PAGE_BYTES)
        size = np.zeros(1, np.uint64)
        answer = cl.Buffer(self.context, flags.READ_WRITE, 8)
        cl.Kernel(program, "flow_describe")(self.queue, (1,), (1,), self.page, answer)
        cl.enqueue_copy(self.queue, self.registers, self.page)
        cl.enqueue_copy(self.queue, size, answer)
        self.state = cl.Buffer(self.context, flags.READ_WRITE, max(64, int(size[0])))
        self.memory: Any = None
        self.memory_bytes = 0

    def _pair(self, name: str, value: int) -> None:
        self.registers[_offset(f"{name}_LO")] = value & 0xFFFFFFFF
        self.registers[_offset(f"{name}_HI")] = value >> 32

    def launch(self, regions: Sequence[Memory], stream_offset: int, watchdog: int = 0,
               watches: Sequence[Watch] = ()) -> Launch:
        """Run on ``regions`` in place. watches need ``trace``."""
        import pyopencl as cl

        bases, end = [], 0
        for region in regions:
            bases.append(end)
            end += -(-max(len(region), 1) // ALIGNMENT) * ALIGNMENT
        if end > self.memory_bytes:
            self.memory = cl.Buffer(self.context, cl.mem_flags.READ_WRITE, end)
            self.memory_bytes = end
        for region, base, kind in zip(regions, bases, Region, strict=True):
            self._pair(f"{kind.name}_BASE", base)
            self._pair(f"{kind.name}_SIZE", len(region))
            if len(region):
                cl.enqueue_copy(self.queue, self.memory, np.ascontiguousarray(region), dst_offset=base)
        self._pair("PROGRAM", stream_offset)
        self._pair("WATCHDOG", watchdog)
        cl.enqueue_copy(self.queue, self.page, self.registers)
        arguments: list[Any] = [self.memory, self.page, self.state]
        table = np.zeros((max(1, len(watches)), 4), np.uint64)
        copies: Any = None
        total = 0
        if self.trace:
            for row, watch in zip(table, watches, strict=False):
                row[:] = (bases[watch.region] + watch.offset, watch.size, watch.bytes_written, total)
                total += watch.size
            device_table = cl.Buffer(self.context, cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR, hostbuf=table)
            copies = cl.Buffer(self.context, cl.mem_flags.READ_WRITE, max(1, total))
            arguments += [device_table, np.uint32(len(watches)), copies]
        self.kernel(self.queue, (1,), (1,), *arguments)
        for region, base, kind in zip(regions, bases, Region, strict=True):
            if len(region) and kind != Region.CONSTANT:
                cl.enqueue_copy(self.queue, region, self.memory, src_offset=base)
        cl.enqueue_copy(self.queue, self.registers, self.page)
        obtained: list[Memory | None] = []
        if self.trace:
            cl.enqueue_copy(self.queue, table, device_table)
            copied = np.zeros(max(1, total), np.uint8)
            cl.enqueue_copy(self.queue, copied, copies)
            at = 0
            for row, watch in zip(table, watches, strict=False):
                obtained.append(None if row[2] else copied[at : at + watch.size])
                at += watch.size
        self.queue.finish()
        return Launch(self._verdict(), self._counters(), tuple(obtained))

    def close(self) -> None:
        """Give the device's memory back."""
        for buffer in (self.page, self.state, self.memory):
            if buffer is not None:
                buffer.release()
        self.memory = None

    def _verdict(self) -> Verdict:
        error = int(self.registers[_offset("ERROR")])
        code = ErrorCode(_field("ERROR", "CODE", error))
        if code == ErrorCode.NONE:
            return Verdict(ErrorCode.NONE, Unit.LOAD, 0)
        return Verdict(code, Unit(_field("ERROR", "UNIT", error)), int(self.registers[_offset("ERROR_PC")]))

    def _counters(self) -> dict[str, int]:
        at = isa.COUNTER_BASE // 4
        return {name: int(self.registers[at + 2 * n]) | int(self.registers[at + 2 * n + 1]) << 32
                for n, (name, _) in enumerate(isa.COUNTERS)}
