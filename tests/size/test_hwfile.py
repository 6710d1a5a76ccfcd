"""hw.json: written and read again, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flow.errors import UsageError
from flow.hardware.config import HwConfig
from flow.size import choose, hwfile
from tests.size.graphs import small


def test_written_and_read_again(tmp_path: Path) -> None:
    sizing = choose("zcu102", [small()])
    path = tmp_path / "hw.json"
    path.write_text(sizing.hw_json_text())
    assert hwfile.read(path) == sizing.hw
    hwfile.write(tmp_path / "again.json", sizing.hw, sizing.reason_json())
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    assert json.loads(path.read_text()) == json.loads(json.dumps(sizing.to_json()))


ENGINE = HwConfig(2, 8, 8).to_json()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "JSON"),
        ("[]", "engine"),
        ("{}", "engine"),
        (json.dumps({"engine": {**ENGINE, "abi": "99.0"}}), "99.0"),
        (json.dumps({"engine": {name: value for name, value in ENGINE.items() if name != "abi"}}), "abi"),
        (json.dumps({"engine": {**ENGINE, "lanes": 4}}), "lanes"),
        (json.dumps({"engine": {**ENGINE, "pix": "two"}}), "pix"),
        (json.dumps({"engine": {**ENGINE, "rows": 8.5}}), "rows"),
        (json.dumps({"engine": {**ENGINE, "rows": 12}}), "rows"),
        (json.dumps({"engine": {**ENGINE, "packed": 1}}), "packed"),
    ],
)
def test_refused(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "hw.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=says):
        hwfile.read(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        hwfile.read(tmp_path / "none.json")
