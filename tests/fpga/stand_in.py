"""Stand-ins for the vendors' tools, and progress that is kept."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from flow.project.board import Platform
from flow.project.steps import plan_for
from tests.fpga.projects import engine

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


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in of every vendor's tool in ``folder``, first on the PATH."""
    folder.mkdir()
    names = {step.command[0] for platform in Platform if platform not in OPEN
             for step in plan_for(platform, engine("u200")[0]).steps}
    for name in names:
        (folder / name).write_text(STAND_IN)
        (folder / name).chmod(0o755)
    behave(folder)
    monkeypatch.setenv("STAND_IN", str(folder))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def behave(folder: Path, **steps: str) -> None:
    (folder / "behaviour").write_text(json.dumps(steps))


def commands(folder: Path) -> list[list[str]]:
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]
