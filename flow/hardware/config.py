"""Parameters of an engine: ``hw.json`` as an immutable value."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from math import gcd, inf
from typing import Any

from flow.errors import Problem, UsageError
from flow.isa import description as isa


@dataclass(frozen=True)
class HwConfig:
    """One engine configuration.

    Array: ``pix`` pixels x ``rows`` input channels x ``cols`` output channels of int8 products per cycle and core.
    Depths are in words of the buffer named: ``inp_depth`` input vectors (rows bytes of every lane) per bank,
    ``acc_depth`` accumulators vectors (cols int32 of every lane) per bank (there are two banks), ``wgt_depth`` words of
    ``axi_bytes``, ``out_depth`` groups (cols bytes of every lane), ``par_depth`` parameter vectors
    (cols entries of 16 bytes).
    """

    pix: int
    rows: int
    cols: int
    weight_bits: int = 8
    axi_bytes: int = 64
    inp_banks: int = 4
    inp_depth: int = 2048
    acc_depth: int = 512
    wgt_depth: int = 2048
    out_depth: int = 512
    par_depth: int = 64
    queue_depth: int = 16
    packed: bool = True
    cores: int = 1
    channels: int = 1
    clock_mhz: float = 300.0

    @property
    def blocks(self) -> int:
        """Blocks (cols bytes) of one lane in an input vector."""
        return self.rows // self.cols

    @property
    def group_bytes(self) -> int:
        """Bytes of one position of a channel block over all lanes: the unit of activation transfers."""
        return self.pix * self.cols

    @property
    def granule_bytes(self) -> int:
        """Alignment of activation addresses in device memory."""
        return gcd(self.group_bytes, self.axi_bytes)

    @property
    def inp_vectors(self) -> int:
        return self.inp_banks * self.inp_depth

    @property
    def inp_blocks(self) -> int:
        """Size of the input buffer in blocks, the unit LOAD and ALU address."""
        return self.inp_vectors * self.blocks

    @property
    def tile_words(self) -> int:
        """Weight buffer words of one rows x cols tile."""
        return -(-self.rows * self.cols * self.weight_bits // (8 * self.axi_bytes))

    @property
    def par_words(self) -> int:
        """Words of ``axi_bytes`` in one parameter vector."""
        return self.cols * isa.PARAMETER_BYTES // self.axi_bytes

    @property
    def macs_per_cycle(self) -> int:
        """Products per cycle of one core."""
        return self.pix * self.rows * self.cols

    def seconds(self, cycles: float) -> float:
        """That ``cycles`` take at the assumed clock."""
        return cycles / (self.clock_mhz * 1e6)

    def frames_per_second(self, cycles: float) -> float:
        """Of all cores, each of which takes ``cycles`` for a batch of pix images."""
        return self.cores * self.pix / self.seconds(cycles)

    @property
    def hash(self) -> int:
        """64-bit hash of everything that changes the meaning of an instruction stream or the RTL of a core."""
        names = [f.name for f in fields(self) if f.name not in ("cores", "channels", "clock_mhz")]
        text = json.dumps({"abi": isa.ABI_MAJOR, **{name: getattr(self, name) for name in sorted(names)}},
                          sort_keys=True)
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")

    def check(self) -> "HwConfig":
        """Return self if it can be built; raise UsageError naming every rule that is broken."""
        problems: list[Problem] = []

        def rule(good: bool, name: str, allowed: str) -> None:
            if not good:
                problems.append(Problem(f"hw.json: {name}", f"{getattr(self, name.split()[0])}", allowed))

        rule(1 <= self.pix <= 255, "pix", "1 to 255")
        rule(1 <= self.cols <= 1024, "cols", "1 to 1024")
        rule(self.rows >= self.cols and self.rows % max(self.cols, 1) == 0, "rows", "a multiple of cols")
        # one bit has no zero, which padded channels need; weights of -1 and 1 take two
        rule(self.weight_bits in (2, 4, 8), "weight_bits", "2, 4 or 8")
        rule(self.axi_bytes in (8, 16, 32, 64, 128), "axi_bytes", "8, 16, 32, 64 or 128")
        rule(self.cols * isa.PARAMETER_BYTES % self.axi_bytes == 0, "cols (parameters)",
             "cols x 16 must be a multiple of axi_bytes")
        rule(self.inp_banks >= 1 and self.inp_blocks < 1 << 20, "inp_depth", "fewer than 2**20 blocks in all")
        rule(self.inp_depth >= 2, "inp_depth", "2 or more")
        rule(16 <= self.acc_depth <= 1 << 14, "acc_depth", "16 to 16384")
        rule(2 * self.tile_words <= self.wgt_depth < 1 << 20, "wgt_depth", "at least two tiles, below 2**20")
        rule(16 <= self.out_depth <= 1 << 14, "out_depth", "16 to 16384")
        rule(2 <= self.par_depth <= 1 << 12, "par_depth", "2 to 4096")
        rule(2 <= self.queue_depth <= 64, "queue_depth", "2 to 64")
        rule(1 <= self.cores <= 64, "cores", "1 to 64")
        rule(1 <= self.channels <= self.cores, "channels", "1 to cores")
        rule(0 < self.clock_mhz < inf, "clock_mhz", "a finite number above 0")
        if problems:
            raise UsageError(problems)
        return self

    def to_json(self) -> dict[str, Any]:
        return {"abi": f"{isa.ABI_MAJOR}.{isa.ABI_MINOR}", **asdict(self)}

    @staticmethod
    def from_json(data: dict[str, Any]) -> "HwConfig":
        """Read ``hw.json``'s engine part; raise UsageError on another ABI, unknown or missing names."""
        data = dict(data)
        abi = str(data.pop("abi", "none"))
        if abi.split(".")[0] != str(isa.ABI_MAJOR):
            raise UsageError(Problem("hw.json: abi", f"{abi}, this flow builds {isa.ABI_MAJOR}.{isa.ABI_MINOR}",
                                     "size the engine again with this version: flow size"))
        known = {f.name for f in fields(HwConfig)}
        problems = [Problem(f"hw.json: {name}", "unknown parameter", "remove it") for name in sorted(set(data) - known)]
        problems += [Problem(f"hw.json: {name}", "missing", "give it") for name in ("pix", "rows", "cols")
                     if name not in data]
        if problems:
            raise UsageError(problems)
        return HwConfig(**data).check()
