"""Encoder and decoder against the description, and the rendered files against what is committed."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from flow.isa import description as isa
from flow.isa import render
from flow.isa.description import Opcode
from flow.isa.encoding import Instruction, decode, decode_header, encode, encode_stream, make


def random_instruction(opcode: Opcode, random: np.random.Generator) -> Instruction:
    values = {f.name: int(random.integers(f.minimum, f.maximum, endpoint=True)) for f in isa.FIELDS[opcode][1:]}
    return make(opcode, **values)


@pytest.mark.parametrize("opcode", list(Opcode))
def test_round_trip(opcode: Opcode) -> None:
    random = np.random.default_rng(int(opcode))
    for _ in range(100):
        instruction = random_instruction(opcode, random)
        assert decode(encode(instruction)) == instruction


@pytest.mark.parametrize("opcode", list(Opcode))
def test_fields_follow_each_other_without_gap_or_overlap(opcode: Opcode) -> None:
    at = 0
    for field in isa.FIELDS[opcode]:
        assert field.lsb == at
        at += field.width
    assert at <= isa.INSTRUCTION_BITS


def test_a_value_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="x_size"):
        encode(make(Opcode.LOAD, x_size=1 << 16))
    with pytest.raises(ValueError, match="clamp_min"):
        encode(make(Opcode.ALU, clamp_min=-129))


def test_reserved_bits_and_unknown_opcodes_are_refused() -> None:
    data = bytearray(encode(make(Opcode.FINISH)))
    data[-1] = 0x80
    with pytest.raises(ValueError, match="reserved"):
        decode(bytes(data))
    with pytest.raises(ValueError, match="opcode"):
        decode(bytes(isa.INSTRUCTION_BYTES))


def test_stream_header() -> None:
    stream = encode_stream([make(Opcode.FINISH)], 0x0123456789ABCDEF)
    assert decode_header(stream) == {"magic": isa.STREAM_MAGIC, "abi_minor": isa.ABI_MINOR, "abi_major": isa.ABI_MAJOR,
                                     "config_hash": 0x0123456789ABCDEF, "count": 1}
    assert len(stream) == 2 * isa.INSTRUCTION_BYTES


def test_registers_do_not_overlap() -> None:
    offsets = [register.offset for register in isa.REGISTERS]
    assert len(set(offsets)) == len(offsets)
    assert all(offset % 4 == 0 and offset < isa.CORE_PAGE_BYTES for offset in offsets)


@pytest.mark.parametrize("path", sorted(render.committed()))
def test_committed_files_are_what_the_description_renders(path: object) -> None:
    text = render.committed()[path]  # type: ignore[index]
    assert path.read_text() == text, "run: python -m flow.isa.render"  # type: ignore[attr-defined]


def test_an_instruction_can_be_copied() -> None:
    instruction = make(Opcode.LOAD, base=3)
    assert copy.deepcopy(instruction) == instruction and pickle.loads(pickle.dumps(instruction)) == instruction
