"""The instruction set has one home: rendered files are current, and no number of it stands anywhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flow.emit import container
from flow.hardware.filelist import rtl_files
from flow.isa import description as isa
from flow.isa import render

ROOT = Path(__file__).resolve().parents[2]
RENDERED = {**render.committed(), ROOT / "firmware" / "include" / "flow_container.h": container.c_header()}

#: What the firmware must call by name: register offsets, magics, the size of a core's page.
_NAMED = {register.offset for register in isa.REGISTERS} - {0} | {
    isa.MAGIC, isa.STREAM_MAGIC, container.MAGIC, isa.CORE_PAGE_BYTES, isa.COUNTER_BASE}
_OPCODE_BITS = 4


@pytest.mark.parametrize("path", RENDERED, ids=lambda path: path.name)
def test_rendered_files_are_current(path: Path) -> None:
    assert path.read_text() == RENDERED[path], f"{path.relative_to(ROOT)}: run make render"


def hand_written(*patterns: str) -> list[Path]:
    return [path for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path not in RENDERED]


def without_comments(text: str) -> str:
    text = re.sub(r"/\*.*?\*/", lambda match: "\n" * match.group().count("\n"), text, flags=re.DOTALL)
    return re.sub(r"//[^\n]*", "", text)


def hardware_numbers(text: str) -> list[tuple[int, str]]:
    """Sized literals above 1, but masks of up to three bits: what an opcode, a field or a register number would be."""
    found = []
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        for width, base, digits in re.findall(r"(\d*)'s?([hbdo])([0-9a-fA-F_xz]+)", line):
            if base == "b" and int(width or 32) < _OPCODE_BITS:
                continue
            value = int(digits.replace("_", ""), {"h": 16, "b": 2, "d": 10, "o": 8}[base])
            if value > 1:
                found.append((number, line.strip()))
    return found


def software_numbers(text: str) -> list[tuple[int, str]]:
    """Hexadecimal literals with the value of a register's offset or a magic, any number given to a register access."""
    found = []
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        for digits in re.findall(r"\b0[xX]([0-9a-fA-F]+)", line):
            if int(digits, 16) in _NAMED:
                found.append((number, line.strip()))
        if re.search(r"\breg_(read|write)\([^,;]*,\s*\d", line):
            found.append((number, line.strip()))
    return found


def test_no_number_of_the_instruction_set_in_the_rtl() -> None:
    wrong = [f"{path.name}:{number}: {line}" for path in hand_written("rtl/*.sv")
             for number, line in hardware_numbers(path.read_text())]
    assert not wrong, "use the names of isa_pkg:\n" + "\n".join(wrong)


def test_no_number_of_the_instruction_set_in_the_firmware() -> None:
    paths = hand_written("firmware/src/*.c", "firmware/include/*.h", "firmware/transport/*.[ch]")
    wrong = [f"{path.name}:{number}: {line}" for path in paths
             for number, line in software_numbers(path.read_text())]
    assert not wrong, "use the names of flow_isa.h:\n" + "\n".join(wrong)


def test_the_checks_see_planted_numbers() -> None:
    assert hardware_numbers("if (word[3:0] == 4'd3) x <= 1'b1; // 4'd5") == [(1, "if (word[3:0] == 4'd3) x <= 1'b1;")]
    assert hardware_numbers("12'h024: data <= status;")
    assert not hardware_numbers("x <= 1'b0; y <= 8'd1; z <= 4'(OPCODE_GEMM);")
    register = next(register for register in isa.REGISTERS if register.name == "STATUS")
    assert software_numbers(f"read(0x{register.offset:02x}u)")
    assert software_numbers("transport->reg_read(context, 36, &value);")
    assert not software_numbers("/* 0x24 */ if (value == 0xFFFFFFFFu) return;")


def test_the_core_file_lists_every_rtl_file() -> None:
    listed = {path.name for path in rtl_files(ROOT)} | {"engine_pkg.sv"}
    assert listed == {path.name for path in (ROOT / "rtl").glob("*.sv")}


@pytest.mark.full
def test_verilator_lint() -> None:
    from flow.simulate.verilator import find_verilator, run_tool

    command, environment = find_verilator()
    waivers = [str(path) for path in sorted((ROOT / "rtl").glob("*.vlt"))]
    files = [*waivers, str(ROOT / "rtl" / "engine_pkg.sv"), *map(str, rtl_files(ROOT))]
    run_tool([command, "--lint-only", "-Wall", "--top-module", "flow_top", *files], ROOT, environment, "Verilator lint")
