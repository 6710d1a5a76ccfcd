"""A QKeras model as a list of steps: quantised weights and functions as QKeras itself computes them, no Keras objects.

A step's ``name`` is the tensor it makes: the Keras layer whose output that is, or the layer's name with a suffix for
what stands before the layer's own activation. Shapes are (height, width, channels); values are exact floats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow.graph.ir import Padding, Window

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """Values a quantiser can give: integer multiples of 2**-exponent. slope: of its negative half (1: no kink)."""

    exponent: int
    slope: float = 1.0


@dataclass(frozen=True)
class Step:
    """layer: the Keras layer; inputs: names of earlier steps."""

    name: str
    layer: str
    inputs: tuple[str, ...]
    shape: tuple[int, int, int]


@dataclass(frozen=True)
class Source(Step):
    """A network input."""


@dataclass(frozen=True, eq=False)
class Linear(Step):
    """Convolution, weights (KH, KW, I, O), depthwise (KH, KW, I * multiplier), or dense (I, O) if there is no window.

    Weights and bias are the quantised ones; ``weight_quantiser`` and ``bias_quantiser`` are for messages.
    """

    weights: Float64
    bias: Float64
    window: Window | None
    depthwise: bool
    weight_quantiser: str
    bias_quantiser: str


@dataclass(frozen=True)
class Function(Step):
    """An elementwise function. apply(values, wide): what QKeras computes in float32, or with ``wide`` in float64.

    grid: of its results, None if it does not quantise; label: how the user wrote it. straight: made of straight lines
    and steps, none of which falls (but see falls); only then can it follow an accumulator. falls: for a function of its
    own for each channel, whether it falls there; None if it is the same for all. apply takes (points, channels).
    """

    apply: Callable[[Float64, bool], Float64]
    grid: Grid | None
    label: str
    straight: bool = True
    falls: tuple[bool, ...] | None = None


@dataclass(frozen=True)
class MaxPool(Step):
    window: Window


@dataclass(frozen=True)
class Average(Step):
    """Mean over a window (None: over the map), then times ``factor`` (QKeras's quantised reciprocal times the area)."""

    window: Window | None
    area: int
    factor: float | None


@dataclass(frozen=True)
class Sum(Step):
    """Elementwise sum of all inputs."""


@dataclass(frozen=True)
class Pad(Step):
    padding: Padding


@dataclass(frozen=True)
class Reshape(Step):
    """The same values in the same order."""


@dataclass(frozen=True)
class Joined(Step):
    """Concatenation along channels."""


@dataclass(frozen=True)
class Softmax(Step):
    """Over channels; on the host."""


@dataclass(frozen=True)
class Network:
    """Steps in an order in which inputs come first; outputs are names of steps.

    wide: only float64 is exact enough, whatever the accumulators.
    """

    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    wide: bool = False
