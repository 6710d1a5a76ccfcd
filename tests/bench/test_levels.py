"""Logic levels: counted on netlists made by hand, and on the vu9p engine's (nightly)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flow.project.run import find_tool
from tests.bench.levels import LIMIT, VU9P, YOSYS, measure
from tests.bench.netlist import Netlist, Summary
from tests.bench.netlist import Path as Way


def cell(kind: str, outputs: dict[str, list[int]], inputs: dict[str, list[int]]) -> dict[str, Any]:
    ways = {**dict.fromkeys(outputs, "output"), **dict.fromkeys(inputs, "input")}
    return {"type": kind, "connections": {**outputs, **inputs}, "port_directions": ways}


def module(cells: dict[str, dict[str, Any]], names: dict[str, list[int]],
           ports: dict[str, tuple[str, list[int]]] | None = None) -> dict[str, Any]:
    named = {name: {"direction": way, "bits": bits} for name, (way, bits) in (ports or {}).items()}
    return {"ports": named, "cells": cells, "netnames": {name: {"bits": bits} for name, bits in names.items()}}


def test_chains_of_carries_are_one_level_and_memories_are_read_in_one() -> None:
    found = Netlist(module({
        "a": cell("FDRE", {"Q": [2]}, {"D": [9], "C": [1]}),
        "memory": cell("RAM32M", {"DOA": [3]}, {"ADDRA": [2], "DIA": [2], "WCLK": [1]}),
        "carry0": cell("CARRY4", {"CO": [4]}, {"S": [3]}),
        "carry1": cell("CARRY4", {"CO": [5]}, {"S": [2], "CI": [4]}),
        "lut": cell("LUT3", {"O": [6]}, {"I0": [5], "I1": [2]}),
        "b": cell("FDRE", {"Q": [7]}, {"D": [6], "C": [1]}),
    }, {"from_q": [2], "sum": [5], "to_q": [7]}))
    assert found.worst(1) == [Way(3, "from_q", "to_q.D", ("sum",))]


def test_boxes_count_with_what_is_in_them() -> None:
    inner = Netlist(module({
        "in": cell("LUT1", {"O": [3]}, {"I0": [2]}),
        "q": cell("FDRE", {"Q": [4]}, {"D": [3], "C": [1]}),
        "out": cell("LUT1", {"O": [5]}, {"I0": [4]}),
        "past": cell("LUT2", {"O": [6]}, {"I0": [3], "I1": [4]}),
    }, {}, {"i": ("input", [2]), "o": ("output", [5]), "p": ("output", [6])})).summary()
    assert inner == Summary({"o": 1, "p": 1}, {"i": 1}, {("i", "p"): 2})
    outer = Netlist(module({
        "box": cell("inner$top.box", {"o": [3], "p": [4]}, {"i": [2]}),
        "back": cell("LUT1", {"O": [2]}, {"I0": [3]}),
        "q": cell("FDRE", {"Q": [5]}, {"D": [4], "C": [1]}),
    }, {"q": [5]}), {"inner": inner})
    assert [(way.levels, way.start, way.end) for way in outer.worst(2)] == [(4, "box.o", "q.D"), (3, "box.o", "box.i")]


@pytest.mark.nightly
@pytest.mark.skipif(find_tool(YOSYS) is None, reason=f"{YOSYS} is not installed")
def test_no_path_of_the_engine_is_longer_than_its_limit(tmp_path: Path) -> None:
    worst = {block: paths[0] for block, paths in measure(VU9P, tmp_path, 1).items() if paths}
    assert {block: path for block, path in worst.items() if path.levels > LIMIT} == {}
