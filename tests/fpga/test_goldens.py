"""Rendered projects against committed ones. To accept a change: FLOW_REFRESH_GOLDENS=1 with this test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flow.tree import ROOT
from tests.fpga.projects import SHAPES, make

GOLDENS = Path(__file__).parent / "goldens"


def rendered(fpga: Path) -> dict[str, str]:
    """Files that depend on the board or the engine; the copied scripts are in the repository as they are."""
    return {str(path.relative_to(fpga)): path.read_text() for path in sorted(fpga.rglob("*"))
            if path.is_file() and path.name != "config.tcl" and not (ROOT / "fpga" / path.relative_to(fpga)).is_file()}


@pytest.mark.parametrize("board", SHAPES)
def test_is_as_committed(board: str, tmp_path: Path) -> None:
    found = rendered(make(board, tmp_path / board))
    folder = GOLDENS / board
    if os.environ.get("FLOW_REFRESH_GOLDENS") == "1":
        for name, text in found.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    wanted = {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}
    assert found.keys() == wanted.keys()
    for name, text in found.items():
        assert text == wanted[name], f"{board}/{name}"


@pytest.mark.parametrize("board", SHAPES)
def test_is_the_same_again(board: str, tmp_path: Path) -> None:
    assert rendered(make(board, tmp_path / "one")) == rendered(make(board, tmp_path / "two"))
