"""Installed from a wheel, far from the checkout, flow finds its own files and gives the same bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from flow.build.origin import SOURCES
from flow.tree import ROOT
from models.direct import direct

PACKAGING = ("pyproject.toml", "setup.py", "requirements.in", "README.md")


def run(*command: object, cwd: Path, path: Path) -> str:
    done = subprocess.run([sys.executable, "-m", *map(str, command)], cwd=cwd, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(path)}, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.full
def test_a_wheel_builds_what_the_checkout_builds(tmp_path: Path) -> None:
    source, site, away = (tmp_path / name for name in ("source", "site", "away"))
    for folder in (source, away):
        folder.mkdir()
    for name in (*SOURCES, *PACKAGING):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    run("pip", "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, source, cwd=tmp_path, path=tmp_path)
    wheel, = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    (away / "net.tflite").write_bytes(direct())
    for name, path in (("checkout", ROOT), ("installed", site)):
        run("flow", "build", "--fpga", "pynq-z2", "--model", "net.tflite", "--verify", "reference", "--output", name,
            cwd=away, path=path)
    assert (away / "checkout" / "manifest.json").read_bytes() == (away / "installed" / "manifest.json").read_bytes()
    assert sorted(path.name for path in away.iterdir()) == ["checkout", "installed", "net.tflite"]
