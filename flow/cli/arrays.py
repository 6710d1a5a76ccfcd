"""Images in .npy and .npz files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from flow.errors import Problem, UsageError
from flow.frontend.calibrate import UNREADABLE


def read_images(path: Path, names: Sequence[str]) -> dict[str, npt.NDArray[np.generic]]:
    """Arrays by input name; an .npy is the first input's. Raises UsageError."""
    try:
        content = np.load(path, allow_pickle=False)
        if isinstance(content, np.ndarray):
            return {names[0]: content}
        with content:
            return {name: content[name] for name in content.files}
    except UNREADABLE as error:
        raise UsageError(Problem(f"--input {path}", f"no readable array ({error})",
                                 "give an .npy or .npz file")) from None


def read_labelled(path: Path) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]:
    """Arrays ``images`` and ``labels`` of an .npz. Raises UsageError."""
    try:
        with np.load(path, allow_pickle=False) as content:
            return content["images"], content["labels"]
    except (*UNREADABLE, KeyError, AttributeError, TypeError) as error:
        raise UsageError(Problem(f"--labelled {path}", f"not readable ({error})",
                                 "give an .npz with arrays images (N, height, width, channels) and labels")) from None


def write_images(path: Path, values: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """One output to an .npy, several to an .npz by name. Raises UsageError."""
    try:
        with path.open("wb") as file:
            if len(values) == 1:
                np.save(file, next(iter(values.values())))
            else:
                np.savez(file, **dict(values))  # type: ignore[arg-type]
    except OSError as error:
        raise UsageError(Problem(f"--output {path}", error.strerror or "cannot be written", "check the path")) from None
