"""Encoder and decoder of instructions, streams and parameter vectors, read from the description."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow.isa import description as isa
from flow.isa.description import Field, Opcode


@dataclass(frozen=True)
class Instruction:
    """One instruction; ``values`` are the fields' values in the description's order, opcode included."""

    opcode: Opcode
    values: tuple[int, ...]

    def __getattr__(self, name: str) -> int:
        if name in ("opcode", "values"):  # not set yet: a copy in the making
            raise AttributeError(name)
        try:
            return self.values[_INDEX[self.opcode][name]]
        except KeyError:
            raise AttributeError(name) from None

    def replace(self, **changes: int) -> "Instruction":
        values = list(self.values)
        for name, value in changes.items():
            values[_INDEX[self.opcode][name]] = int(value)
        return Instruction(self.opcode, tuple(values))

    def __str__(self) -> str:
        shown = [f"{field.name}={value}" for field, value in zip(isa.FIELDS[self.opcode], self.values, strict=True)
                 if value and field.name != "opcode"]
        return f"{self.opcode.name} " + " ".join(shown)


_INDEX: dict[Opcode, dict[str, int]] = {
    opcode: {field.name: index for index, field in enumerate(fields)} for opcode, fields in isa.FIELDS.items()
}


def make(opcode: Opcode, **values: int) -> Instruction:
    """An instruction with the named fields set and all others 0. Raises KeyError on an unknown field."""
    index = _INDEX[opcode]
    row = [0] * len(index)
    row[0] = int(opcode)
    for name, value in values.items():
        row[index[name]] = int(value)
    return Instruction(opcode, tuple(row))


def _pack(fields: Sequence[Field], values: Sequence[int], bits: int) -> bytes:
    word = 0
    for field, value in zip(fields, values, strict=True):
        if not field.minimum <= value <= field.maximum:
            kind = "signed bits" if field.signed else "bits"
            raise ValueError(f"{field.name} = {value} does not fit {field.width} {kind}")
        word |= (value & ((1 << field.width) - 1)) << field.lsb
    return word.to_bytes(bits // 8, "little")


def _unpack(fields: Sequence[Field], data: bytes) -> list[int]:
    word = int.from_bytes(data, "little")
    values = []
    for field in fields:
        value = (word >> field.lsb) & ((1 << field.width) - 1)
        if field.signed and value >> (field.width - 1):
            value -= 1 << field.width
        values.append(value)
    return values


def encode(instruction: Instruction) -> bytes:
    """64 bytes, little-endian. Raises ValueError naming the field that does not fit."""
    return _pack(isa.FIELDS[instruction.opcode], instruction.values, isa.INSTRUCTION_BITS)


def decode(data: bytes) -> Instruction:
    """Raises ValueError on an unknown opcode or a reserved bit that is set."""
    number = data[0] & 0xF
    try:
        opcode = Opcode(number)
    except ValueError:
        raise ValueError(f"opcode {number} does not exist") from None
    fields = isa.FIELDS[opcode]
    if int.from_bytes(data, "little") >> (fields[-1].lsb + fields[-1].width):
        raise ValueError(f"{opcode.name}: a reserved bit is set")
    return Instruction(opcode, tuple(_unpack(fields, data)))


def encode_stream(instructions: Iterable[Instruction], config_hash: int) -> bytes:
    """Header and instructions, as they lie in device memory."""
    body = [encode(instruction) for instruction in instructions]
    header = _pack(isa.STREAM_HEADER, (isa.STREAM_MAGIC, isa.ABI_MINOR, isa.ABI_MAJOR, config_hash, len(body)),
                   isa.INSTRUCTION_BITS)
    return header + b"".join(body)


def decode_header(data: bytes) -> dict[str, int]:
    """The stream header's fields by name."""
    values = _unpack(isa.STREAM_HEADER, data[: isa.INSTRUCTION_BYTES])
    return {field.name: value for field, value in zip(isa.STREAM_HEADER, values, strict=True)}


def parameter_vectors(
    bias: npt.NDArray[np.int32],
    multiplier: npt.NDArray[np.int32],
    left_shift: npt.NDArray[np.int32],
    right_shift: npt.NDArray[np.int32],
    weight: npt.NDArray[np.int32],
) -> bytes:
    """Parameter entries of PARAMETER_BYTES for each channel; all arrays have one value per channel."""
    entries = np.zeros(
        len(bias),
        dtype=np.dtype({"names": ["bias", "multiplier", "left", "right", "weight"],
                        "formats": ["<i4", "<u4", "u1", "u1", "<i2"], "offsets": [0, 4, 8, 9, 10],
                        "itemsize": isa.PARAMETER_BYTES}),
    )
    entries["bias"], entries["multiplier"], entries["weight"] = bias, multiplier, weight
    entries["left"], entries["right"] = left_shift, right_shift
    return entries.tobytes()
