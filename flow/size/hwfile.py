"""``hw.json``: an engine and the reason for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flow.errors import Problem, UsageError
from flow.hardware.config import HwConfig


def read(path: str | Path) -> HwConfig:
    """The engine in an ``hw.json``. Raises UsageError if it cannot be read, is no engine, or is of another ABI."""
    remedy = "give an hw.json that `flow size` or `flow build` left"
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(Problem(f"--hw {path}", error.strerror or "cannot be read", remedy)) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UsageError(Problem(f"--hw {path}", f"is not JSON: {error}", remedy)) from None
    engine = data.get("engine") if isinstance(data, dict) else None
    if not isinstance(engine, dict):
        raise UsageError(Problem(f"--hw {path}", "has no object named engine", remedy))
    wrong = [
        Problem(f"--hw {path}: {name}", f"{value!r} is no number", remedy)
        for name, value in engine.items()
        if name not in ("abi", "packed") and (isinstance(value, bool) or not isinstance(value, (int, float)))
    ]
    wrong += [
        Problem(f"--hw {path}: {name}", f"{value!r} is not whole", remedy)
        for name, value in engine.items()
        if name != "clock_mhz" and isinstance(value, float)
    ]
    if not isinstance(engine.get("packed", True), bool):
        wrong.append(Problem(f"--hw {path}: packed", f"{engine['packed']!r} is not true or false", remedy))
    if wrong:
        raise UsageError(wrong)
    return HwConfig.from_json(engine)


def text(hw: HwConfig, reason: Mapping[str, Any]) -> str:
    """Content of an ``hw.json``, the same for the same engine and reason."""
    return json.dumps({"engine": hw.to_json(), "reason": dict(reason)}, indent=2, sort_keys=False) + "\n"


def write(path: str | Path, hw: HwConfig, reason: Mapping[str, Any]) -> None:
    Path(path).write_text(text(hw, reason), encoding="utf-8")
