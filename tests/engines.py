"""The small engines the tests share, so that each is compiled once."""

from __future__ import annotations

from flow.hardware.config import HwConfig

#: Engines that networks with 8-bit weights fit.
ENGINES: dict[str, HwConfig] = {
    "1x4x4": HwConfig(1, 4, 4, axi_bytes=8, inp_banks=2, inp_depth=256, acc_depth=64, wgt_depth=256, out_depth=64,
                      par_depth=16),
    "2x8x8": HwConfig(2, 8, 8, axi_bytes=16, inp_banks=2, inp_depth=128, acc_depth=48, wgt_depth=256, out_depth=64,
                      par_depth=16),
    "1x16x8": HwConfig(1, 16, 8, axi_bytes=16, inp_banks=4, inp_depth=64, acc_depth=64, wgt_depth=256, out_depth=64,
                       par_depth=8),
    "3x8x8": HwConfig(3, 8, 8, axi_bytes=16, inp_banks=3, inp_depth=100, acc_depth=40, wgt_depth=128, out_depth=50,
                      par_depth=16),
    "2x16x4": HwConfig(2, 16, 4, axi_bytes=8, inp_banks=2, inp_depth=128, acc_depth=64, wgt_depth=256, out_depth=64,
                       par_depth=16, packed=False),
}

#: Engines that random programs run on: those, narrow weights, odd numbers of columns, a bus as wide as an instruction.
CONFORMANCE: dict[str, HwConfig] = {
    **ENGINES,
    "1x8x4 2 bits": HwConfig(1, 8, 4, weight_bits=2, axi_bytes=8, inp_banks=2, inp_depth=32, acc_depth=24, wgt_depth=32,
                             out_depth=32, par_depth=8, queue_depth=2),
    "5x12x12 4 bits": HwConfig(5, 12, 12, weight_bits=4, axi_bytes=32, inp_banks=1, inp_depth=40, acc_depth=24,
                               wgt_depth=32, out_depth=24, par_depth=4),
    "3x6x3": HwConfig(3, 6, 3, axi_bytes=8, inp_banks=2, inp_depth=32, acc_depth=20, wgt_depth=64, out_depth=24,
                      par_depth=4),
    "2x32x16": HwConfig(2, 32, 16, axi_bytes=64, inp_banks=2, inp_depth=32, acc_depth=16, wgt_depth=64, out_depth=32,
                        par_depth=4),
}

#: An FPGA's size: more blocks in the input buffer than a size field counts.
LARGE = HwConfig(6, 32, 16, axi_bytes=64, inp_banks=11, inp_depth=4096, acc_depth=512, wgt_depth=4096, out_depth=4096,
                 par_depth=256)
