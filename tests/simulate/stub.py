"""The stand-in engine as a library."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flow.hardware.config import HwConfig
from flow.simulate.verilator import build


@cache
def library(hw: HwConfig) -> Path:
    """stub_top.sv for a configuration with one channel for each core. Register SCRATCH plants a fault."""
    values = {"CHANNELS": hw.channels, "CORES": hw.cores, "AXI_BYTES": hw.axi_bytes, "PIX": hw.pix, "ROWS": hw.rows,
              "COLS": hw.cols}
    body = "".join(f"  localparam int {name} = {value};\n" for name, value in values.items())
    body += f"  localparam logic [63:0] CONFIG_HASH = 64'h{hw.hash:016x};\n"
    return build(hw, [Path(__file__).with_name("stub_top.sv")], package=f"package engine_pkg;\n{body}endpackage\n")
