"""What sizing and building take on this machine (``python -m tests.bench costs``)."""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flow.graph.ir import Graph
from flow.hardware.config import HwConfig
from flow.size.cycles import Engines, totals
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
    """seconds: wall; peak_mebibytes: of resident memory, the command and all its children together."""

    seconds: float
    peak_mebibytes: float


def _tree(root: int) -> Iterator[int]:
    yield root
    try:
        for thread in Path(f"/proc/{root}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from _tree(int(child))
    except OSError:
        return


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages / 256  # of 4 KiB


def run(command: list[str]) -> Cost:
    """Run to its end and measure. Raises CalledProcessError."""
    begin = time.perf_counter()
    peak = 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(_resident(pid) for pid in _tree(process.pid)))
            time.sleep(LOOK)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(time.perf_counter() - begin, peak)


def build_costs(network: str, fpga: str) -> tuple[Cost, Cost]:
    """A build of a network of the zoo without verification, and the same again with nothing changed."""
    model = zoo.make(network)
    with tempfile.TemporaryDirectory(prefix="flow-bench-") as folder:
        command = [sys.executable, "-m", "flow", "build", "--fpga", fpga, "--model", str(model), "--verify", "none",
                   "--output", f"{folder}/built"]
        return run(command), run(command)
