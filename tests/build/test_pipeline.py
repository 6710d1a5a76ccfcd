"""A whole build: what it leaves, that it is the same each time, that it goes on where it stopped, that it proves."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flow import pipeline
from flow.api import Folder
from flow.build import manifest
from flow.build.job import Job
from flow.build.progress import Silent
from flow.errors import ToolError, UsageError, VerificationError
from flow.hardware.config import HwConfig
from flow.size import hwfile

STAGES = ["1-import", "2-size", "3-schedule", "4-assemble", "5-verify"]


class Recorder(Silent):
    """Names of the stages that ran, and of those taken from before."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.taken: list[str] = []
        self.warnings: list[str] = []
        self._stage = ""

    def start(self, stage: str) -> None:
        self._stage = stage.partition(".")[0]

    def finish(self, resumed: bool) -> None:
        (self.taken if resumed else self.ran).append(self._stage)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def build(job: Job) -> Recorder:
    recorder = Recorder()
    pipeline.build(job, recorder)
    return recorder


def test_folder(job: Job) -> None:
    assert build(job).ran == ["import", "size", "schedule", "assemble", "verify"]
    names = {str(path.relative_to(job.output)) for path in job.output.rglob("*")}
    assert {"summary.txt", "report.json", "report.html", "hw.json", "manifest.json", "verify/verdict.json",
            "verify/stimuli/0.npy", "verify/expected/0.npy", "verify/obtained/0.npy"} <= names
    assert sorted(path.name for path in (job.output / "steps").iterdir()) == STAGES
    assert [path.name for path in job.output.parent.iterdir()] == ["out"]
    report = json.loads((job.output / "report.json").read_text())
    assert report["bit_exact"] is True
    assert "bit-exact:  yes" in (job.output / "summary.txt").read_text()
    manifest.check(job.output)
    expected, obtained = (np.load(job.output / "verify" / kind / "0.npy") for kind in ("expected", "obtained"))
    assert expected.shape[0] == 2
    assert (expected == obtained).all()


def test_the_readme_names_all_there_is(job: Job) -> None:
    build(job)
    rows = re.findall(r"^\| (.*?) \| ", (job.output / "README.md").read_text(), re.M)
    named = re.findall(r"`([^`]+)`", "".join(rows))
    there = {path.name for path in job.output.iterdir()} | {f"fpga/{path}" for path in ("README.md", "config.tcl")}
    assert {name for name in there if not any(f"{entry}/".startswith(f"{name}/") for entry in named)} == {"README.md"}


def test_a_given_engine_that_does_not_fit_is_told_and_no_tool_runs(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Path] = []
    monkeypatch.setattr("flow.project.build_bitstream", lambda folder, progress: ran.append(folder))
    hwfile.write(job.hw_file or Path(), HwConfig(2, 8, 8, inp_banks=8, inp_depth=32768), {})
    recorder = Recorder()
    pipeline.build(replace(job, fpga="pynq-z2"), recorder)
    assert json.loads((job.output / "report.json").read_text())["fits"] is False
    assert any("does not fit pynq-z2" in text and "RAMB36" in text for text in recorder.warnings)
    assert any("no bitstream" in text for text in recorder.warnings) and not ran
    pipeline.build(replace(job, fpga="vu9p"), Recorder())
    assert len(ran) == 1


def test_same_inputs_same_bytes(job: Job, tmp_path: Path) -> None:
    build(job)
    elsewhere = tmp_path / "somewhere" / "else"
    build(replace(job, output=elsewhere))
    assert (job.output / "manifest.json").read_bytes() == (elsewhere / "manifest.json").read_bytes()
    shutil.rmtree(job.output)
    build(job)
    assert (job.output / "manifest.json").read_bytes() == (elsewhere / "manifest.json").read_bytes()


def test_no_path_of_this_machine_is_in_the_folder(job: Job, tmp_path: Path) -> None:
    build(job)
    root = str(Path(__file__).resolve().parents[2]).encode()
    for path in job.output.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert str(tmp_path).encode() not in data, path
            assert root not in data, path


def test_unchanged_rebuild_does_nothing(job: Job) -> None:
    build(job)
    before = job.output.stat().st_ino
    recorder = build(job)
    assert (recorder.ran, recorder.taken) == ([], ["folder"])
    assert job.output.stat().st_ino == before


def test_an_unchanged_folder_is_dumped_when_asked(job: Job, tmp_path: Path) -> None:
    build(job)
    manifest_before = (job.output / "manifest.json").read_bytes()
    recorder = Recorder()
    pipeline.build(job, recorder, tmp_path / "dump")
    assert recorder.ran == []
    stages = [path.name.split(".")[0] for path in sorted((tmp_path / "dump").iterdir())]
    assert stages == STAGES
    assert (job.output / "manifest.json").read_bytes() == manifest_before


@pytest.mark.parametrize("stage", ["import_model", "size", "prove"])
@pytest.mark.parametrize("file", ["direct.tflite", "hw.json"])
def test_a_file_changed_during_the_build_is_told(job: Job, stage: str, file: str,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it was read or after: the manifest would name a file that the folder was not made from."""
    real = getattr(pipeline, stage)

    def change(*arguments: object) -> object:
        path = job.sources[0].path.with_name(file)
        path.write_bytes(path.read_bytes() + b"\n")
        return real(*arguments)

    monkeypatch.setattr(pipeline, stage, change)
    with pytest.raises(UsageError, match=rf"{file}: changed during the build"):
        build(job)
    assert not job.output.parent.exists()


def test_a_damaged_folder_is_made_again(job: Job) -> None:
    build(job)
    (job.output / "summary.txt").write_text("99 % faster")
    with pytest.raises(UsageError, match=r"summary\.txt"):
        Folder(job.output)
    recorder = build(job)
    assert recorder.ran == []
    assert recorder.taken == ["import", "size", "schedule", "assemble", "verify"]
    Folder(job.output)


def test_another_seed_keeps_nothing_that_depends_on_it(job: Job) -> None:
    build(job)
    recorder = build(replace(job, images=1))
    assert (recorder.ran, recorder.taken) == (["verify"], ["import", "size", "schedule", "assemble"])
    assert json.loads((job.output / "report.json").read_text())["verification"]["images"] == 1


@pytest.mark.parametrize("stage", ["import_model", "size", "schedule", "assemble", "emit", "prove", "report"])
def test_goes_on_after_a_stage_that_died(job: Job, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(pipeline, stage, die)
        build(job)
    assert not job.output.exists()
    recorder = build(job)
    done = {"import_model": 0, "size": 1, "schedule": 2, "assemble": 3, "emit": 4, "prove": 4, "report": 5}[stage]
    assert (len(recorder.taken), len(recorder.ran)) == (done, 5 - done)
    assert [path.name for path in job.output.parent.iterdir()] == ["out"]


def test_a_difference_leaves_no_folder(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    from flow.verify import layout

    def broken(data: layout.Memory, place: object) -> np.ndarray:
        values = real(data, place)  # type: ignore[arg-type]
        values[0, 0, 0, 0] ^= 1
        return values

    real = layout.unpack
    monkeypatch.setattr("flow.verify.engines.unpack", broken)
    with pytest.raises(VerificationError, match="values differ"):
        build(job)
    assert not job.output.exists()


def test_a_broken_tool_leaves_the_old_folder(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    from flow.errors import Problem

    def fail(*_: object) -> None:
        raise ToolError(Problem("tool", "broke"))

    build(job)
    before = (job.output / "manifest.json").read_bytes()
    with monkeypatch.context() as patch, pytest.raises(ToolError):
        patch.setattr(pipeline, "report", fail)
        build(replace(job, images=1))
    assert (job.output / "manifest.json").read_bytes() == before
    Folder(job.output)


def test_verify_and_run_from_the_folder(job: Job) -> None:
    build(job)
    folder = Folder(job.output)
    verified = folder.verify(engine="reference", images=3, seed=9)
    assert verified.verdict.bit_exact
    assert verified.verdict.images == 3
    traced = folder.verify(engine="reference", images=2, trace_layers=True)
    assert traced.verdict.bit_exact
    assert traced.verdict.layers_compared > verified.verdict.layers_compared
    images = np.load(job.output / "verify" / "stimuli" / "0.npy")
    (result,) = folder.run(images, engine="reference").values()
    assert (result == np.load(job.output / "verify" / "obtained" / "0.npy")).all()


def test_two_models_one_engine(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = job.sources
    other = replace(source, name="twin")
    both = replace(job, sources=(source, other))
    build(both)
    engines = [(job.output / name / "hw.json").read_bytes() for name in ("direct", "twin")]
    assert engines[0] == engines[1]
    for name in ("direct", "twin"):
        assert Folder(job.output / name).verify(engine="reference").verdict.bit_exact
    assert set(Folder(job.output).report()) == {"direct", "twin"}
    monkeypatch.chdir(job.output / "twin")
    assert Folder(".").verify(engine="reference").verdict.bit_exact
    with pytest.raises(UsageError, match="several models"):
        Folder(job.output).verify(engine="reference")
