"""The folder: what is in it, that it is the same each time, and that ``make sim`` in it proves something."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from flow.emit import container, emit_folder
from flow.emit.templates import c_float, c_string, tcl, write_if_changed
from flow.hardware.config import HwConfig
from flow.simulate.verilator import find_verilator
from flow.tree import ROOT
from tests.simulate.stub import STUB, program_of, random_images

HW = HwConfig(pix=2, rows=16, cols=8, axi_bytes=16)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_complete_and_deterministic(tmp_path: Path) -> None:
    program = program_of(HW)
    paths = emit_folder(program, tmp_path / "a", [STUB])
    emit_folder(program, tmp_path / "b", [STUB])
    contents = _contents(tmp_path / "a")
    assert contents == _contents(tmp_path / "b")
    assert sorted(contents) == sorted(str(path.relative_to(tmp_path / "a")) for path in paths)
    for name in ("README.md", "Makefile", "ci.yml", "LICENSE", "rtl/engine_pkg.sv", "rtl/stub_top.sv",
                 "docs/registers.md", "docs/memory_map.md", "docs/instructions.md", "fpga/config.tcl",
                 "opencl/engine_params.h", "firmware/model.c", "firmware/model.h", "firmware/weights.bin",
                 "firmware/src/flow_core.c", "firmware/include/flow_isa.h", "firmware/sim/flow_sim_config.h"):
        assert name in contents, name
    assert str(ROOT).encode() not in b"".join(contents.values())


def test_memory_map_tells_cores_apart(tmp_path: Path) -> None:
    """Also where all channels are one memory, and a core's channel does not keep it from the others."""
    emit_folder(program_of(HW), tmp_path, [STUB])
    facts = (tmp_path / "fpga" / "config.tcl").read_text()
    size = re.search(r"set flow_device_bytes_per_core (\d+)", facts)
    assert size is not None
    text = " ".join((tmp_path / "docs" / "memory_map.md").read_text().split())
    assert f"open core *n* at base + *n* x {size[1]} (plus" in text
    assert "base + k * flow_device_bytes()" in (tmp_path / "firmware" / "transport" / "flow_mmio.h").read_text()


def test_memory_map_says_what_digits_add_up_to(tmp_path: Path) -> None:
    program = program_of(HW)
    digits = tuple(dataclasses.replace(program.outputs[0], result=f"sum/byte{n}", digit_of="sum") for n in range(2))
    emit_folder(dataclasses.replace(program, outputs=(*digits, *program.outputs[1:])), tmp_path, [STUB])
    text = (tmp_path / "docs" / "memory_map.md").read_text()
    assert text.count("| digit of sum |") == 2 and text.count("exactly the sum of sum/byte0 + sum/byte1, each") == 1
    emit_folder(program, tmp_path, [STUB])
    assert "digit" not in (tmp_path / "docs" / "memory_map.md").read_text()


def test_readme_names_what_is_there(tmp_path: Path) -> None:
    emit_folder(program_of(HW), tmp_path, [STUB])
    others = {"summary.txt", "report.html", "report.json", "hw.json", "manifest.json", "verify/",
              "timing.json", "fpga/README.md", "steps/"}  # of other stages
    rows = re.findall(r"^\| (.*?) \| ", (tmp_path / "README.md").read_text(), re.M)
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    missing = [name for name in named if name not in others
               and not (tmp_path / name).exists() and not (tmp_path / "firmware" / name).exists()]
    assert len(named) > 15 and not missing


def test_only_changes_are_written(tmp_path: Path) -> None:
    program = program_of(HW)
    for path in emit_folder(program, tmp_path, [STUB]):
        os.utime(path, (1, 1))
    changed = dataclasses.replace(program, constant=bytes(256))
    touched = {path.name for path in emit_folder(changed, tmp_path, [STUB]) if path.stat().st_mtime != 1}
    assert touched == {"weights.bin", "model.c"}
    assert not write_if_changed(tmp_path / "ci.yml", (tmp_path / "ci.yml").read_text())


def test_names_cannot_break_out() -> None:
    assert c_string('a"b\\c\n?é') == '"a\\042b\\134c\\012\\077\\303\\251"'
    assert tcl("a [b] $c") == "a\\u0020\\u005bb\\u005d\\u0020\\u0024c"
    assert float.fromhex(c_float(0.1).removesuffix("f")) == float(np.float32(0.1))


def test_container_header_is_as_committed() -> None:
    assert (ROOT / "firmware" / "include" / "flow_container.h").read_text() == container.c_header()
    packed = container.pack(b"image", 0x0123456789ABCDEF)
    fields = {entry.name: int.from_bytes(packed[entry.offset : entry.offset + entry.bytes], "little")
              for entry in container.HEADER}
    assert fields["MAGIC"] == container.MAGIC and fields["CONFIG_HASH"] == 0x0123456789ABCDEF
    assert fields["LENGTH"] == 5 and fields["HEADER_BYTES"] == len(packed) - 5
    assert fields["MODEL_HASH"] == container.model_hash(b"image") != container.model_hash(b"other")


def test_make_lint_of_the_real_engine(tmp_path: Path) -> None:
    emit_folder(program_of(HW), tmp_path)
    verilator, variables = find_verilator()
    done = subprocess.run(["make", "-C", str(tmp_path), "lint", f"VERILATOR={verilator}"], env=variables,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.full
def test_make_sim_with_nothing_but_tools(tmp_path: Path) -> None:
    program = program_of(HW)
    folder = tmp_path / "folder"
    emit_folder(program, folder, [STUB])
    images = random_images(program, 5, 3)
    for kind, names in (("stimuli", ["in0", "in1"]), ("expected", ["in0", "in1"])):
        (folder / "verify" / kind).mkdir(parents=True)
        for number, name in enumerate(names):
            values = np.stack([image[name] for image in images]) + np.int8(kind == "expected")
            np.save(folder / "verify" / kind / f"{number}.npy", values)
    verilator, variables = find_verilator()
    tools = tmp_path / "bin"
    tools.mkdir()
    for found in Path("/usr/bin").iterdir():
        if not found.name.startswith(("python", "verilator", "pip")):
            (tools / found.name).symlink_to(found)
    environment = {"PATH": str(tools), "VERILATOR": verilator,
                   **({"VERILATOR_ROOT": variables["VERILATOR_ROOT"]} if "VERILATOR_ROOT" in variables else {})}

    def make(*goals: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["make", *goals], cwd=folder, env=environment, capture_output=True, text=True,
                              check=False)

    done = make("-j2", "sim")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every output byte equals" in done.stdout
    changed = np.load(folder / "verify" / "expected" / "1.npy")
    changed[4, 7, 7, 6] ^= 1
    np.save(folder / "verify" / "expected" / "1.npy", changed)
    done = make("sim")
    assert done.returncode != 0 and "output out1, image 4, value 447" in done.stderr
    (folder / "verify" / "stimuli" / "0.npy").unlink()
    done = make("sim")
    assert done.returncode != 0 and "--verify none" in done.stderr
