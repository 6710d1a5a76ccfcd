"""The ULX3S's whole design by its pins, driven by the firmware over the serial line: RTL, or netlist."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from flow.build.progress import Progress
from flow.errors import Problem, ToolError, UsageError
from flow.project.render import divisor
from flow.project.run import build_bitstream
from flow.project.steps import read_plan
from flow.schedule.program import Program
from flow.simulate import board, netlist
from flow.size.devices import lookup
from flow.verify.engines import BatchRun, Image
from flow.verify.rtl import patience

BOARD = "ulx3s"
_SYNTHESIS = "synthesis"


class BoardEngine:
    """``pins``: the RTL in Verilator; ``netlist``: what Yosys gave nextpnr, on models of the ECP5's cells."""

    def __init__(self, name: str, program: Program, project: Path | None, seed: int, progress: Progress) -> None:
        """Raises UsageError if ``project`` is not that of a ULX3S; ToolError if a tool is missing or fails, and for a
        netlist with a cell that has no model."""
        _require_board(name, project)
        assert project is not None
        self.name = name
        self.program = program
        self.line = board.Line(divisor(program.hw), lookup(BOARD).memory.bytes_each)
        self.binary = board.compile_board(program, self.line, gates=name == "netlist")
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.netlist: Path | None = None
        if name == "netlist":
            made = build_bitstream(project, progress, last=_SYNTHESIS)
            if made is None or made.path is None:
                missing = made.missing if made else "its tool"
                raise ToolError(Problem("the netlist", f"{missing} is not there", "make setup"))
            self._folder = tempfile.TemporaryDirectory(prefix="flow-gates-")
            self.netlist = Path(self._folder.name) / "gates"
            self.netlist.write_text(netlist.to_gates(json.loads(made.path.read_text()), board.TOP, seed))

    def run(self, images: Sequence[Image]) -> BatchRun:
        """Raises ToolError if the firmware gives up."""
        result = board.run(self.program, images, self.binary, self.line, patience(self.program), self.netlist).run
        launch, = result.launches
        return BatchRun(result.outputs, {}, {}, launch.counters["CYCLES"], launch.counters, result.seconds)

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()


def _require_board(name: str, project: Path | None) -> None:
    planned = read_plan(project) if project is not None else None
    found = planned[0] if planned else "no project"
    if found != BOARD:
        raise UsageError(Problem(f"--engine {name}", f"the folder is for {found}",
                                 f"build for {BOARD}, whose whole design is simulated, or use --engine rtl"))
