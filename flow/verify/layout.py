"""Network inputs and tensors in device memory, in NumPy: the firmware's part, written again from the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from flow.graph.ir import Int8
from flow.schedule.program import Fold, HostInput, Layout

Memory = npt.NDArray[np.uint8]


def fold(image: Int8, rule: Fold, height: int, width: int, channels: int) -> Int8:
    """The laid-out map (height, width, channels) of one ``image`` (its own height, width, channels)."""
    rows = np.arange(height)[:, None] * rule.stride_h - rule.padding.top + np.arange(rule.fold_h) * rule.dilation_h
    columns = np.arange(width)[:, None] * rule.stride_w - rule.padding.left + np.arange(rule.fold_w) * rule.dilation_w
    inside_rows = (rows >= 0) & (rows < image.shape[0])
    inside_columns = (columns >= 0) & (columns < image.shape[1])
    y = np.clip(rows, 0, image.shape[0] - 1)[:, None, :, None]
    x = np.clip(columns, 0, image.shape[1] - 1)[None, :, None, :]
    inside = inside_rows[:, None, :, None] & inside_columns[None, :, None, :]
    taps = np.where(inside[..., None], image[y, x], np.int8(rule.value))
    return taps.reshape(height, width, -1)[:, :, :channels].astype(np.int8)


def pack(maps: Sequence[Int8], layout: Layout, value: int) -> Memory:
    """Bytes of ``layout`` holding ``maps`` (one per lane), ``value`` in padded channels."""
    padded = np.full((layout.pix, layout.height, layout.width, layout.blocks * layout.cols), value, np.int8)
    for lane, image in enumerate(maps):
        padded[lane, :, :, : layout.channels] = image
    split = padded.reshape(layout.pix, layout.height, layout.width, layout.blocks, layout.cols)
    return np.ascontiguousarray(split.transpose(3, 1, 2, 0, 4)).reshape(-1).view(np.uint8)


def unpack(data: Memory, layout: Layout) -> Int8:
    """A copy of the tensor (pix, height, width, channels) in the bytes of ``layout``."""
    split = data[: layout.size].view(np.int8).reshape(
        layout.blocks, layout.height, layout.width, layout.pix, layout.cols)
    joined = split.transpose(3, 1, 2, 0, 4).reshape(layout.pix, layout.height, layout.width, -1)
    return np.array(joined[..., : layout.channels], order="C")


def write_inputs(memory: Memory, inputs: Sequence[HostInput], images: Sequence[Mapping[str, Int8]]) -> None:
    """Lay the ``images`` of one batch (one per lane) out in the bytes of region INPUT."""
    for entry in inputs:
        layout = entry.layout
        maps = [fold(image[entry.tensor], entry.fold, layout.height, layout.width, layout.channels) for image in images]
        memory[layout.offset : layout.offset + layout.size] = pack(maps, layout, entry.fold.value)
