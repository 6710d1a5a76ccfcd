"""Small engines of different shapes, and the launcher that tests share."""

from __future__ import annotations

import functools

import pytest

from flow.hardware.config import HwConfig
from flow.opencl.device import missing
from flow.opencl.launcher import OpenClLauncher

ENGINES = {
    "1x4x4": HwConfig(1, 4, 4, axi_bytes=8, inp_banks=2, inp_depth=64, acc_depth=32, wgt_depth=64, out_depth=32,
                      par_depth=8),
    "2x16x8": HwConfig(2, 16, 8, axi_bytes=16, inp_banks=3, inp_depth=20, acc_depth=24, wgt_depth=64, out_depth=32,
                       par_depth=8),
    "3x6x3": HwConfig(3, 6, 3, axi_bytes=8, inp_banks=2, inp_depth=32, acc_depth=20, wgt_depth=64, out_depth=24,
                      par_depth=4),
    "2x32x16": HwConfig(2, 32, 16, axi_bytes=64, inp_banks=2, inp_depth=32, acc_depth=16, wgt_depth=64, out_depth=32,
                        par_depth=4),
    "1x8x4 2 bits": HwConfig(1, 8, 4, weight_bits=2, axi_bytes=8, inp_banks=2, inp_depth=32, acc_depth=24, wgt_depth=32,
                             out_depth=32, par_depth=8, queue_depth=2),
    "5x12x12 4 bits": HwConfig(5, 12, 12, weight_bits=4, axi_bytes=32, inp_banks=1, inp_depth=40, acc_depth=24,
                               wgt_depth=32, out_depth=24, par_depth=4),
}

_why = missing()
needs_opencl = pytest.mark.skipif(_why is not None, reason=f"no OpenCL device: {_why}")


@functools.cache
def launcher(name: str, in_memory: bool | None = None, latency: int | None = None) -> OpenClLauncher:
    return OpenClLauncher(ENGINES[name].check(), in_memory, latency=latency)
