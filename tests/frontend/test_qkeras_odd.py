"""Odd options of QKeras: computed to the bit, or refused by name."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.frontend import qkeras_odd

WORKER = Path(__file__).with_name("qkeras_check.py")


@pytest.mark.full
def test_odd_options() -> None:
    done = subprocess.run(
        [sys.executable, str(WORKER), *qkeras_odd.NETWORKS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = dict(json.loads(done.stdout.splitlines()[-1]))
    wrong = {
        name: found[name]
        for name, (_, expected) in qkeras_odd.NETWORKS.items()
        if not (found[name] == "equal" if expected == "equal" else _refused(expected, found[name]))
    }
    assert not wrong, wrong


def _refused(expected: str, found: str) -> bool:
    """Refused with this text, each problem naming its layer and a remedy."""
    return (
        found.startswith("refused: layer ") and re.search(expected, found, re.DOTALL) is not None and "remedy" in found
    )
