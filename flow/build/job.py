"""What the user asked for, checked as far as that needs no model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flow.build.choices import ENGINES, ENTRIES, GOALS
from flow.build.manifest import file_hash
from flow.errors import FlowError, Problem, UsageError

if TYPE_CHECKING:
    from flow.size.devices import Device


@dataclass(frozen=True)
class Source:
    """One model file under the name its folder will have."""

    name: str
    path: Path


@dataclass(frozen=True)
class Hashes:
    """SHA-256 of a job's files at one moment: the models' in the job's order."""

    models: tuple[str, ...]
    calibration: str | None
    hw: str | None


@dataclass(frozen=True)
class Job:
    """One build.

    calibration: .npy, .npz or a folder of images; hw_file: an engine to compile for instead of sizing one; target_fps:
    frames per second of all cores; area_mm2: largest die of an ASIC; clock_mhz: assumed clock, None for the device's;
    images: 0 for one full batch; bitstream: run the FPGA's tools, if they are there, on the finished folder; entry:
    which of ENTRIES the project takes.
    """

    fpga: str
    sources: tuple[Source, ...]
    output: Path
    calibration: Path | None = None
    hw_file: Path | None = None
    goal: str = "throughput"
    target_fps: float | None = None
    clock_mhz: float | None = None
    verify: str = "rtl"
    images: int = 0
    seed: int = 0
    bitstream: bool = True
    entry: str = "rtl"
    area_mm2: float | None = None

    def folder_of(self, source: Source, top: Path) -> Path:
        """Where in the build folder ``top`` a model's own folder is: the top itself if it is the only model."""
        return top if len(self.sources) == 1 else top / source.name

    def hashes(self) -> Hashes:
        """Of the files as they are now."""
        return Hashes(tuple(file_hash(source.path) for source in self.sources),
                      file_hash(self.calibration) if self.calibration else None,
                      file_hash(self.hw_file) if self.hw_file else None)

    def inputs(self, hashes: Hashes) -> dict[str, Any]:
        """Everything the folder's bytes depend on, as JSON values; file contents as hashes, no paths."""
        return {
            "fpga": self.fpga,
            "models": [{"name": source.name, "file": source.path.name, "sha256": digest}
                       for source, digest in zip(self.sources, hashes.models, strict=True)],
            "calibration": hashes.calibration,
            "hw": hashes.hw,
            "goal": self.goal,
            "target_fps": self.target_fps,
            "area_mm2": self.area_mm2,
            "clock_mhz": self.clock_mhz,
            "verify": self.verify,
            "entry": self.entry,
            "images": self.images,
            "seed": self.seed,
        }

    def require_unchanged(self, hashes: Hashes) -> None:
        """Raise UsageError naming every file that is no longer what ``hashes`` were taken of."""
        now = self.hashes()
        files = [*((f"--model {source.path}", old, new) for source, old, new in
                   zip(self.sources, hashes.models, now.models, strict=True)),
                 (f"--calibration {self.calibration}", hashes.calibration, now.calibration),
                 (f"--hw {self.hw_file}", hashes.hw, now.hw)]
        problems = [Problem(where, "changed during the build", "build again, and leave the file as it is until the end")
                    for where, old, new in files if old != new]
        if problems:
            raise UsageError(problems)


def check(job: Job) -> Job:
    """Return ``job`` if its files and options can be used; raise UsageError naming everything that is wrong."""
    problems = [Problem(f"{option} {path}", "no such file or folder", "check the path")
                for option, path in (("--calibration", job.calibration), ("--hw", job.hw_file))
                if path is not None and not path.exists()]
    if job.verify not in ENGINES:
        problems.append(Problem("--verify", f"{job.verify} is not known", ", ".join(ENGINES)))
    if job.entry not in ENTRIES:
        problems.append(Problem("--entry", f"{job.entry} is not known", ", ".join(ENTRIES)))
    if job.goal not in GOALS:
        problems.append(Problem("--goal", f"{job.goal} is not known", ", ".join(GOALS)))
    problems += numbers(job.images, job.seed)
    names = [source.name for source in job.sources]
    problems += [Problem("--model", f"two models are called {name}", "rename one of the files")
                 for name in sorted({name for name in names if names.count(name) > 1})]
    problems += _refusals(job)
    if problems:
        raise UsageError(problems)
    return job


def numbers(images: int, seed: int) -> list[Problem]:
    """What is wrong with how many images, and with the seed."""
    found = []
    if images < 0:
        found.append(Problem("--images", f"{images}", "1 or more, or 0 for one full batch"))
    if seed < 0:
        found.append(Problem("--seed", f"{seed}", "0 or more"))
    return found


def _refusals(job: Job) -> list[Problem]:
    from flow.size import constraints, hwfile, lookup

    found = constraints.numbers(job.target_fps, job.clock_mhz, job.area_mm2)
    try:
        found += _contradictions(job, lookup(job.fpga))
    except FlowError as error:
        found += error.problems
    if job.hw_file is not None and job.hw_file.exists():
        try:
            hwfile.read(job.hw_file)
        except FlowError as error:
            found += error.problems
    return found


def _contradictions(job: Job, device: Device) -> list[Problem]:
    """Wishes that sizing would refuse, or not look at, told before the import."""
    from flow.size import Goal, constraints

    if job.hw_file is not None:
        return [Problem(option, f"the engine of --hw {job.hw_file} is given", f"leave out {option} or --hw")
                for option, value in (("--target-fps", job.target_fps), ("--area", job.area_mm2),
                                      ("--clock", job.clock_mhz), ("--goal", job.goal))
                if value not in (None, GOALS[0])]
    if job.goal not in GOALS:
        return []
    return constraints.contradictions(device, Goal(job.goal), job.target_fps, job.area_mm2)
