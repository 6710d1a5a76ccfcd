"""Device memory layouts against the contract's formula, element by element."""

from __future__ import annotations

import numpy as np
import pytest

from flow.graph.ir import Padding
from flow.isa.description import Region
from flow.schedule.program import Fold, HostInput, Layout
from flow.verify import layout

SEED = 5


@pytest.mark.parametrize(("pix", "cols", "channels"), [(1, 4, 4), (2, 8, 3), (3, 4, 9), (6, 16, 33)])
def test_pack_is_the_contract(pix: int, cols: int, channels: int) -> None:
    """[block][row][column][lane][cols]"""
    random = np.random.default_rng(SEED)
    height, width, blocks = 3, 5, -(-channels // cols)
    shape = Layout(Region.SCRATCH, 0, height, width, channels, blocks, pix, cols)
    maps = random.integers(-128, 128, (pix, height, width, channels), np.int8)
    data = layout.pack(list(maps), shape, 77).view(np.int8)
    assert len(data) == shape.size
    for block, y, x, lane, c in np.ndindex(blocks, height, width, pix, cols):
        channel = block * cols + c
        expected = maps[lane, y, x, channel] if channel < channels else 77
        assert data[(((block * height + y) * width + x) * pix + lane) * cols + c] == expected
    assert (layout.unpack(data.view(np.uint8), shape) == maps).all()


@pytest.mark.parametrize("rule", [
    Fold(),
    Fold(fold_w=7, stride_h=2, stride_w=2, padding=Padding(3, 3, 3, 3), value=-5),
    Fold(fold_h=3, fold_w=2, stride_h=1, stride_w=3, dilation_h=2, dilation_w=2, padding=Padding(1, 0, 2, 1), value=9),
])
def test_fold_is_the_contract(rule: Fold) -> None:
    image = np.random.default_rng(SEED).integers(-128, 128, (8, 9, 3), np.int8)
    height, width, channels = 5, 4, rule.fold_h * rule.fold_w * 3
    got = layout.fold(image, rule, height, width, channels)
    for y, x, fh, fw, c in np.ndindex(height, width, rule.fold_h, rule.fold_w, 3):
        row = y * rule.stride_h - rule.padding.top + fh * rule.dilation_h
        column = x * rule.stride_w - rule.padding.left + fw * rule.dilation_w
        inside = 0 <= row < 8 and 0 <= column < 9
        expected = image[row, column, c] if inside else rule.value
        assert got[y, x, (fh * rule.fold_w + fw) * 3 + c] == expected


def test_inputs_go_to_their_offsets() -> None:
    place = Layout(Region.INPUT, 64, 2, 2, 3, 1, 2, 4)
    entry = HostInput("x", 2, 2, 3, 1.0, 0, Fold(value=6), place)
    memory = np.zeros(64 + place.size + 8, np.uint8)
    images = [{"x": np.full((2, 2, 3), lane + 1, np.int8)} for lane in range(2)]
    layout.write_inputs(memory, (entry,), images)
    assert not memory[:64].any()
    assert not memory[64 + place.size:].any()
    assert memory[64:72].tolist() == [1, 1, 1, 6, 2, 2, 2, 6]


def test_what_was_read_does_not_change_with_the_memory() -> None:
    entry = Layout(Region.SCRATCH, 0, 2, 3, 4, 1, 1, 4)  # one lane, one full block: the bytes lie as the tensor does
    memory = np.arange(entry.size, dtype=np.uint8)
    values = layout.unpack(memory, entry)
    memory[:] = 0
    assert values.reshape(-1).tolist() == list(range(entry.size))
