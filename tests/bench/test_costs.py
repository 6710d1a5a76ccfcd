"""The benchmark's measure of memory sees what processes hold together."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.bench.costs import build_costs, run

_TREE = """import subprocess, sys, threading, time
held = bytearray(b"x") * (int(sys.argv[1]) << 20)
if int(sys.argv[2]):
    child = [sys.executable, "-c", sys.argv[3], sys.argv[1], str(int(sys.argv[2]) - 1), sys.argv[3]]
    thread = threading.Thread(target=subprocess.run, args=(child,))
    thread.start()
    thread.join()
else:
    time.sleep(0.5)"""


def test_memory_of_a_process_and_its_descendants() -> None:
    """Three processes of 48 MiB, each started by a thread of the one before."""
    found = run([sys.executable, "-c", _TREE, "48", "2", _TREE])
    assert 3 * 48 < found.peak_mebibytes < 3 * 48 + 60
    assert len(found.largest) == 3 and all(48 < size < 70 for size, _ in found.largest)


def test_time_of_the_processor_is_the_childrens_too() -> None:
    work = "import time\nwhile time.process_time() < 0.3: pass"
    found = run([sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"])
    assert 0.3 <= found.processor_seconds <= found.seconds * 2


def test_a_failed_command_is_an_error() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run([sys.executable, "-c", "raise SystemExit(3)"])


@pytest.mark.nightly
@pytest.mark.parametrize(("network", "mebibytes"), [("resnet50", 4096), ("vgg16", 8192)])
def test_memory_and_time_of_a_build(network: str, mebibytes: int) -> None:
    """From making the network's file on; time of the CPU, which other work on the machine does not lengthen."""
    found = build_costs(network, "vu9p")
    assert max(cost.peak_mebibytes for cost in (found.making, found.first, found.again)) <= mebibytes
    assert network != "resnet50" or found.first.processor_seconds <= 60
    assert found.again.processor_seconds <= 5
