"""Data from which the converter learns the ranges of the activations."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.errors import Problem, UsageError

Float32 = npt.NDArray[np.float32]

SYNTHETIC_SAMPLES = 8
MAXIMUM_SAMPLES = 200
#: samples that verification uses, too, and the file in which they leave the converter
KEPT_SAMPLES = 32
SAMPLES = "samples.npz"
#: what NumPy raises on files that are damaged, or none of its own
UNREADABLE = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


@dataclass(frozen=True)
class InputSpec:
    """One model input: name and shape without the batch."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Calibration:
    """samples: for each sample one float32 array (1, *shape) per model input, in the model's order."""

    kind: str
    samples: tuple[tuple[Float32, ...], ...]
    warnings: tuple[str, ...] = ()

    def keep(self, path: Path) -> None:
        """Write the first samples to ``path``, an .npz with an array for each input in order."""
        kept = zip(*self.samples[:KEPT_SAMPLES], strict=True)
        arrays: dict[str, Any] = {str(position): np.concatenate(values) for position, values in enumerate(kept)}
        np.savez(path, **arrays)


def load(path: Path | None, inputs: Sequence[InputSpec], seed: int) -> Calibration:
    """Calibration data for these inputs; synthetic (seeded) if no path is given. Raises UsageError on any mismatch."""
    if path is None:
        return synthetic(inputs, seed)
    if not path.exists():
        raise UsageError(Problem(str(path), "there is no such calibration data", _allowed(inputs)))
    if path.is_dir():
        return _images(path, inputs)
    return _arrays(path, inputs)


def synthetic(inputs: Sequence[InputSpec], seed: int, samples: int = SYNTHETIC_SAMPLES) -> Calibration:
    """Seeded noise, uniform in [-1, 1]."""
    generator = np.random.default_rng(seed)
    data = tuple(
        tuple(generator.uniform(-1.0, 1.0, (1, *spec.shape)).astype(np.float32) for spec in inputs)
        for _ in range(samples)
    )
    warning = (
        f"no calibration data: the int8 ranges come from {samples} samples of synthetic noise (seed {seed}); "
        "the network is computed exactly, but its accuracy on real data is not meaningful"
    )
    return Calibration("synthetic", data, (warning,))


def _allowed(inputs: Sequence[InputSpec]) -> str:
    shapes = ", ".join(f"{spec.name}: (samples, {', '.join(map(str, spec.shape))})" for spec in inputs)
    kind = (
        "an .npy or .npz file, or a folder of images" if len(inputs) == 1 else "an .npz file with one array per input"
    )
    return f"give {kind} with {shapes}"


def _arrays(path: Path, inputs: Sequence[InputSpec]) -> Calibration:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            arrays = {inputs[0].name: loaded} if len(inputs) == 1 else {}
        else:
            with loaded:
                arrays = {name: loaded[name] for name in loaded.files}
            if len(inputs) == 1 and len(arrays) == 1:
                arrays = {inputs[0].name: next(iter(arrays.values()))}
    except UNREADABLE as error:
        found = f"is not a readable .npy or .npz file ({(str(error).splitlines() or [type(error).__name__])[0]})"
        raise UsageError(Problem(str(path), found, _allowed(inputs))) from None
    problems = []
    for spec in inputs:
        if spec.name not in arrays:
            problems.append(Problem(str(path), f"holds no array for input {spec.name}", _allowed(inputs)))
            continue
        array = arrays[spec.name]
        if array.shape == spec.shape:
            array = arrays[spec.name] = array[np.newaxis]
        if array.shape[1:] != spec.shape or array.shape[0] < 1:
            problems.append(
                Problem(str(path), f"the array for input {spec.name} has shape {array.shape}", _allowed(inputs))
            )
        elif array.dtype.kind not in "fiu" or not _finite(array):
            problems.append(
                Problem(
                    str(path),
                    f"the array for input {spec.name} ({array.dtype}) has values that are no finite numbers",
                    "give floats that are finite in single precision, or integers",
                )
            )
    if not problems and len({len(arrays[spec.name]) for spec in inputs}) > 1:
        problems.append(Problem(str(path), "the inputs have different numbers of samples", "give one sample of each"))
    if problems:
        raise UsageError(problems)
    count = min(len(arrays[inputs[0].name]), MAXIMUM_SAMPLES)
    samples = tuple(
        tuple(arrays[spec.name][index : index + 1].astype(np.float32) for spec in inputs) for index in range(count)
    )
    return Calibration(f"{count} samples", samples)


def _finite(array: npt.NDArray[Any]) -> bool:
    with np.errstate(over="ignore"):
        return bool(np.isfinite(array.astype(np.float32)).all())


def _images(path: Path, inputs: Sequence[InputSpec]) -> Calibration:
    from PIL import Image, UnidentifiedImageError

    if len(inputs) != 1 or len(inputs[0].shape) != 3 or inputs[0].shape[2] not in (1, 3):
        raise UsageError(
            Problem(str(path), "a folder of images fits only one input of 1 or 3 channels", _allowed(inputs))
        )
    height, width, channels = inputs[0].shape
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)[:MAXIMUM_SAMPLES]
    if not files:
        raise UsageError(Problem(str(path), "holds no images", f"put {', '.join(IMAGE_SUFFIXES)} files there"))
    problems, samples = [], []
    for file in files:
        try:
            with Image.open(file) as image:
                pixels = np.asarray(image.convert("RGB" if channels == 3 else "L"), dtype=np.float32)
        except (UnidentifiedImageError, OSError) as error:
            problems.append(Problem(str(file), f"is not a readable image ({str(error).splitlines()[0]})", "remove it"))
            continue
        if pixels.shape[:2] != (height, width):
            problems.append(
                Problem(
                    str(file), f"is {pixels.shape[0]} x {pixels.shape[1]} pixels", f"resize it to {height} x {width}"
                )
            )
            continue
        samples.append((pixels.reshape(1, height, width, channels),))
    if problems:
        raise UsageError(problems)
    warning = "calibration images are fed as pixel values 0 to 255; give an .npy file if the model expects other values"
    return Calibration(f"{len(samples)} images", tuple(samples), (warning,))


def read_samples(path: Path, inputs: Sequence[str]) -> tuple[dict[str, Float32], ...]:
    """What ``Calibration.keep`` wrote: for each sample arrays (1, ...) by input; nothing if there is no such file."""
    if not path.exists():
        return ()
    with np.load(path) as archive:
        arrays = [archive[str(position)] for position in range(len(inputs))]
    count = len(arrays[0])
    return tuple({name: array[n : n + 1] for name, array in zip(inputs, arrays, strict=True)} for n in range(count))
