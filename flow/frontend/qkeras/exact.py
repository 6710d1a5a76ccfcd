"""Requantisation that equals a QKeras function of an accumulator for every value it can take.

A candidate is tried and proved, never assumed: both the engine's and QKeras's function are monotone steps, so they are
equal everywhere if they are equal on both sides of each of the engine's steps and at the ends (``_points``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from flow.frontend.qkeras import lines
from flow.frontend.qkeras.fixed import common_exponent
from flow.frontend.qkeras.steps import Float64, Grid
from flow.graph.evaluate import requantise
from flow.graph.ir import Int8, Requantise, Rounding

Int64 = np.ndarray
#: what QKeras makes of exact pre-activation values
Apply = Callable[[Float64], Float64]
IDENTITY = 1 << 30
#: sums that are enumerated one by one in a proof
_ENUMERATED = 1 << 22


class Inexact(Exception):
    """No requantisation was found that could be proved; the text says why, for a user."""


@dataclass(frozen=True)
class Accumulator:
    """Values (A + fraction) * 2**-exponent with integers low <= A <= high; arrays of one entry per channel (or one)."""

    exponent: Int64
    fraction: Float64
    low: Int64
    high: Int64

    def values(self, sums: Int64) -> Float64:
        """Exact values; sums (points, channels)."""
        return np.ldexp(sums.astype(np.float64) + self.fraction, -self.exponent)


@dataclass(frozen=True)
class Exact:
    """The function of the accumulator (A << scale) + addend: the sum of ``parts``, then ``table`` (of 256 entries).

    zero_point: of the result; low, high: the results' integers without it; exponent: of the result's grid.
    addend is per channel.
    """

    parts: tuple[Requantise, ...]
    table: Int8 | None
    scale: int
    addend: Int64
    zero_point: int
    low: int
    high: int
    exponent: int


def window_of(low: int, high: int) -> int:
    """Zero point of an int8 tensor for integers low .. high. Raises Inexact if they need more than 8 bits."""
    if low >= -128 and high <= 127:
        return 0
    if low >= 0 and high <= 255:
        return -128
    bits = max(int(high).bit_length(), int(-low - 1).bit_length()) + (low < 0)
    raise Inexact(f"needs {bits} bits (integers {low} .. {high}), activations have 8")


def fit(sums: Accumulator, apply: Apply, grid: Grid) -> Exact:
    """Requantisation equal to ``apply`` on all of ``sums``. Raises Inexact."""
    low, high = _ends(sums, apply, grid)
    zero = window_of(low, high)
    reasons: list[Inexact] = []
    for candidate in _candidates(sums, apply, grid, low, high, zero):
        try:
            return _proved(candidate(), sums, apply, grid)
        except Inexact as error:
            reasons.append(error)
    raise reasons[-1] if reasons else Inexact("is no function of steps of equal width")


def _ends(sums: Accumulator, apply: Apply, grid: Grid) -> tuple[int, int]:
    ends = np.stack([sums.low, sums.high])
    results = on_grid(apply(sums.values(ends)), grid)
    return int(results.min()), int(results.max())


def on_grid(values: Float64, grid: Grid) -> Int64:
    """Values as integers of the grid. Raises Inexact if they are none."""
    scaled = np.ldexp(values, grid.exponent)
    if not np.array_equal(scaled, np.rint(scaled)):
        raise Inexact("gives values that are no whole multiples of a step, as float32 computes them")
    return scaled.astype(np.int64)


def _candidates(
    sums: Accumulator, apply: Apply, grid: Grid, low: int, high: int, zero: int
) -> Iterator[Callable[[], Exact]]:
    """Ways to compute the function, likely ones first."""
    shift = sums.exponent - grid.exponent
    if grid.slope != 1.0 and low < 0:
        kink = int(-np.log2(grid.slope))
        if high <= 0:
            yield lambda: _round(sums, shift + kink, low, high, zero, grid)
        else:
            yield lambda: _two_slopes(sums, shift, kink, low, high, zero, grid)
    yield lambda: _round(sums, shift, low, high, zero, grid)
    yield lambda: _levels(sums, apply, grid, low, high, zero)
    yield lambda: _coarse(sums, shift + 1, apply, Grid(grid.exponent - 1), grid, zero)
    yield lambda: _coarse(sums, shift + 2, apply, Grid(grid.exponent - 2), grid, zero)
    yield lambda: _offset(sums, shift + 1, apply, low, high, zero, grid)
    yield lambda: _lines(sums, apply, low, high, zero, grid)


def _sharpened(sums: Accumulator, shift: Int64) -> tuple[int, Int64, Rounding]:
    """(scale, addend, rounding) with which fractions take part in rounding: by one more bit that is never a tie."""
    some = np.broadcast_to(sums.fraction != 0, shift.shape)
    zeros = np.zeros(shift.shape, np.int64)
    if not some.any():
        return 0, zeros, Rounding.HALF_EVEN
    if some.all() and (shift >= 1).all():
        return 0, zeros, Rounding.HALF_UP
    scale = int(np.where(some, np.maximum(1, 2 - shift), 0).max())
    parts = np.ldexp(np.broadcast_to(sums.fraction, shift.shape), scale)
    whole = np.floor(parts).astype(np.int64)
    return scale, whole | (parts != whole), Rounding.HALF_EVEN


def _shifted(shift: Int64, zero: int, low: int, high: int, rounding: Rounding) -> Requantise:
    """Rounded x * 2**-shift + zero, clamped to [low, high]; shift per channel."""
    shift = np.minimum(shift, 31).astype(np.int32)
    if len(set(shift.tolist())) == 1:
        shift = shift[:1]
    multiplier = np.full(len(shift), IDENTITY, np.int32)
    return Requantise(multiplier, -shift, zero, max(low, -128), min(high, 127), rounding, 1)


def _round(sums: Accumulator, shift: Int64, low: int, high: int, zero: int, grid: Grid) -> Exact:
    scale, addend, rounding = _sharpened(sums, shift)
    part = _shifted(shift + scale, zero, low + zero, high + zero, rounding)
    return Exact((part,), None, scale, addend, zero, low, high, grid.exponent)


def _two_slopes(sums: Accumulator, shift: Int64, kink: int, low: int, high: int, zero: int, grid: Grid) -> Exact:
    """Positive and negative half, each rounded by itself, as QKeras does it; one of them is always 0."""
    scale, addend, rounding = _sharpened(sums, shift)
    upper = _shifted(shift + scale, 0, 0, high, rounding)
    lower = _shifted(shift + scale + kink, 0, low, 0, rounding)
    return Exact((upper, lower), None, scale, addend, zero, low, high, grid.exponent)


def _coarse(sums: Accumulator, shift: Int64, apply: Apply, coarse: Grid, grid: Grid, zero: int) -> Exact:
    """Rounding to a coarser grid, then a table: bounds and saturation off the rounding's grid."""
    scale, addend, rounding = _sharpened(sums, shift)
    levels = on_grid(apply(np.ldexp(np.arange(-128.0, 128.0)[:, None], -coarse.exponent)), grid)[:, 0]
    part = _shifted(shift + scale, 0, -128, 127, rounding)
    low, high = int(levels.min()), int(levels.max())
    if window_of(low, high) != zero:
        raise Inexact("is no function of steps of equal width")
    return Exact((part,), (levels + zero).astype(np.int8), scale, addend, zero, low, high, grid.exponent)


def _offset(sums: Accumulator, shift: Int64, apply: Apply, low: int, high: int, zero: int, grid: Grid) -> Exact:
    """Half the slope around a value at zero: the hard sigmoid."""
    at_zero = int(on_grid(apply(np.zeros((1, 1))), grid)[0, 0])
    if not -128 <= at_zero + zero <= 127:
        raise Inexact("is no function of steps of equal width")
    scale, addend, rounding = _sharpened(sums, shift)
    part = _shifted(shift + scale, at_zero + zero, low + zero, high + zero, rounding)
    return Exact((part,), None, scale, addend, zero, low, high, grid.exponent)


def _levels(sums: Accumulator, apply: Apply, grid: Grid, low: int, high: int, zero: int) -> Exact:
    """A function of two or three levels, whatever their thresholds: found by bisection, then floors and a table."""
    channels = np.broadcast_shapes(sums.low.shape, sums.exponent.shape)
    bottom, top = np.broadcast_to(sums.low, channels), np.broadcast_to(sums.high, channels)

    def first_above(level: int) -> Int64:
        """For each channel the smallest sum whose result passes ``level`` (top + 1: none)."""
        below, above = bottom - 1, top + 1
        for _ in range(64):
            middle = (below + above) // 2
            passes = on_grid(apply(sums.values(middle[None])), grid)[0] > level
            inside = (middle > below) & (middle < above)
            above = np.where(passes & inside, middle, above)
            below = np.where(~passes & inside, middle, below)
        return above

    upper = first_above(low)
    seen = on_grid(apply(sums.values(np.clip(upper, bottom, top)[None])), grid)[0]
    middle = int(seen[upper <= top].min()) if bool((upper <= top).any()) else high
    values = np.zeros(256, np.int64)
    if middle == high:
        part = Requantise(np.full(1, IDENTITY, np.int32), np.full(1, -31, np.int32), 0, -1, 0, Rounding.FLOOR, 1)
        values[:128], values[128:] = low, high
    else:
        step = np.maximum(first_above(middle) - upper, 1)
        left = 2
        right = np.ceil(np.log2(step)).astype(np.int64) + left - 1
        multiplier = np.minimum(-((-np.int64(1) << (31 - left + right)) // step), (1 << 31) - 1)
        part = Requantise(multiplier.astype(np.int32), -right.astype(np.int32), 0, -1, 1, Rounding.FLOOR, left)
        values[:128], values[128], values[129:] = low, middle, high
    return Exact((part,), (values + zero).astype(np.int8), 0, -upper, zero, low, high, grid.exponent)


def _lines(sums: Accumulator, apply: Apply, low: int, high: int, zero: int, grid: Grid) -> Exact:
    """Steps of any width, by a multiplier for each channel; both halves of a kinked function by themselves."""

    def result(points: Int64) -> Int64:
        return on_grid(apply(sums.values(points)), grid)

    channels = np.broadcast_shapes(sums.low.shape, sums.exponent.shape)
    bottom, top = np.broadcast_to(sums.low, channels), np.broadcast_to(sums.high, channels)
    kinked = grid.slope != 1.0 and low < 0 < high
    try:
        wanted = (lines.Part(0, high), lines.Part(low, 0, -round(np.log2(grid.slope)))) if kinked else None
        found = lines.line(wanted or (lines.Part(low, high),), bottom, top, result)
    except lines.NoLine as error:
        raise Inexact(str(error)) from None
    parts = found.parts
    if not kinked:
        parts = (replace(parts[0], zero_point=zero, minimum=low + zero, maximum=high + zero),)
    return Exact(parts, None, found.scale, found.addend, zero, low, high, grid.exponent)


def engine(exact: Exact, sums: Int64) -> Int64:
    """What the engine computes from integer sums (points, channels), zero point removed."""
    whole = (sums << exact.scale) + exact.addend
    results = [requantise(whole, part).astype(np.int64) for part in exact.parts]
    if exact.table is not None:
        return exact.table.astype(np.int64)[results[0] + 128] - exact.zero_point
    return results[0] - exact.zero_point if len(results) == 1 else results[0] + results[1]


def _proved(exact: Exact, sums: Accumulator, apply: Apply, grid: Grid) -> Exact:
    largest = (np.maximum(np.abs(sums.low), np.abs(sums.high)) << exact.scale) + np.abs(exact.addend)
    for part in exact.parts:
        room = 31 - part.left - np.maximum(part.shift.astype(np.int64), 0)
        if bool((largest >= np.int64(1) << np.maximum(room, 0)).any()):
            raise Inexact("its accumulator passes 30 bits")
    points = _points(exact, sums)
    wanted = on_grid(apply(sums.values(points)), grid)
    if not np.array_equal(engine(exact, points), wanted):
        raise Inexact("does not round its accumulator in steps of equal width")
    return exact


def _points(exact: Exact, sums: Accumulator) -> Int64:
    """Both sides of every step of the engine's function, and the ends; (points, channels)."""
    found: list[np.ndarray] = []
    channels = np.broadcast_shapes(sums.low.shape, exact.addend.shape)
    for part in exact.parts:
        levels = np.arange(part.minimum - part.zero_point - 2, part.maximum - part.zero_point + 3)[:, None]
        # a step of the result in sums: 2**right * 2**31 / multiplier / 2**left
        width = np.ldexp(1.0 / part.multiplier, 31 - part.shift.astype(np.int64) - part.left)
        for half in (0.0, 0.5):
            edges = ((levels + half) * width - exact.addend) / 2.0**exact.scale
            found += [np.broadcast_to(np.floor(edges) + near, (len(levels), *channels)) for near in (-1, 0, 1, 2)]
    found += [
        np.broadcast_to(sums.low, (1, *channels)),
        np.broadcast_to(sums.high, (1, *channels)),
        np.broadcast_to(np.arange(-2, 3)[:, None], (5, *channels)),
    ]
    return np.clip(np.concatenate(found), sums.low, sums.high).astype(np.int64)


# averages -------------------------------------------------------------------------------------------------------


def fit_average(
    low: int,
    high: int,
    ratio: float,
    value: Callable[[Int64], Float64],
    apply: Apply,
    grid: Grid,
    window: tuple[int, int, int],
) -> Requantise:
    """Requantisation of integer sums low .. high whose value is value(sum), about sum * ratio grid steps.

    window: (lowest result, highest result, zero point). Proved over every sum. Raises Inexact.
    """
    if high - low >= _ENUMERATED:
        raise Inexact(f"averages over {high - low} different sums")
    sums = np.arange(low, high + 1, dtype=np.int64)[:, None]
    wanted = on_grid(apply(value(sums)), grid)
    bottom, top, zero = window
    slopes = [1.0] if grid.slope == 1.0 or bottom >= 0 else [1.0, grid.slope]
    if len(slopes) > 1:
        raise Inexact("has two slopes")
    room = 30 - max(abs(low), abs(high), 1).bit_length()
    for left in range(room, max(room - 6, -1), -1):
        right = left - int(np.floor(np.log2(ratio))) - 1
        if not 0 <= right <= 31:
            continue
        ideal = ratio * 2.0 ** (31 + right - left)
        for multiplier in dict.fromkeys((round(ideal), int(ideal), int(ideal) + 1)):
            if not 0 < multiplier < 1 << 31:
                continue
            by = Requantise(
                np.array([multiplier], np.int32),
                np.array([-right], np.int32),
                zero,
                bottom + zero,
                top + zero,
                Rounding.HALF_EVEN,
                left,
            )
            if np.array_equal(requantise(sums, by).astype(np.int64) - zero, wanted):
                return by
    raise Inexact("divides by a number for which no exact multiplier was found")


def table(values: Float64, grid: Grid | None) -> tuple[Int8, int, int]:
    """(table, exponent, zero point) of a function of 256 int8 values, given its results. Raises Inexact."""
    exponent = grid.exponent if grid else int(common_exponent(values))
    whole = on_grid(values, Grid(exponent))
    zero = window_of(int(whole.min()), int(whole.max()))
    return (whole + zero).astype(np.int8), exponent, zero
