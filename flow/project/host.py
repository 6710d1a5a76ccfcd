"""The host program of a board that people can reach with one of the firmware's transports: its Makefile."""

from __future__ import annotations

from dataclasses import dataclass

from flow.emit.templates import render
from flow.hardware.config import HwConfig
from flow.project.board import Platform
from flow.size.devices import Device


@dataclass(frozen=True)
class Link:
    """name: of the transport and of flow_host's device; what: for people; needs: what must be installed; include,
    libraries: for the compiler; example: an option that depends on the machine; channels: whether flow_host must be
    told the memory's channels."""

    name: str
    what: str
    needs: str
    include: str
    libraries: str
    example: str
    channels: bool


_LINKS = {
    Platform.VIVADO_PCIE: Link("xdma", "PCIe, AMD's XDMA driver", "", "", "-lm", "--nodes /dev/xdma1", True),
    Platform.AWS_F2: Link("f2", "AWS F2's small shell", "AWS's library is needed (sdk_setup.sh of aws-fpga)",
                          "-I$(SDK_DIR)/userspace/include", "-lfpga_mgmt -lm", "--slot 1", True),
    Platform.ECP5_SERIAL: Link("serial", "serial line", "", "", "-lm", "--port /dev/ttyUSB1", False),
}


def link_of(platform: Platform) -> Link | None:
    """How flow_host reaches a board; None where the folder's user gives the firmware a transport."""
    return _LINKS.get(platform)


def makefile(link: Link, hw: HwConfig, device: Device) -> str:
    """Builds and runs flow_host for an engine and its board."""
    size = device.memory.bytes_each
    facts = f"--channels {hw.channels} --channel-bytes {size}" if link.channels else f"--memory-bytes {size}"
    return render("fpga/host/Makefile.j2", link=link, hw=hw, device=device, facts=facts)
