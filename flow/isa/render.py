"""Render the description: SystemVerilog package, C and OpenCL headers, manual; ``python -m flow.isa.render`` rewrites
the committed ones, ``--check`` only compares."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from flow.hardware.config import HwConfig
from flow.isa import description as isa
from flow.isa.manual_text import EDGE_CASES, PSEUDO_CODE, SUMMARY
from flow.tree import ROOT

#: The engine whose package is committed, so that the RTL can be linted as it stands.
DEFAULT_ENGINE = HwConfig(pix=1, rows=4, cols=4, axi_bytes=8, inp_banks=2, inp_depth=256, acc_depth=64, wgt_depth=256,
                          out_depth=64, par_depth=16)


@dataclass(frozen=True)
class EnumView:
    prefix: str
    doc: str
    width: int
    members: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class StructView:
    name: str
    reserved: int
    fields: tuple[isa.Field, ...]


def environment() -> Environment:
    """Jinja2 environment of the project: undefined names are errors, blocks leave no blank lines."""
    return Environment(loader=FileSystemLoader(ROOT / "templates"), undefined=StrictUndefined, trim_blocks=True,
                       lstrip_blocks=True, keep_trailing_newline=True)


def _enum(prefix: str, width: int, kind: type[IntEnum]) -> EnumView:
    doc = (kind.__doc__ or kind.__name__).strip().splitlines()[0]
    return EnumView(prefix, doc, width, tuple((member.name, int(member)) for member in kind))


ENUMS: tuple[EnumView, ...] = (
    _enum("OP", 4, isa.Opcode),
    _enum("UNIT", 3, isa.Unit),
    _enum("BUFFER", 2, isa.Buffer),
    _enum("REGION", 2, isa.Region),
    _enum("TABLE", 24, isa.Table),
    _enum("ALU", 3, isa.AluOp),
    _enum("SOURCE0", 1, isa.Source0),
    _enum("SOURCE1", 2, isa.Source1),
    _enum("REQUANT", 2, isa.Requant),
    _enum("ROUNDING", 2, isa.Rounding),
    _enum("ERROR", 8, isa.ErrorCode),
)

SCALARS: tuple[tuple[str, int], ...] = tuple(
    (name, int(getattr(isa, name)))
    for name in ("ABI_MAJOR", "ABI_MINOR", "WORD_BITS", "WORDS_PER_INSTRUCTION", "INSTRUCTION_BITS",
                 "INSTRUCTION_BYTES",
                 "TOKEN_CAPACITY", "REGIONS", "TABLE_ENTRIES", "TABLE_SLOTS", "PARAMETER_BYTES", "CORE_PAGE_BYTES",
                 "COUNTER_BASE")
) + (("NUM_COUNTERS", len(isa.COUNTERS)),)


def _structs() -> tuple[StructView, ...]:
    views = [StructView(opcode.name.lower(), isa.INSTRUCTION_BITS - fields[-1].lsb - fields[-1].width, fields)
             for opcode, fields in isa.FIELDS.items()]
    common = isa.FINISH_FIELDS
    views.append(StructView("header", isa.INSTRUCTION_BITS - common[-1].lsb - common[-1].width, common))
    stream = isa.STREAM_HEADER
    views.append(StructView("stream_header", isa.INSTRUCTION_BITS - stream[-1].lsb - stream[-1].width, stream))
    return tuple(views)


def _channel_masks() -> tuple[tuple[str, int, int], ...]:
    """For each unit: its name, which units it may take tokens from, which it may give tokens to (bit masks)."""
    return tuple((unit.name, sum(1 << producer for producer, consumer in isa.CHANNELS if consumer == unit),
                  sum(1 << consumer for producer, consumer in isa.CHANNELS if producer == unit)) for unit in isa.Unit)


def _isa_context() -> dict[str, object]:
    return {"scalars": SCALARS, "magic": isa.MAGIC, "stream_magic": isa.STREAM_MAGIC, "enums": ENUMS,
            "structs": _structs(), "parameters": isa.PARAMETER_ENTRY, "registers": isa.REGISTERS,
            "counters": isa.COUNTERS, "channels": _channel_masks(),
            "mask_bits": next(field.width for field in isa.FINISH_FIELDS if field.name == "pop")}


def _engine_context(hw: HwConfig) -> dict[str, object]:
    names = ("pix", "rows", "cols", "weight_bits", "axi_bytes", "inp_banks", "inp_depth", "acc_depth", "wgt_depth",
             "out_depth", "par_depth", "queue_depth", "cores", "channels", "blocks", "group_bytes", "granule_bytes",
             "tile_words", "par_words")
    return {"parameters": tuple((name.upper(), int(getattr(hw, name))) for name in names), "packed": int(hw.packed),
            "hash": hw.hash}


def isa_package() -> str:
    """SystemVerilog package of the instruction set."""
    return environment().get_template("isa/isa_pkg.sv.j2").render(_isa_context())


def engine_package(hw: HwConfig) -> str:
    """SystemVerilog package of one engine's parameters."""
    return environment().get_template("isa/engine_pkg.sv.j2").render(_engine_context(hw))


def c_header() -> str:
    """C (and OpenCL) header of the instruction set and the register map."""
    return environment().get_template("isa/flow_isa.h.j2").render(_isa_context())


def engine_header(hw: HwConfig) -> str:
    """C (and OpenCL) header of one engine's parameters."""
    return environment().get_template("isa/engine_params.h.j2").render(_engine_context(hw))


def manual(hw: HwConfig | None = None) -> str:
    """The reference manual as Markdown; with the engine's own figures if one is given."""
    pages = []
    for opcode, fields in isa.FIELDS.items():
        pages.append({"name": opcode.name, "number": int(opcode), "unit": isa.UNIT_OF[opcode].name,
                      "summary": SUMMARY[opcode], "pseudo_code": PSEUDO_CODE[opcode],
                      "edge_cases": EDGE_CASES[opcode], "fields": fields})
    return environment().get_template("isa/manual.md.j2").render(
        pages=pages, hw=hw, engine=_engine_context(hw)["parameters"] if hw else (), isa=isa, enums=ENUMS,
        registers=isa.REGISTERS, parameters=isa.PARAMETER_ENTRY, channels=isa.CHANNELS)


def committed() -> dict[Path, str]:
    """Files in the repository that are rendered, with what they must contain."""
    return {
        ROOT / "rtl" / "isa_pkg.sv": isa_package(),
        ROOT / "rtl" / "engine_pkg.sv": engine_package(DEFAULT_ENGINE),
        ROOT / "firmware" / "include" / "flow_isa.h": c_header(),
        ROOT / "flow" / "isa" / "MANUAL.md": manual(),
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="render the instruction set's files")
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 on a difference")
    arguments = parser.parse_args(argv)
    different = []
    for path, text in committed().items():
        if path.exists() and path.read_text() == text:
            continue
        different.append(path)
        if not arguments.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for path in different:
        sys.stdout.write(f"{'differs' if arguments.check else 'written'}: {path.relative_to(ROOT)}\n")
    return 1 if arguments.check and different else 0


if __name__ == "__main__":
    sys.exit(main())
