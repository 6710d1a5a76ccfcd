"""The PCIe transports on stand-ins for what they reach the card through."""

from __future__ import annotations

import dataclasses
import errno
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from flow import frontend, schedule
from flow.graph.evaluate import evaluate
from flow.graph.ir import Int8
from flow.hardware.config import HwConfig
from flow.isa.render import DEFAULT_ENGINE
from flow.schedule.program import Program
from flow.simulate.host import engine_library
from flow.verify import stimuli
from models import zoo
from tests.firmware.xdma import cards
from tests.simulate.stub import program_of

TRANSPORT = cards.FIRMWARE / "transport"
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
HW = HwConfig(pix=2, rows=16, cols=8, axi_bytes=16)


def _test(folder: Path, *sources: str | Path) -> None:
    """Compile and run a test in C, for the stub's program with weights that take several pieces."""
    constant = np.random.default_rng(1).integers(0, 256, 20_000 // 4096 * 4096 + 100, np.uint8).tobytes()
    cards.write_model(folder, dataclasses.replace(program_of(HW), constant=constant))
    cards.gcc(folder, *sources, "model.c", *cards.CORE, "-lm", "-o", "test")
    done = subprocess.run(["./test", "weights.bin"], cwd=folder, capture_output=True, text=True, check=False,
                          timeout=60)
    assert done.returncode == 0, done.stderr


def test_every_fault_ends_in_a_named_status(tmp_path: Path) -> None:
    _test(tmp_path, *SANITIZE, cards.HERE / "test_faults.c", TRANSPORT / "flow_xdma.c")


def test_on_files_with_the_real_calls(tmp_path: Path) -> None:
    _test(tmp_path, "-pthread", cards.HERE / "test_files.c", TRANSPORT / "flow_xdma.c",
          TRANSPORT / "flow_xdma_linux.c")


def test_f2(tmp_path: Path) -> None:
    _test(tmp_path, *SANITIZE, cards.HERE / "test_f2.c", TRANSPORT / "flow_f2.c")


@dataclass(frozen=True)
class Network:
    """A network compiled for an engine, host programs and a card in a folder, images and what must come out."""

    folder: Path
    program: Program
    images: list[dict[str, Int8]]
    expected: tuple[Int8, ...]

    def run(self, host: str, *fault: str, environment: dict[str, str] | None = None,
            options: tuple[str, ...] = ()) -> cards.Outcome:
        with cards.card(self.folder, *fault) as prefix:
            return cards.infer(self.folder, self.program, self.images, host, prefix, environment, options)

    def check(self, outcome: cards.Outcome) -> None:
        assert outcome.code == 0, outcome.problems
        for found, wanted in zip(outcome.outputs, self.expected, strict=True):
            assert np.array_equal(found, wanted.reshape(found.shape))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp("card")
    path = folder / "direct.tflite"
    zoo.write("direct", path)
    graph = frontend.import_model(path, None, 0, "direct").graph
    program = schedule.compile(graph, DEFAULT_ENGINE)
    cards.build(folder, program, engine_library(program))
    images = stimuli.images(graph, 3, 0)
    values = [evaluate(graph, image) for image in images]
    names = [output.result if output.result in values[0] else output.tensor for output in program.outputs]
    yield Network(folder, program, images, tuple(np.stack([value[name] for value in values]) for name in names))


@pytest.mark.full
@pytest.mark.parametrize("options", [(), ("--poll", "1")], ids=["interrupts", "polled"])
def test_a_network_through_the_nodes(network: Network, options: tuple[str, ...]) -> None:
    """Undisturbed, then with short counts, interrupted calls and events that are not ours."""
    network.check(network.run("xdma", options=options))
    for seed in (1, 2, 3):
        network.check(network.run("xdma", environment={"FLOW_XDMA_SEED": str(seed)}, options=options))


@pytest.mark.full
def test_a_network_through_the_bars(network: Network) -> None:
    network.check(network.run("f2"))


#: What happens on the card -> what the host says.
CARD_FAULTS = {
    ("abi",): ("opening the engine: wrong ABI version",),
    ("gone",): ("launch: device lost",),
    ("gone", "1"): ("launch: device lost",),
    ("hang",): ("launch: timed out",),
    ("hang", "2"): ("launch: timed out",),
    ("dies",): ("device lost", "the device is offline"),
    ("dies", "2"): ("device lost", "the device is offline"),
    ("bus", "64"): ("launch: engine error: BUS",),
}


@pytest.mark.full
@pytest.mark.parametrize("host", ["xdma", "f2"])
@pytest.mark.parametrize("fault", CARD_FAULTS, ids=" ".join)
def test_a_fault_of_the_card(network: Network, fault: tuple[str, ...], host: str) -> None:
    """Named, within the deadline of a launch (1 s), and without an answer."""
    begin = time.monotonic()
    outcome = network.run(host, *fault, options=("--timeout-ns", "1000000000"))
    assert outcome.code in (4, 6) and any(name in outcome.problems for name in CARD_FAULTS[fault]), outcome
    assert time.monotonic() - begin < 20


@pytest.mark.full
@pytest.mark.parametrize("launch", ["0", "2"])
def test_a_lost_interrupt_changes_nothing(network: Network, launch: str) -> None:
    network.check(network.run("xdma", "lost", launch))


#: Options that cannot be -> exit code and what the host says.
BAD_OPTIONS = {("--channels", "0"): (2, "--channels"), ("--channels", str(1 << 32)): (4, "bad argument"),
               ("--cores", "65"): (2, "--cores")}


@pytest.mark.full
@pytest.mark.parametrize("host", ["xdma", "f2"])
@pytest.mark.parametrize("options", BAD_OPTIONS, ids=" ".join)
def test_options_that_cannot_be(network: Network, options: tuple[str, ...], host: str) -> None:
    outcome = network.run(host, options=options)
    code, told = BAD_OPTIONS[options]
    assert outcome.code == code and told in outcome.problems.splitlines()[0], outcome


@pytest.mark.full
def test_nodes_that_are_not_there(network: Network) -> None:
    outcome = cards.infer(network.folder, network.program, network.images, "xdma", Path("/nowhere/card"))
    assert outcome.code == 4 and "/nowhere/card: a device node cannot be opened" in outcome.problems, outcome


@pytest.mark.full
def test_a_shell_without_its_count_of_time_outs(network: Network) -> None:
    outcome = network.run("f2", environment={"FLOW_F2_FAULT": "0"})
    assert outcome.code == 4 and "slot 0: transport failure" in outcome.problems, outcome


#: What the driver says from which call on -> what the host says.
DRIVER_FAULTS = {
    (errno.EIO, 0): "stopped with an error", (errno.EIO, 3): "stopped with an error",
    (errno.ETIMEDOUT, 1): "a transfer timed out", (errno.EBUSY, 2): "offline", (errno.ENODEV, 4): "offline",
    (errno.EINVAL, 5): "stopped with an error",
}


@pytest.mark.full
@pytest.mark.parametrize("fault", DRIVER_FAULTS, ids=str)
def test_a_fault_of_the_driver(network: Network, fault: tuple[int, int]) -> None:
    number, after = fault
    outcome = network.run("xdma", environment={"FLOW_XDMA_FAULT": str(number), "FLOW_XDMA_AFTER": str(after)})
    assert outcome.code == 6 and DRIVER_FAULTS[fault] in outcome.problems, outcome.problems


@pytest.mark.full
@pytest.mark.parametrize("access", ["1", "3", "10"])
@pytest.mark.parametrize("what", ["FLOW_F2_TIMEOUT", "FLOW_F2_FAULT"])
def test_a_fault_of_the_shell(network: Network, what: str, access: str) -> None:
    outcome = network.run("f2", environment={what: access})
    assert outcome.code == 6 and "timed out or was refused" in outcome.problems, outcome.problems
