"""Depths of the engine's pipelines, read from where they are written: rtl/core_pkg.sv."""

from __future__ import annotations

import re
from functools import cache

from flow.errors import Problem, ToolError
from flow.tree import ROOT

SOURCE = ROOT / "rtl" / "core_pkg.sv"


@cache
def pipeline(name: str) -> int:
    """Value in cycles (or instructions) of a constant of core_pkg.sv. Raises ToolError if it is not there."""
    found = re.search(rf"localparam int unsigned {name} = (\d+);", SOURCE.read_text(encoding="utf-8"))
    if found is None:
        raise ToolError(Problem(str(SOURCE), f"{name} is not a number there", "restore the file"))
    return int(found[1])
