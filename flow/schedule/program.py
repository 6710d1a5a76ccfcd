"""What the scheduler leaves: everything the emitters, the firmware and the verifier need, nothing to be guessed."""

from __future__ import annotations

from dataclasses import dataclass

from flow.graph.ir import Padding
from flow.hardware.config import HwConfig
from flow.isa.description import Region
from flow.isa.encoding import Instruction
from flow.schedule.bus import MemoryModel


@dataclass(frozen=True)
class Layout:
    """How a tensor lies in device memory: [blocks][height][width][pix][cols] bytes from ``offset`` in ``region``.

    Channels are padded up to blocks x cols; the values of padded channels are undefined.
    """

    region: Region
    offset: int
    height: int
    width: int
    channels: int
    blocks: int
    pix: int
    cols: int

    @property
    def size(self) -> int:
        return self.blocks * self.height * self.width * self.pix * self.cols


@dataclass(frozen=True)
class Fold:
    """How the host lays out a network input for its consumer.

    The laid-out map has position (y, x), channel ((fh * fold_w) + fw) * C + c, and the value of the source at row
    y * stride_h - top + fh * dilation_h, column x * stride_w - left + fw * dilation_w, channel c; ``value`` outside the
    map and in padded channels. Identity: fold 1 x 1, stride 1, no padding.
    """

    fold_h: int = 1
    fold_w: int = 1
    stride_h: int = 1
    stride_w: int = 1
    dilation_h: int = 1
    dilation_w: int = 1
    padding: Padding = Padding()
    value: int = 0


@dataclass(frozen=True)
class HostInput:
    """One copy of a network input in region INPUT. A network input may have several (one per way of folding).

    half_even: how the host rounds real values, halves to even (QKeras) or away from zero (TensorFlow Lite).
    """

    tensor: str
    height: int
    width: int
    channels: int
    scale: float
    zero_point: int
    fold: Fold
    layout: Layout
    half_even: bool = False


@dataclass(frozen=True)
class HostOutput:
    """One network output of shape (height, width, channels); ``layout`` may hold its values, in the same order, as a
    map of another shape. ``softmax_beta`` is set if the host still applies int8 softmax; then ``tensor`` is its input
    (scale, zero_point as given) and the result has ``result``'s name, scale and zero point. ``digit_of`` is set if the
    real values of all outputs with the same one add up to that network output, which is wider than 8 bits."""

    tensor: str
    height: int
    width: int
    channels: int
    scale: float
    zero_point: int
    layout: Layout
    softmax_beta: float | None
    result: str
    result_scale: float
    result_zero_point: int
    digit_of: str = ""


@dataclass(frozen=True)
class Written:
    """One tensor the engine writes to device memory, in the order of completion, with the layer that makes it.

    bytes_written is the number of bytes STORE writes for it (a verifier that counts them sees its last write, also
    where a later tensor reuses the memory).
    """

    tensor: str
    layer: str
    layout: Layout
    bytes_written: int


@dataclass(frozen=True)
class LayerSpan:
    """One engine layer: its own instructions, and its useful multiply-accumulates for one image.

    instructions: their places in the program, ascending; loads may lie among those of the layers before."""

    name: str
    kind: str
    instructions: tuple[int, ...]
    macs: int
    tensor: str


@dataclass(frozen=True)
class Program:
    """A launch: one batch of ``hw.pix`` images.

    constant is region CONSTANT's image, with the stream at ``stream_offset``; the other regions' sizes are in bytes.
    bytes_per_cycle: of the memory it was scheduled for, for one core, reads and writes together.
    """

    name: str
    hw: HwConfig
    instructions: tuple[Instruction, ...]
    constant: bytes
    stream_offset: int
    scratch_bytes: int
    input_bytes: int
    output_bytes: int
    inputs: tuple[HostInput, ...]
    outputs: tuple[HostOutput, ...]
    written: tuple[Written, ...]
    layers: tuple[LayerSpan, ...]
    macs: int
    bytes_per_cycle: float = MemoryModel().bytes_per_cycle

    @property
    def region_bytes(self) -> tuple[int, int, int, int]:
        """Size of each ``Region`` in bytes, in their order."""
        return (len(self.constant), self.scratch_bytes, self.input_bytes, self.output_bytes)
