"""Types of the integer graph.

Every constant of the arithmetic stands in the node explicitly (int32, as the oracle computes them), so that neither the
scheduler nor an engine ever touches a float. Shapes are of one image, without the batch: (height, width, channels);
a flat tensor of n values is (1, 1, n).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt

Int8 = npt.NDArray[np.int8]
Int16 = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]


class Rounding(Enum):
    """Rounding of the requantiser's right shift (same meaning as ``flow.isa.description.Rounding``).

    HALF_UP rounds once: (x * 2**left * multiplier + 2**(30 + right)) >> (31 + right); TensorFlow Lite's dense layers.
    """

    HALF_AWAY = "half_away"
    HALF_EVEN = "half_even"
    HALF_UP = "half_up"
    FLOOR = "floor"


@dataclass(frozen=True)
class Tensor:
    """An int8 activation. scale and zero_point give its real value: scale * (q - zero_point)."""

    name: str
    height: int
    width: int
    channels: int
    scale: float
    zero_point: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.height, self.width, self.channels)

    @property
    def size(self) -> int:
        return self.height * self.width * self.channels


@dataclass(frozen=True)
class Requantise:
    """int32 -> int8: saturating rounding doubling high multiply by ``multiplier`` of x * 2**(max(shift, 0) + left),
    rounding right shift by max(-shift, 0), plus ``zero_point``, clamped to [minimum, maximum].

    multiplier and shift are int32 arrays of one value, or one per output channel (shift > 0 is left, as in TFLite).
    left = 1 with multiplier 2**30 makes the multiplication the identity for |x| < 2**30: requantisation by shifts
    alone.
    wrap (Conv2D, DepthwiseConv2D and Dense only, zero point 0): instead of clamping, (x modulo 256) - 128.
    """

    multiplier: Int32
    shift: Int32
    zero_point: int
    minimum: int
    maximum: int
    rounding: Rounding = Rounding.HALF_AWAY
    left: int = 0
    wrap: bool = False


@dataclass(frozen=True)
class Padding:
    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0


@dataclass(frozen=True)
class Window:
    """Kernel geometry of a convolution or pooling (rows, columns)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int] = (1, 1)
    padding: Padding = Padding()


@dataclass(frozen=True)
class Node:
    """Base of all operations. ``name`` is the layer as the user knows it; inputs and outputs are tensor names."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Conv2D(Node):
    """out = requantise(bias + (sum (x - x_zero_point) * weights) * 2**bias_shift), weights (O, KH, KW, I) int8.

    Outside the map x is its zero point. bias_shift is for biases with a finer step than the products'.
    """

    window: Window
    weights: Int8
    bias: Int32
    requantise: Requantise
    bias_shift: int = 0


@dataclass(frozen=True)
class DepthwiseConv2D(Node):
    """As Conv2D with one input channel per output: c reads c // multiplier; weights (KH, KW, I * multiplier).

    A multiplication by a constant of each channel is one, too; its weights may need 9 bits and are then int16.
    """

    window: Window
    weights: Int8 | Int16
    bias: Int32
    requantise: Requantise
    bias_shift: int = 0


@dataclass(frozen=True)
class Dense(Node):
    """Flattens its input (height, width, channels order), then weights (O, I) int8 as Conv2D."""

    weights: Int8
    bias: Int32
    requantise: Requantise
    bias_shift: int = 0


@dataclass(frozen=True)
class Add(Node):
    """out = requantise(table_a[x0 + 128] + table_b[x1 + 128]); tables of 256 int32 hold the inputs' own scaling.

    The inputs have one shape, or the second is (1, 1, channels) and is broadcast over the map.
    """

    table_a: Int32
    table_b: Int32
    requantise: Requantise


@dataclass(frozen=True)
class Multiply(Node):
    """out = requantise(table_a[x0 + 128] * table_b[x1 + 128]), shapes as for Add."""

    table_a: Int32
    table_b: Int32
    requantise: Requantise


@dataclass(frozen=True)
class AddConstant(Node):
    """out = requantise(table[x + 128] + values[channel]); table of 256 int32, values one int32 per channel."""

    table: Int32
    values: Int32
    requantise: Requantise


@dataclass(frozen=True)
class MaxPool2D(Node):
    """Maximum over the window's taps inside the map, clamped to [minimum, maximum]."""

    window: Window
    minimum: int
    maximum: int


@dataclass(frozen=True)
class AveragePool2D(Node):
    """Mean of the raw int8 values over the window's taps inside the map, halves away from zero, clamped.

    With ``by_count``, pairs (number of taps inside the map, per-tensor Requantise) for every number that occurs:
    requantise(sum (x - x_zero_point)) instead, then clamped.
    """

    window: Window
    minimum: int
    maximum: int
    by_count: tuple[tuple[int, Requantise], ...] = ()


@dataclass(frozen=True)
class Mean(Node):
    """Over rows and columns: requantise(sum + offset), output (1, 1, channels)."""

    offset: int
    requantise: Requantise


@dataclass(frozen=True)
class Pad(Node):
    """The input surrounded by ``value``."""

    padding: Padding
    value: int


@dataclass(frozen=True)
class Unary(Node):
    """out = table[x + 128]; any function of one int8 value, a change of scale included."""

    function: str
    table: Int8


@dataclass(frozen=True)
class Concatenate(Node):
    """Along channels; all inputs and the output share scale and zero point."""


@dataclass(frozen=True)
class Gather(Node):
    """Moves values: out[y, x, c] is the value at ``indices[y, x, c]`` of all inputs, each flattened in (height, width,
    channels) order, one after the other; ``value`` where the index is -1. All tensors share scale and zero point.

    indices: int32 of the output's shape. Slices, transpositions, repetitions, splits are all this.
    """

    indices: Int32
    value: int = 0


@dataclass(frozen=True)
class Extremum(Node):
    """The larger (``largest``) or smaller of two int8 values; shapes as for Add."""

    largest: bool


@dataclass(frozen=True)
class Reshape(Node):
    """Same values in (height, width, channels) order under another shape."""


@dataclass(frozen=True)
class Softmax(Node):
    """On the host, over channels (the last axis). ``beta`` as in TFLite."""

    beta: float = 1.0


@dataclass(frozen=True)
class Wide:
    """An output wider than 8 bits: the layer ``name``'s values are the sum of what ``planes`` stand for (digits to base
    256, -128 .. 127, least significant first)."""

    name: str
    planes: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which every input is a graph input or an earlier node's output.

    ``inputs`` and ``outputs`` are names of tensors, in the model's order; the host quantises and dequantises.
    ``inside``: tensors between the nodes that stand for one operation together; the oracle does not know them.
    """

    name: str
    tensors: dict[str, Tensor]
    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    oracle: str = "tflite"
    notes: tuple[str, ...] = field(default=())
    wide: tuple[Wide, ...] = ()
    inside: tuple[str, ...] = ()
