"""What sizing and building take on this machine (``python -m tests.bench costs``)."""

from __future__ import annotations

import itertools
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from flow.build import store
from flow.graph.ir import Graph
from flow.hardware.config import HwConfig
from flow.size import hwfile
from flow.size.cycles import totals
from flow.size.engines import Engines
from flow.size.work import works
from models import zoo

#: seconds between two looks at the processes' memory
LOOK = 0.05


def many_engines(count: int) -> list[HwConfig]:
    """``count`` different engines."""
    choices = itertools.product(range(1, 17), (4, 8, 16, 32), (1, 2, 4), (128, 256, 512), (512, 1024, 2048),
                                (1024, 4096), (2, 4, 8))
    return [HwConfig(pix, cols * blocks, cols, axi_bytes=64 if cols > 4 else 16, acc_depth=acc, inp_depth=inp,
                     wgt_depth=wgt, inp_banks=banks)
            for pix, cols, blocks, acc, inp, wgt, banks in itertools.islice(choices, count)]


def evaluation_seconds(graph: Graph, count: int = 10_000) -> float:
    """Wall time for the cycles of one network on ``count`` engines."""
    engines = many_engines(count)
    assert len(set(engines)) == count
    begin = time.perf_counter()
    found = totals(Engines.of(engines, [0.8 * hw.axi_bytes for hw in engines]), works(graph))
    assert len(found) == count
    return time.perf_counter() - begin


@dataclass(frozen=True)
class Cost:
    """seconds: wall; processor_seconds: of all processes; peak_mebibytes: largest sum of the resident memory of the
    command and all its descendants (pages they share count for each), seen every ``LOOK`` seconds; largest: those
    processes at that moment, (mebibytes, command line), the largest first."""

    seconds: float
    processor_seconds: float
    peak_mebibytes: float
    largest: tuple[tuple[float, str], ...]


def _tree(root: int) -> Iterator[int]:
    """The process and its descendants. A child belongs to the thread that started it."""
    yield root
    try:
        threads = list(Path(f"/proc/{root}/task").iterdir())
    except OSError:
        return
    for thread in threads:
        try:
            children = (thread / "children").read_text().split()
        except OSError:  # the thread has ended meanwhile
            continue
        for child in children:
            yield from _tree(int(child))


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * resource.getpagesize() / 2**20


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "?"


def children_seconds() -> float:
    """CPU time of all child processes that have ended so far."""
    times = os.times()
    return times.children_user + times.children_system


def run(command: list[str], variables: Mapping[str, str] | None = None) -> Cost:
    """Run to its end, with ``variables`` added to the environment, and measure. Raises CalledProcessError."""
    begin = time.perf_counter()
    before = children_seconds()
    peak, largest = 0.0, ()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={**os.environ, **(variables or {})}) as process:
        while process.poll() is None:
            found = {pid: _resident(pid) for pid in _tree(process.pid)}
            if sum(found.values()) > peak:
                peak = sum(found.values())
                largest = tuple(sorted(((size, _command(pid)) for pid, size in found.items()), reverse=True))
            time.sleep(LOOK)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(time.perf_counter() - begin, children_seconds() - before, peak, largest)


@dataclass(frozen=True)
class Build:
    """making: the network's file; first: a build without verification; again: with nothing changed."""

    graph: Graph
    making: Cost
    first: Cost
    again: Cost


def build_costs(network: str, fpga: str) -> Build:
    """What a network of the zoo costs, from making its file on."""
    with tempfile.TemporaryDirectory(prefix="flow-bench-") as name:
        folder = Path(name)
        model = folder / f"{network}{zoo.entry(network).suffix}"
        making = run([sys.executable, "-m", "models", network, "--output", str(model)])
        command = [sys.executable, "-m", "flow", "build", "--fpga", fpga, "--model", str(model), "--verify", "none",
                   "--no-bitstream", "--output", str(folder / "built")]
        first, again = run(command), run(command)
        return Build(store.load(folder / "built" / "steps" / "1-import")[0].graph, making, first, again)


_COMPILE = """import sys
from flow.hardware.filelist import rtl_files
from flow.tree import ROOT
from flow.simulate.verilator import build
from flow.size import hwfile
build(hwfile.read(sys.argv[1]), rtl_files(ROOT))"""


def compile_cost(hw: HwConfig) -> Cost:
    """The Verilated engine (one core), compiled without anything kept from before."""
    with tempfile.TemporaryDirectory(prefix="flow-bench-") as folder:
        hwfile.write(f"{folder}/hw.json", replace(hw, cores=1, channels=1), {})
        return run([sys.executable, "-c", _COMPILE, f"{folder}/hw.json"], {"FLOW_CACHE": folder})
