"""The kernel's text: parameters come from the rendered headers alone, and vendors' compilers accept it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from flow.isa import description as isa
from flow.isa.render import c_header
from flow.opencl.kernel import SOURCES, Vendor, files, options, source
from tests.engines import CONFORMANCE

#: numbers that are neither a width nor a code
PLAIN = {0, 1, 2}
#: the vendors' file also has OpenCL's own vector lengths, and the depth of a pipeline
OF_COMPILERS = {4, 8, 16, 64}
CLANG = next((name for name in ("clang", *(f"clang-{n}" for n in range(22, 13, -1))) if shutil.which(name)), None)


def literals(text: str) -> set[int]:
    """Integers in C code, comments and strings taken away."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*|\"[^\"]*\"", " ", text, flags=re.DOTALL)
    return {int(number, 0) for number in re.findall(r"(?<![\w.])(0[xX][0-9a-fA-F]+|\d+)[uUlL]*\b", text)}


def test_literals_are_seen() -> None:
    assert literals('x = 0x1Fu + a12 - 7UL; /* 99 */ // 98\n"97"') == {31, 7}


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_no_width_opcode_or_register_number_in_the_kernel(path: Path) -> None:
    allowed = PLAIN | (OF_COMPILERS if path.name == "flow_vendor.h" else set())
    assert literals(path.read_text()) <= allowed


@pytest.mark.skipif(CLANG is None, reason="no clang")
def test_every_field_is_read(tmp_path: Path) -> None:
    """With the kernel's own macros expanded and the instruction set's header left away, every field's name is there."""
    assert CLANG is not None
    path = tmp_path / "flow_engine.cl"
    path.write_text(source(CONFORMANCE["1x4x4"]).replace(c_header(), ""))
    text = subprocess.run([CLANG, "-E", "-x", "cl", str(path)], capture_output=True, text=True, check=True).stdout
    unread = [f"{opcode.name}.{field.name}" for opcode, fields in isa.FIELDS.items() for field in fields[3:]
              if f"FLOW_{opcode.name}_{field.name.upper()}_LSB" not in text]
    assert unread == []
    assert [field.name for field in isa.FIELDS[isa.Opcode.GEMM][:3]] == ["opcode", "pop", "push"]


def test_one_translation_unit() -> None:
    assert "#include" not in source(CONFORMANCE["1x4x4"])
    assert (SOURCES / "flow_engine.cl").is_file()


@pytest.mark.skipif(CLANG is None, reason="no clang")
@pytest.mark.parametrize("vendor", Vendor)
@pytest.mark.parametrize("name", ["1x4x4", "3x6x3", "2x32x16"])
def test_syntax(vendor: Vendor, name: str, tmp_path: Path) -> None:
    """Clang takes the vendors' attributes with at most a warning that it ignores them."""
    assert CLANG is not None
    path = tmp_path / "flow_engine.cl"
    path.write_text(source(CONFORMANCE[name]))
    for trace in (False, True):
        done = subprocess.run(
            [CLANG, "-x", "cl", "-target", "spir64", "-Xclang", "-finclude-default-header", "-fsyntax-only", "-Wall",
             "-Werror", "-Wno-unknown-attributes", "-Wno-unknown-pragmas", "-Wno-unused-function",
             *options(False, trace, vendor), str(path)],
            capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
