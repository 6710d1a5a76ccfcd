"""The small engines the tests share, so that each is compiled once."""

from __future__ import annotations

from flow.hardware.config import HwConfig

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
