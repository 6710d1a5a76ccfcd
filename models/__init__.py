"""Networks for trials and tests, made without a download: seeded, reproducible, and alive in every layer."""

from __future__ import annotations

from pathlib import Path


def make(name: str, folder: Path | None = None) -> Path:
    """Path of the zoo's network ``name``; made on the first call (into build/models unless told otherwise)."""
    from models import zoo

    return zoo.make(name, folder)
