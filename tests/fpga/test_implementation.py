"""What is reported of a bitstream."""

from __future__ import annotations

import json
from pathlib import Path

from flow.project import implementation_of
from tests.fpga.projects import make

REPORT = {
    "fmax": {"clk": {"achieved": 55.791, "constraint": 50}, "slow": {"achieved": 26.0, "constraint": 25}},
    "utilization": {"TRELLIS_FF": {"used": 22533, "available": 83640}, "GSR": {"used": 0, "available": 1}},
}


def test_the_clock_with_the_least_slack(tmp_path: Path) -> None:
    fpga = make("ulx3s", tmp_path)
    assert implementation_of(fpga) is None
    (fpga / "run" / "reports").mkdir(parents=True)
    (fpga / "run" / "reports" / "timing.json").write_text(json.dumps(REPORT))
    assert implementation_of(fpga) is None
    (fpga / "run" / "flow.bit").write_bytes(b"bits")
    found = implementation_of(fpga)
    assert found is not None and (found.reached_mhz, found.asked_mhz) == (26.0, 25)
    assert found.used == {"TRELLIS_FF": (22533, 83640)}
    assert found.lines()[0].endswith("fpga/run/flow.bit") and "22533 of 83640 TRELLIS_FF" in found.lines()[2]


def test_another_tools_project(tmp_path: Path) -> None:
    fpga = make("u200", tmp_path)
    (fpga / "run" / "reports").mkdir(parents=True)
    (fpga / "run" / "flow.bit").write_bytes(b"bits")
    assert implementation_of(fpga) is None
