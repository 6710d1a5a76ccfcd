"""The whole ULX3S by its pins, with the shipped firmware: RTL, and the netlist of Yosys on our models of the cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flow import frontend, schedule
from flow.build.progress import Silent
from flow.errors import UsageError, VerificationError
from flow.frontend import Imported
from flow.graph.evaluate import evaluate
from flow.graph.ir import Graph, Int8
from flow.hardware.config import HwConfig
from flow.isa.render import DEFAULT_ENGINE, engine_package
from flow.project import write_project
from flow.schedule.program import Program
from flow.simulate import board
from flow.size import choose
from flow.size.devices import lookup
from flow.verify import stimuli
from flow.verify.engines import open_engine
from flow.verify.rtl import patience
from flow.verify.run import require_proof, verify
from models import zoo
from tests.fpga.projects import make

FAST = board.Line(divisor=256 * 4, memory_bytes=131072)


def imported(name: str, folder: Path) -> Imported:
    path = folder / f"{name}{zoo.entry(name).suffix}"
    zoo.write(name, path)
    return frontend.import_model(path, None, 0, name)


def as_the_graph(graph: Graph, program: Program, images: Sequence[Mapping[str, Int8]],
                 found: Sequence[Mapping[str, Int8]]) -> bool:
    wanted = [evaluate(graph, image) for image in images]
    names = {output.result: output.result if output.result in wanted[0] else output.tensor
             for output in program.outputs}
    return all(np.array_equal(value.ravel(), want[names[name]].ravel())
               for result, want in zip(found, wanted, strict=True) for name, value in result.items())


@pytest.mark.full
def test_bytes_flipped_and_lost_change_nothing(tmp_path: Path) -> None:
    graph = imported("direct", tmp_path).graph
    program = schedule.compile(graph, DEFAULT_ENGINE)
    binary = board.compile_board(program, FAST, gates=False)
    images = stimuli.images(graph, 2, 0)
    for faults in (None, 1):
        result = board.run(program, images, binary, FAST, patience(program), faults=faults)
        assert as_the_graph(graph, program, images, result.run.outputs)
        assert (result.repeated > 0) == (faults is not None)


@pytest.mark.full
def test_late_answers_change_nothing(tmp_path: Path) -> None:
    """An answer that comes when its frame was sent again is not taken for that of another frame."""
    graph = imported("direct", tmp_path).graph
    program = schedule.compile(graph, DEFAULT_ENGINE)
    binary = board.compile_board(program, FAST, gates=False)
    images = stimuli.images(graph, 2, 0)
    prompt = board.run(program, images, binary, FAST, patience(program))
    for seed in range(3):
        result = board.run(program, images, binary, FAST, patience(program), faults=seed, late=True)
        assert result.repeated > 0, seed
        assert as_the_graph(graph, program, images, result.run.outputs), seed
        assert [launch.counters for launch in result.run.launches] == [
            launch.counters for launch in prompt.run.launches], seed


def project(hw: HwConfig, out: Path) -> Path:
    """What ``flow build`` leaves for the tools of the ULX3S; returns its ``fpga``."""
    fpga = make("ulx3s", out)
    (out / "rtl" / "engine_pkg.sv").write_text(engine_package(hw))
    write_project(hw, lookup("ulx3s"), (1,), out)
    return fpga


@pytest.mark.full
def test_digits_by_the_pins(tmp_path: Path) -> None:
    """The engine flow chooses for the ULX3S, its clock, 3 Mbaud."""
    model = imported("digits", tmp_path)
    program = schedule.compile(model.graph, choose("ulx3s", [model.graph]).hw)
    verification, _ = verify(model.graph, model.flatbuffer, program, "pins", images=2,
                             project=project(program.hw, tmp_path / "board"))
    require_proof(verification.verdict)
    assert verification.verdict.values_compared == 20 and verification.verdict.layers_compared == 0


@pytest.mark.nightly
def test_digits_as_gates(tmp_path: Path) -> None:
    """The same from the netlist that is placed and routed; and a netlist in which one gate is wrong is found out."""
    model = imported("digits", tmp_path)
    program = schedule.compile(model.graph, choose("ulx3s", [model.graph]).hw)
    fpga = project(program.hw, tmp_path / "board")
    verification, _ = verify(model.graph, model.flatbuffer, program, "netlist", images=2, project=fpga)
    require_proof(verification.verdict)
    assert verification.verdict.values_compared == 20


@pytest.mark.full
def test_a_small_engine_as_gates(tmp_path: Path) -> None:
    """Synthesis of the smallest engine, its netlist through the pins; then with two bits of its multipliers' products
    exchanged, which must be seen."""
    model = imported("direct", tmp_path)
    hw = replace(DEFAULT_ENGINE, axi_bytes=8, clock_mhz=25).check()
    program = schedule.compile(model.graph, hw)
    fpga = project(hw, tmp_path / "board")
    engine = open_engine("netlist", program, model.graph, 0, Silent(), fpga)
    try:
        images = stimuli.images(model.graph, 1, 0)
        assert as_the_graph(model.graph, program, images, engine.run(images).outputs)
        assert isinstance(engine.netlist, Path)
        text = engine.netlist.read_text()
        engine.netlist.write_text(damaged(text))
        with pytest.raises((VerificationError, AssertionError)):
            assert as_the_graph(model.graph, program, images, engine.run(images).outputs)
    finally:
        engine.close()


def damaged(text: str) -> str:
    """The netlist with the two lowest bits of every multiplier's product exchanged."""
    lines = []
    for line in text.splitlines():
        words = line.split()
        if words[0] == "product":
            words[-36], words[-35] = words[-35], words[-36]
        lines.append(" ".join(words))
    assert lines != text.splitlines(), "no multiplier"
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("engine", ["pins", "netlist"])
def test_other_boards_have_no_pins(engine: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the folder is for u200"):
        open_engine(engine, Program, Graph, 0, Silent(), make("u200", tmp_path))  # type: ignore[arg-type]
