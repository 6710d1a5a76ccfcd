"""The weight file: a header, checked by the firmware before upload, and region CONSTANT's image."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass

from flow.emit.templates import render
from flow.isa import description as isa

MAGIC = 0x42574C46  # "FLWB", first bytes of the file
HEADER_BYTES = 64


@dataclass(frozen=True)
class Entry:
    """One header field: name, byte offset, bytes, what it says. All little-endian, unsigned."""

    name: str
    offset: int
    bytes: int
    doc: str


HEADER: tuple[Entry, ...] = (
    Entry("MAGIC", 0, 4, "FLOW_CONTAINER_MAGIC"),
    Entry("ABI_MINOR", 4, 2, "informative"),
    Entry("ABI_MAJOR", 6, 2, "must be the firmware's and the engine's"),
    Entry("CONFIG_HASH", 8, 8, "the engine's configuration hash"),
    Entry("MODEL_HASH", 16, 8, "first 8 bytes of the image's SHA-256, must be model.c's"),
    Entry("LENGTH", 24, 8, "bytes of the image that follows the header"),
    Entry("CRC32", 32, 4, "of the image (polynomial 0xEDB88320, reflected)"),
    Entry("HEADER_BYTES", 36, 4, "size of this header; the rest of it is 0"),
)


def model_hash(image: bytes) -> int:
    """64 bits that tell one CONSTANT image from another."""
    return int.from_bytes(hashlib.sha256(image).digest()[:8], "little")


def pack(image: bytes, config_hash: int) -> bytes:
    """The weight file of ``image`` for the engine with ``config_hash``."""
    header = struct.pack("<IHHQQQII", MAGIC, isa.ABI_MINOR, isa.ABI_MAJOR, config_hash, model_hash(image), len(image),
                         zlib.crc32(image), HEADER_BYTES)
    return header.ljust(HEADER_BYTES, b"\0") + image


def c_header() -> str:
    """``firmware/include/flow_container.h``: the header's offsets for the firmware."""
    return render("flow_container.h.j2", magic=MAGIC, size=HEADER_BYTES, entries=HEADER)
