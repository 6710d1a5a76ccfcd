"""Leaves the verdict and its evidence in a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from flow.emit import model
from flow.graph.ir import Int8
from flow.report.figures import figures
from flow.report.html import page
from flow.report.text import summary, verification_lines
from flow.schedule.program import Program
from flow.size import Sizing
from flow.verify.verdict import Verification


def write(folder: Path, fpga: str, sizing: Sizing, program: Program, verification: Verification | None,
          warnings: tuple[str, ...]) -> None:
    """summary.txt, report.json, report.html, hw.json, and verify/ if there was a verification.

    warnings: what the import of the model said that whoever gets the folder should know.
    """
    shown = figures(fpga, sizing, program, verification.verdict if verification else None, warnings)
    text = summary(shown)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.txt").write_text(text)
    (folder / "report.json").write_text(json.dumps(shown.to_json(), indent=1) + "\n")
    (folder / "report.html").write_text(page(shown, text, sizing.to_text()))
    (folder / "hw.json").write_text(sizing.hw_json_text())
    if verification is not None:
        _evidence(folder / "verify", program, verification)


def _evidence(folder: Path, program: Program, verification: Verification) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "verdict.json").write_text(json.dumps(verification.verdict.to_json(), indent=1) + "\n")
    (folder / "verdict.txt").write_text("\n".join(verification_lines(verification.verdict)) + "\n")
    inputs = tuple(view.name for view in model.inputs(program))
    outputs = tuple(view.name for view in model.outputs(program))
    for kind, names in (("stimuli", inputs), ("expected", outputs), ("obtained", outputs)):
        images = getattr(verification, kind)
        _arrays(folder / kind, {number: name for number, name in enumerate(names) if name in images[0]}, images)


def _arrays(folder: Path, names: Mapping[int, str], images: Sequence[dict[str, Int8]]) -> None:
    """One .npy (image, height, width, channels) per tensor, numbered as the firmware numbers them."""
    folder.mkdir()
    for number, name in names.items():
        np.save(folder / f"{number}.npy", np.stack([image[name] for image in images]))
    numbered = {f"{number}.npy": name for number, name in names.items()}
    (folder / "names.json").write_text(json.dumps(numbered) + "\n")
