"""What programs exercise, counted, and what a sufficient set of them must."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from flow.conformance.generate import Case
from flow.isa import description as isa
from flow.isa.description import AluOp, Buffer, Opcode, Requant, Rounding, Source0, Source1


def coverage(cases: Sequence[Case]) -> Counter[str]:
    """How often each opcode, buffer, operation, source, rounding, flag and shape occurs."""
    seen: Counter[str] = Counter()
    flags = ("table_a", "table_b", "table_o", "slot_a", "slot_b", "slot_o", "clamp", "to_acc", "to_out", "to_inp",
             "acc_bank")
    for case in cases:
        for i in case.program:
            seen[i.opcode.name] += 1
            for unit in range(4):
                seen[f"{i.opcode.name} pop {unit}"] += i.pop >> unit & 1
                seen[f"{i.opcode.name} push {unit}"] += i.push >> unit & 1
            if i.opcode == Opcode.ALU:
                for name, kind in (("op", AluOp), ("src0", Source0), ("src1", Source1), ("requant", Requant)):
                    seen[f"{kind.__name__}.{kind(getattr(i, name)).name}"] += 1
                if i.requant:
                    seen[f"Rounding.{Rounding(i.rounding).name}"] += 1
                for flag in flags:
                    seen[f"ALU {flag}"] += getattr(i, flag)
                seen["ALU single vector"] += i.k_size * i.i_size * i.j_size == 1
            elif i.opcode == Opcode.LOAD:
                seen[f"Buffer.{Buffer(i.buffer).name}"] += 1
                seen["LOAD fill"] += bool(i.pad_left + i.pad_right) and bool(i.pad_top + i.pad_bottom) and not i.x_size
                seen["LOAD padded"] += bool(i.pad_left or i.pad_right or i.pad_top or i.pad_bottom)
            elif i.opcode == Opcode.GEMM:
                seen["GEMM init"] += i.init
                seen["GEMM add"] += 1 - i.init
                seen["GEMM single pixel"] += i.i_size * i.j_size == 1
    return seen


def must_cover() -> set[str]:
    """Names that ``coverage`` of a sufficient set of programs counts at least once."""
    names = {opcode.name for opcode in Opcode}
    for kind in (AluOp, Source0, Source1, Requant, Rounding, Buffer):
        names |= {f"{kind.__name__}.{member.name}" for member in kind}
    names |= {f"ALU {flag}" for flag in ("table_a", "table_b", "table_o", "slot_a", "slot_b", "slot_o", "clamp",
                                         "to_acc", "to_out", "to_inp", "acc_bank", "single vector")}
    names |= {"LOAD padded", "LOAD fill", "GEMM init", "GEMM add", "GEMM single pixel"}
    for producer, consumer in isa.CHANNELS:
        names |= {f"{producer.name} push {int(consumer)}", f"{consumer.name} pop {int(producer)}"}
    return names
