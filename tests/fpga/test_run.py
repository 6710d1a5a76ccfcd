"""Running a project: stand-ins for the tools on the PATH, failures, missed timing, going on after them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from flow.errors import ToolError
from flow.project.board import BOARDS, Platform
from flow.project.run import build_bitstream
from flow.project.steps import plan_for
from tests.fpga.projects import engine, make

#: A tool that notes its command, leaves what plan.json promises, and does what ``behaviour`` says for its step.
STAND_IN = r"""#!/usr/bin/env python3
import json, os, pathlib, sys
here = pathlib.Path(os.environ["STAND_IN"])
name = pathlib.Path(sys.argv[0]).name
with open(here / "log", "a") as log:
    log.write(json.dumps([name, *sys.argv[1:], str(pathlib.Path.cwd().name)]) + "\n")
plan = json.loads(pathlib.Path("../plan.json").read_text())
step = next(step for step in plan["steps"] if step["command"] == [name, *sys.argv[1:]])
behaviour = json.loads((here / "behaviour").read_text()).get(step["name"], "")
if behaviour.startswith("fail"):
    print("INFO: a line of no interest")
    print(behaviour.partition(" ")[2])
    sys.exit(1)
if behaviour != "nothing":
    for product in step["products"]:
        path = pathlib.Path(product)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("made")
"""


class Recorder:
    """Progress that is kept."""

    def __init__(self) -> None:
        self.events: list[tuple[str, object]] = []

    def start(self, stage: str) -> None:
        self.events.append(("start", stage))

    def update(self, done: int, total: int, unit: str) -> None:
        self.events.append(("update", (done, total)))

    def finish(self, resumed: bool) -> None:
        self.events.append(("finish", resumed))

    def warn(self, text: str) -> None:
        self.events.append(("warn", text))

    def stages(self) -> list[tuple[str, bool]]:
        starts = [str(value) for kind, value in self.events if kind == "start"]
        ends = [bool(value) for kind, value in self.events if kind == "finish"]
        return list(zip(starts, ends, strict=False))


#: Platforms whose tools come with this project and are always found.
OPEN = (Platform.ECP5_SERIAL, Platform.ASIC)


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of stand-ins for every vendor tool, first on the PATH."""
    folder = tmp_path / "tools"
    folder.mkdir()
    names = {step.command[0] for platform in Platform if platform not in OPEN
             for step in plan_for(platform, engine("u200")[0]).steps}
    for name in names:
        (folder / name).write_text(STAND_IN)
        (folder / name).chmod(0o755)
    behave(folder)
    monkeypatch.setenv("STAND_IN", str(folder))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def behave(folder: Path, **steps: str) -> None:
    (folder / "behaviour").write_text(json.dumps(steps))


def commands(folder: Path) -> list[list[str]]:
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


@pytest.mark.parametrize("board", [board.name for board in BOARDS if board.platform not in OPEN])
def test_commands_in_order(board: str, stand_in: Path, tmp_path: Path) -> None:
    fpga = make(board, tmp_path / board)
    progress = Recorder()
    result = build_bitstream(fpga, progress)
    plan = json.loads((fpga / "plan.json").read_text())
    assert commands(stand_in) == [[*step["command"], "run"] for step in plan["steps"]]
    assert result is not None and result.path == fpga / "run" / plan["bitstream"] and result.path.exists()
    assert progress.stages() == [(f"{plan['tool']}: {step['name']}", False) for step in plan["steps"]]
    for step in plan["steps"]:
        for word in step["command"]:
            if word.endswith(".tcl") and "/" in word:
                assert (fpga / "run" / word.removeprefix("--script=")).is_file(), word


def test_vivado_is_batch(stand_in: Path, tmp_path: Path) -> None:
    build_bitstream(make("u200", tmp_path / "u200"), Recorder())
    for command in commands(stand_in):
        assert command[:4] == ["vivado", "-mode", "batch", "-nojournal"]
    assert [command[-2] for command in commands(stand_in)] == [
        f"../vivado/{name}.tcl" for name in ("project", "synth", "impl", "bitstream")]


def test_failure_is_told_and_the_next_run_goes_on(stand_in: Path, tmp_path: Path) -> None:
    fpga = make("u200", tmp_path / "u200")
    behave(stand_in, implementation="fail ERROR: [Place 30-640] the design needs more DSPs than there are")
    progress = Recorder()
    with pytest.raises(ToolError) as caught:
        build_bitstream(fpga, progress)
    text = str(caught.value)
    assert "vivado, step implementation: ended with 1" in text
    assert "[Place 30-640]" in text and "no interest" not in text
    assert "3-implementation.log" in text and caught.value.exit_code == 6
    behave(stand_in)
    progress = Recorder()
    build_bitstream(fpga, progress)
    assert [resumed for _, resumed in progress.stages()] == [True, True, False, False]
    progress = Recorder()
    build_bitstream(fpga, progress)
    assert [resumed for _, resumed in progress.stages()] == [True] * 4
    assert len(commands(stand_in)) == 5


def test_missed_timing_names_what_to_change(stand_in: Path, tmp_path: Path) -> None:
    behave(stand_in, implementation="fail FLOW: timing is not met: worst setup slack is -0.3 ns")
    with pytest.raises(ToolError) as caught:
        build_bitstream(make("u200", tmp_path / "u200"), Recorder())
    assert "worst setup slack is -0.3 ns" in str(caught.value) and "--clock" in str(caught.value)
    assert not (tmp_path / "u200" / "fpga" / "run" / "flow.bit").exists()


def test_quartus_goes_on_after_a_missed_timing(stand_in: Path, tmp_path: Path) -> None:
    fpga = make("d5005", tmp_path / "d5005")
    behave(stand_in, timing="fail FLOW: timing is not met: worst setup slack is -1.2 ns")
    with pytest.raises(ToolError) as caught:
        build_bitstream(fpga, Recorder())
    text = str(caught.value)
    assert "quartus_sta, step timing" in text and "worst setup slack is -1.2 ns" in text and "--clock" in text
    assert not (fpga / "run" / "reports" / "flow.sof").exists()
    behave(stand_in)
    progress = Recorder()
    build_bitstream(fpga, progress)
    assert [resumed for _, resumed in progress.stages()] == [True] * 5 + [False] * 2
    assert [command[0] for command in commands(stand_in)][-2:] == ["quartus_sta", "quartus_asm"]


def test_stopping_after_a_step(stand_in: Path, tmp_path: Path) -> None:
    fpga = make("u200", tmp_path / "u200")
    result = build_bitstream(fpga, Recorder(), last="synthesis")
    assert result is not None and result.path == fpga / "run" / "reports" / "synth_utilization.rpt"
    assert [command[-2] for command in commands(stand_in)] == ["../vivado/project.tcl", "../vivado/synth.tcl"]


def test_a_tool_that_leaves_nothing_has_failed(stand_in: Path, tmp_path: Path) -> None:
    behave(stand_in, bitstream="nothing")
    with pytest.raises(ToolError, match=r"left no flow\.bit, flow\.mcs"):
        build_bitstream(make("u200", tmp_path / "u200"), Recorder())


def test_a_changed_project_is_built_again(stand_in: Path, tmp_path: Path) -> None:
    fpga = make("u200", tmp_path / "u200")
    build_bitstream(fpga, Recorder())
    (fpga / "constraints.xdc").write_text("# other\n")
    progress = Recorder()
    build_bitstream(fpga, progress)
    assert [resumed for _, resumed in progress.stages()] == [False] * 4


def test_a_lost_product_is_made_again(stand_in: Path, tmp_path: Path) -> None:
    fpga = make("u200", tmp_path / "u200")
    build_bitstream(fpga, Recorder())
    (fpga / "run" / "flow.bit").unlink()
    progress = Recorder()
    build_bitstream(fpga, progress)
    assert [resumed for _, resumed in progress.stages()] == [True, True, True, False]


def test_without_the_tool_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    fpga = make("u200", tmp_path / "u200")
    result = build_bitstream(fpga, Recorder())
    assert result is not None and result.path is None and result.missing == "vivado"
    assert not (fpga / "run").exists()
    text = (fpga / "README.md").read_text()
    assert "vivado -mode batch -nojournal -log logs/vivado_project.log -source ../vivado/project.tcl" in text
    assert "Not run in Vivado" in text


def test_a_device_without_a_project(tmp_path: Path) -> None:
    from flow.project.render import write_project
    from flow.size.devices import lookup

    hw, _ = engine("u200")
    write_project(hw, lookup("agilex"), (3,), tmp_path)
    assert build_bitstream(tmp_path / "fpga", Recorder()) is None
    assert "There is no project for this board yet" in (tmp_path / "fpga" / "README.md").read_text()
