"""Leaves the verdict and its evidence in a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from flow.graph.ir import Int8
from flow.report.figures import figures
from flow.report.html import page
from flow.report.text import summary, verification_lines
from flow.schedule.program import Program
from flow.size import Sizing
from flow.verify.verdict import Verification


def write(folder: Path, fpga: str, sizing: Sizing, program: Program, verification: Verification | None) -> None:
    """summary.txt, report.json, report.html, hw.json, and verify/ if there was a verification."""
    shown = figures(fpga, sizing, program, verification.verdict if verification else None)
    text = summary(shown)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.txt").write_text(text)
    (folder / "report.json").write_text(json.dumps(shown.to_json(), indent=1) + "\n")
    (folder / "report.html").write_text(page(shown, text, sizing.to_text()))
    (folder / "hw.json").write_text(sizing.hw_json_text())
    if verification is not None:
        _evidence(folder / "verify", verification)


def _evidence(folder: Path, verification: Verification) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "verdict.json").write_text(json.dumps(verification.verdict.to_json(), indent=1) + "\n")
    (folder / "verdict.txt").write_text("\n".join(verification_lines(verification.verdict)) + "\n")
    for kind in ("stimuli", "expected", "obtained"):
        _arrays(folder / kind, getattr(verification, kind))


def _arrays(folder: Path, images: Sequence[dict[str, Int8]]) -> None:
    """One .npy (image, height, width, channels) per tensor, numbered in the model's order."""
    folder.mkdir()
    for number, name in enumerate(images[0]):
        np.save(folder / f"{number}.npy", np.stack([image[name] for image in images]))
    names = {f"{number}.npy": name for number, name in enumerate(images[0])}
    (folder / "names.json").write_text(json.dumps(names) + "\n")
