"""Tiles of a map and the rows and columns of the source they need."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from flow.graph.ir import Tensor, Window


@dataclass(frozen=True)
class Span:
    """Positions [start, stop) of one axis of a source, of which ``before`` and ``after`` lie outside its map."""

    start: int
    stop: int
    before: int
    after: int

    @property
    def size(self) -> int:
        return self.stop - self.start

    @property
    def inside(self) -> int:
        return self.size - self.before - self.after


def source_span(first: int, count: int, stride: int, dilation: int, kernel: int, before: int, limit: int) -> Span:
    """What ``count`` outputs from ``first`` on read along one axis of ``limit`` positions."""
    start = first * stride - before
    stop = (first + count - 1) * stride - before + (kernel - 1) * dilation + 1
    low = min(max(0, -start), stop - start)
    high = min(max(0, stop - limit), stop - start - low)
    return Span(start, stop, low, high)


@dataclass(frozen=True)
class Tile:
    """Output rows [y, y + height) and columns [x, x + width)."""

    y: int
    x: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        return self.height * self.width

    def rows(self, window: Window, source: Tensor) -> Span:
        return source_span(self.y, self.height, window.stride[0], window.dilation[0], window.kernel[0],
                           window.padding.top, source.height)

    def columns(self, window: Window, source: Tensor) -> Span:
        return source_span(self.x, self.width, window.stride[1], window.dilation[1], window.kernel[1],
                           window.padding.left, source.width)


def split(total: int, largest: int) -> list[tuple[int, int]]:
    """(start, size) of the fewest nearly equal parts of at most ``largest``."""
    parts = -(-total // largest)
    bounds = [total * n // parts for n in range(parts + 1)]
    return [(low, high - low) for low, high in pairwise(bounds)]


def tiles(height: int, width: int, tile_height: int, tile_width: int) -> list[Tile]:
    """The map cut into tiles, row by row."""
    return [Tile(y, x, h, w) for y, h in split(height, tile_height) for x, w in split(width, tile_width)]
