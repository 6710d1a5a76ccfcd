"""Requantisation with a multiplier: a straight line through the steps of a QKeras function, for each channel.

A monotone function of integer sums is its thresholds: T[k], the first sum whose result is at least k. The engine's
function floor((sum + addend) * multiplier / 2**n + 1/2) equals it if it passes each k between T[k] - 1 and T[k]. These
are linear conditions on slope and offset; the slope that leaves the offset most room is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from flow.graph.ir import Requantise, Rounding

Int64 = np.ndarray
#: finer offsets than 2**-_FINEST of a sum are not tried
_FINEST = 14
_STEPS = 200
_FAR = 1 << 62


class NoLine(Exception):
    """No multiplier and addend pass all thresholds; the text says why."""


@dataclass(frozen=True)
class Line:
    """(requantisation without its zero point, clamped to the levels) of (sum << scale) + addend."""

    parts: tuple[Requantise, ...]
    scale: int
    addend: Int64


@dataclass(frozen=True)
class Part:
    """Results low .. high of a function; 2**-kink is the part's slope beside that of the others."""

    low: int
    high: int
    kink: int = 0


@dataclass(frozen=True)
class _Steps:
    """A part's levels low + 1 .. high, their thresholds (levels, channels), and which of them bound the line."""

    part: Part
    first: Int64
    reached: np.ndarray
    passed: np.ndarray

    @property
    def levels(self) -> Int64:
        return np.arange(self.part.low + 1, self.part.high + 1, dtype=np.int64)[:, None]


def thresholds(levels: Int64, bottom: Int64, top: Int64, result: Callable[[Int64], Int64]) -> Int64:
    """For levels (levels, 1) and each channel the first sum in bottom .. top with result(sums) >= level; top + 1: none.

    result takes sums (levels, channels) and must not decrease in them.
    """
    shape = (len(levels), len(bottom))
    below, above = np.broadcast_to(bottom - 1, shape), np.broadcast_to(top + 1, shape)
    while bool((above - below > 1).any()):
        middle = (below + above) // 2
        reaches = result(np.clip(middle, bottom, top)) >= levels
        inside = (middle > below) & (middle < above)
        above = np.where(reaches & inside, middle, above)
        below = np.where(~reaches & inside, middle, below)
    return above


def line(parts: tuple[Part, ...], bottom: Int64, top: Int64, result: Callable[[Int64], Int64]) -> Line:
    """The line through the steps of result(sums), which must not decrease. Raises NoLine."""
    steps = [_steps(part, bottom, top, result) for part in parts]
    reach = int(np.maximum(np.abs(bottom), np.abs(top)).max())
    widths = _widths(steps, reach)
    for scale in range(_FINEST + 1):
        made = [_integers(part, widths, scale) for part in steps]
        least = np.max([low for _, low, _ in made], axis=0)
        most = np.min([high for _, _, high in made], axis=0)
        if bool((least > most).any()):
            continue
        addend = [_between(int(a), int(b)) for a, b in zip(least, most, strict=True)]
        if (reach << scale) + max(map(abs, addend)) >= 1 << 30:
            raise NoLine("needs an accumulator of more than 30 bits to tell its steps apart")
        return Line(tuple(by for by, _, _ in made), scale, np.array(addend, np.int64))
    raise NoLine("does not round its accumulator in steps of equal width")


def _between(least: int, most: int) -> int:
    """The middle, or what is nearest to zero where one side is open."""
    if least > -_FAR and most < _FAR:
        return (least + most) // 2
    return min(max(0, least), most)


def _steps(part: Part, bottom: Int64, top: Int64, result: Callable[[Int64], Int64]) -> _Steps:
    levels = np.arange(part.low + 1, part.high + 1, dtype=np.int64)[:, None]
    first = thresholds(levels, bottom, top, result)
    return _Steps(part, first, first <= top, first > bottom)


def _widths(steps: list[_Steps], reach: int) -> np.ndarray:
    """For each channel the width of a level in sums that leaves the addend most room; no wider than ``reach`` wants."""
    levels = np.concatenate([(part.levels - 0.5) * 2.0**part.part.kink for part in steps])
    first = np.concatenate([part.first for part in steps]).astype(np.float64)
    reached = np.concatenate([part.reached for part in steps])
    passed = np.concatenate([part.passed for part in steps])

    def room(width: np.ndarray) -> np.ndarray:
        least = np.where(reached, levels * width - first, -np.inf).max(axis=0, initial=-np.inf)
        most = np.where(passed, levels * width - first + 1, np.inf).min(axis=0, initial=np.inf)
        return np.nan_to_num(most - least, posinf=0.0)

    channels = first.shape[1]
    low, high = np.full(channels, -9.0), np.full(channels, 3.0 + np.log2(reach + 1))
    for _ in range(_STEPS):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        better = room(2.0**left) < room(2.0**right)
        low, high = np.where(better, left, low), np.where(better, high, right)
    return np.asarray(2.0 ** ((low + high) / 2))


def _integers(steps: _Steps, widths: np.ndarray, scale: int) -> tuple[Requantise, np.ndarray, np.ndarray]:
    """(requantisation, least addend, greatest addend) for sums << scale."""
    exponent = np.floor(-np.log2(widths)).astype(np.int64) + 1
    left = max(0, 1 + int(exponent.max()) - scale)
    right = scale + left - exponent + steps.part.kink
    multiplier = np.minimum(np.rint(np.ldexp(1 / widths, 31 - exponent)).astype(np.int64), (1 << 31) - 1)
    if int(right.max()) > 31:
        raise NoLine("has channels whose scales differ by more than the requantiser holds")
    by = Requantise(
        multiplier.astype(np.int32), -right.astype(np.int32), 0, steps.part.low, steps.part.high, Rounding.HALF_UP, left
    )
    # level k is reached from the sum ceil((2 k - 1) * 2**(30 + right) / (multiplier * 2**left)) on
    top = (2 * steps.levels.astype(object) - 1) * (1 << (30 + right).astype(object))
    edge = -(-top // (multiplier.astype(object) << left))
    first = steps.first.astype(object)
    least = np.where(steps.reached, edge - first * (1 << scale), -_FAR).max(axis=0, initial=-_FAR)
    most = np.where(steps.passed, edge - 1 - (first - 1) * (1 << scale), _FAR).min(axis=0, initial=_FAR)
    return by, least, most
