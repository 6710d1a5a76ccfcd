"""The gate simulator for tests: netlists made cell by cell, driven port by port."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path
from typing import Any

from flow.simulate.board import SIMULATION

Bits = list[int | str]


class Design:
    """A netlist as Yosys would write it, of one module ``top``."""

    def __init__(self) -> None:
        self.last = 1
        self.ports: dict[str, Any] = {}
        self.cells: dict[str, Any] = {}

    def bits(self, count: int) -> Bits:
        self.last += count
        return list(range(self.last - count + 1, self.last + 1))

    def input(self, name: str, count: int = 1) -> Bits:
        bits = self.bits(count)
        self.ports[name] = {"direction": "input", "bits": bits}
        return bits

    def output(self, name: str, count: int = 1) -> Bits:
        bits = self.bits(count)
        self.ports[name] = {"direction": "output", "bits": bits}
        return bits

    def cell(self, kind: str, parameters: dict[str, str] | None = None, **pins: Bits) -> None:
        self.cells[f"cell{len(self.cells)}"] = {"type": kind, "parameters": parameters or {}, "connections": pins}

    def json(self) -> dict[str, Any]:
        return {"modules": {"top": {"ports": self.ports, "cells": self.cells}}}


def spread(name: str, bits: Bits) -> dict[str, Bits]:
    """Pins ``name0``, ``name1``, ..."""
    return {f"{name}{index}": [bit] for index, bit in enumerate(bits)}


def library(folder: Path) -> ctypes.CDLL:
    path = folder / "gates.so"
    subprocess.run(["g++", "-std=gnu++20", "-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fPIC", "-shared",
                    "-fsanitize=undefined", "-fno-sanitize-recover=all", f"-I{SIMULATION}",
                    str(Path(__file__).with_name("gates_wrapper.cpp")), str(SIMULATION / "gates.cpp"), "-o", str(path)],
                   check=True)
    loaded = ctypes.CDLL(str(path))
    loaded.gates_open.restype = ctypes.c_void_p
    loaded.gates_error.restype = ctypes.c_char_p
    for name in ("close", "input", "output", "set", "get", "settle", "clock"):
        getattr(loaded, f"gates_{name}").argtypes = [ctypes.c_void_p] + {
            "input": [ctypes.c_char_p], "output": [ctypes.c_char_p], "set": [ctypes.c_int, ctypes.c_int],
            "get": [ctypes.c_int]}.get(name, [])
    return loaded


class Simulation:
    """A netlist in the simulator. Raises ValueError if it is refused."""

    def __init__(self, loaded: ctypes.CDLL, text: str) -> None:
        self.library = loaded
        self.handle = loaded.gates_open(text.encode())
        if not self.handle:
            raise ValueError(loaded.gates_error().decode())
        rows = [line.split() for line in text.splitlines()]
        self.nets: dict[str, list[int]] = {}
        for row in rows:
            if row[0] in ("in", "out"):
                self.nets.setdefault(row[1].partition("[")[0], []).append(int(row[2]))

    def set(self, name: str, value: int) -> None:
        for index, net in enumerate(self.nets[name]):
            self.library.gates_set(self.handle, net, value >> index & 1)

    def get(self, name: str) -> int:
        return sum(self.library.gates_get(self.handle, net) << index for index, net in enumerate(self.nets[name]))

    def settle(self) -> None:
        self.library.gates_settle(self.handle)

    def clock(self) -> None:
        self.library.gates_clock(self.handle)

    def close(self) -> None:
        self.library.gates_close(self.handle)
