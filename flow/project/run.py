"""Run a project's commands, one after the other; a finished step is not run again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flow.build import lock
from flow.build.kept import in_use
from flow.build.manifest import TOOL_FOLDER
from flow.build.progress import Progress
from flow.children import die_with_parent
from flow.errors import Problem, ToolError
from flow.project.steps import Plan, Step, read_plan

#: Words of a log's lines that say why a tool gave up, the surest first.
_TELLING = (("FLOW:", "ERROR", "Error", "FATAL"), ("CRITICAL WARNING",))
_SHOWN = 20
_STAMPS = ".done"
#: seconds between looks at a running tool
_INTERVAL = 0.05
#: seconds a tool has to end when it is told to
_GRACE = 10
#: seeds tried at a time: placing and routing takes 1.8 GB
_TOGETHER = 2


@dataclass(frozen=True)
class Bitstream:
    """path: the file, or None where the tool is not there; missing: that tool's name."""

    path: Path | None
    missing: str = ""


def find_tool(name: str) -> str | None:
    """Path of a command: beside this Python, or on the PATH."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.is_file() and os.access(beside, os.X_OK) else shutil.which(name)


def build_bitstream(project: Path, progress: Progress, last: str = "") -> Bitstream | None:
    """Run what ``project``/plan.json says, with results in ``project``/run, give the bitstream; None without a plan.

    last: the step to stop after; then the path is that of the step's first product.

    A step whose command, project files and predecessors are unchanged and whose products are there is taken from
    before.
    Raises UsageError if another version of flow wrote the plan or tools are running there already; ToolError with the
    telling lines of the log if a command fails, leaves a product out, or timing is not met: the next call goes on with
    that step.
    """
    found = read_plan(project)
    if found is None:
        return None
    _, plan = found
    if find_tool(plan.tool) is None:
        return Bitstream(None, plan.tool)
    folder = project / TOOL_FOLDER
    held = lock.take(folder)
    if held is None:
        raise in_use(folder)
    try:
        return Bitstream(_run_plan(plan, project, folder, progress, last, held))
    finally:
        lock.release(held)


def _run_plan(plan: Plan, project: Path, folder: Path, progress: Progress, last: str, held: int) -> Path:
    for name in ("logs", "reports", _STAMPS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    key = _inputs_hash(project)
    for number, step in enumerate(plan.steps, 1):
        key = hashlib.sha256(json.dumps([key, step.command]).encode()).hexdigest()
        stamp = folder / _STAMPS / f"{number}-{step.name.replace(' ', '_')}"
        progress.start(f"{plan.tool}: {step.name}")
        progress.update(number - 1, len(plan.steps), "steps")
        resumed = stamp.is_file() and stamp.read_text() == key and not _absent(folder, step)
        if not resumed:
            stamp.unlink(missing_ok=True)
            _run(step, number, len(plan.steps), project / plan.folder, folder, progress, held)
            stamp.write_text(key)
        progress.finish(resumed)
        if step.name == last:
            return folder / step.products[0]
    return folder / plan.bitstream


def _inputs_hash(project: Path) -> str:
    """Everything the tools read: the project's own files, RTL and kernel beside it."""
    total = hashlib.sha256()
    for top in (project, project.parent / "rtl", project.parent / "opencl"):
        for path in sorted(top.rglob("*")):
            if path.is_file() and not (top == project and path.relative_to(top).parts[0].startswith("run")):
                total.update(f"{path.relative_to(project.parent)}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()


def _absent(folder: Path, step: Step) -> list[str]:
    return [name for name in step.products if not (folder / name).exists()]


@dataclass(frozen=True)
class _Attempt:
    """A running command. folder: where it leaves its products."""

    process: subprocess.Popen[bytes]
    log: Path
    folder: Path


def _run(step: Step, number: int, total: int, place: Path, folder: Path, progress: Progress,
         held: int) -> None:
    tool = find_tool(step.command[0])
    if tool is None:
        raise ToolError(Problem(step.command[0], "not on the PATH", "install the whole of the tool"))
    log = folder / "logs" / f"{number}-{step.name.replace(' ', '_')}.log"
    tries = [(step.seeded(seed), log.with_stem(f"{log.stem}-seed{seed}"), folder / f"seed{seed}")
             for seed in step.seeds] or [(step.command, log, folder)]
    for product in step.products:
        _remove(folder / product)
    for seed in step.seeds:
        _remove(folder / f"seed{seed}")
        for product in step.products:
            (folder / f"seed{seed}" / product).parent.mkdir(parents=True, exist_ok=True)
    together = min(_TOGETHER, os.cpu_count() or 1)
    for first in range(0, len(tries), together):
        attempts = [_Attempt(_start((tool, *command[1:]), place, log, held), log, own)
                    for command, log, own in tries[first:first + together]]
        _wait([attempt.process for attempt in attempts], lambda: progress.update(number - 1, total, "steps"))
        best = min(attempts, key=lambda attempt: attempt.process.returncode != 0)
        if best.process.returncode == 0:
            break
    _check(step, best)
    if best.folder != folder:
        for product in step.products:
            (folder / product).parent.mkdir(parents=True, exist_ok=True)
            os.replace(best.folder / product, folder / product)


def _start(command: tuple[str, ...], place: Path, log: Path, held: int) -> subprocess.Popen[bytes]:
    """held: the lock, which the tool and all it starts keep if this process is killed."""
    with open(log, "w") as output:
        return subprocess.Popen(command, cwd=place, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                start_new_session=True, preexec_fn=die_with_parent, pass_fds=(held,))


def _wait(processes: list[subprocess.Popen[bytes]], tell: Callable[[], None]) -> None:
    """Until the first in order that ends well has ended; those behind it are stopped."""
    try:
        while not _decided(processes):
            tell()
            time.sleep(_INTERVAL)
    finally:
        for process in processes:
            if process.returncode is None:
                _stop(process)


def _decided(processes: list[subprocess.Popen[bytes]]) -> bool:
    for process in processes:
        code = process.poll()
        if code is None or code == 0:
            return code == 0
    return True


def _check(step: Step, attempt: _Attempt) -> None:
    """Raises ToolError if the command failed or left a product out."""
    lines = attempt.log.read_text(errors="replace").splitlines()
    where = f"{step.command[0]}, step {step.name}"
    remedy = f"see {attempt.log}; the next flow build goes on with this step"
    if attempt.process.returncode:
        telling = _telling(lines)
        if any("timing is not met" in line or "(FAIL at" in line for line in telling):
            remedy = f"choose a slower clock (--clock) or a smaller engine (--goal area); {remedy}"
        shown = "\n    ".join(telling)
        tried = f" with all of {len(step.seeds)} seeds" if step.seeds else ""
        raise ToolError(Problem(where, f"ended with {attempt.process.returncode}{tried}:\n    {shown}", remedy))
    absent = _absent(attempt.folder, step)
    if absent:
        raise ToolError(Problem(where, f"ended well but left no {', '.join(absent)}", remedy))


def _telling(lines: list[str]) -> list[str]:
    """The lines that say why a tool gave up, at most _SHOWN: the first, which are the cause, and the last."""
    for words in _TELLING:
        found = [line.strip() for line in lines if any(word in line for word in words)]
        if found:
            half = _SHOWN // 2
            return found if len(found) <= _SHOWN else [*found[:half], "...", *found[-half:]]
    return lines[-_SHOWN:]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the tool and everything it started."""
    with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=_GRACE)
    with contextlib.suppress(ProcessLookupError):  # whoever is left of its group
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
