"""No program's result hangs on what a memory gives for a word that is written in the same cycle."""

from __future__ import annotations

from pathlib import Path

import pytest

from .harness import Mutant, apply, copy_project, run_tests
from .test_mutants import RTL

#: What is read of a word that is being written is the complement of the old word.
COLLISIONS = (
    Mutant("collisions in memories", "rtl/ram_1r1w.sv", "read_q <= memory[raddr_i];",
           "read_q <= (we_i && waddr_i == raddr_i) ? ~memory[raddr_i] : memory[raddr_i];", RTL),
    Mutant("collisions in tables", "rtl/table_ram.sv", "read_q <= memory[raddr_i[l]];",
           "read_q <= (we_i && waddr_i == raddr_i[l]) ? ~memory[raddr_i[l]] : memory[raddr_i[l]];", RTL),
)


@pytest.mark.full
def test_collisions_change_nothing(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    for mutant in COLLISIONS:
        apply(mutant, project)
    result = run_tests(RTL, project)
    assert result.returncode == 0, result.stdout[-3000:]
