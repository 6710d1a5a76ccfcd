"""The result of a verification."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from flow.graph.ir import Int8


@dataclass(frozen=True)
class Mismatch:
    """One value that differs: index is (row, column, channel) of the tensor."""

    layer: str
    tensor: str
    image: int
    index: tuple[int, int, int]
    got: int
    expected: int


@dataclass(frozen=True)
class LayerVerdict:
    """One compared tensor.

    cycles: from the previous layer's last write response to this one's, over all launches; utilisation: its useful
    products over those the array could have done in them (both None where the engine has no clock).
    """

    name: str
    kind: str
    tensor: str
    values: int
    wrong: int
    alive: bool
    macs: int
    cycles: int | None
    utilisation: float | None


@dataclass(frozen=True)
class Verdict:
    """What was compared, whether all was equal, and what the engine's clock said.

    macs is the useful multiply-accumulates of one image; peak_macs_per_cycle and utilisation are one core's, over all
    cycles from doorbell to done with full batches. mismatches holds the first ones only; dead_tensors those whose
    equality proves little, and why; the constant ones of them are not counted as compared, and where an output is
    constant, bit_exact is False. given: how many of the images are the
    user's calibration data.
    """

    engine: str
    bit_exact: bool
    images: int
    launches: int
    layers_compared: int
    values_compared: int
    values_wrong: int
    mismatches: tuple[Mismatch, ...]
    dead_tensors: tuple[tuple[str, str], ...]
    cycles: int | None
    macs: int
    peak_macs_per_cycle: int
    utilisation: float | None
    layers: tuple[LayerVerdict, ...]
    counters: tuple[tuple[str, int], ...]
    trace_layers: bool
    oracle: str = "tflite"
    given: int = 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; counters as an object."""
        return {**asdict(self), "counters": dict(self.counters)}


@dataclass(frozen=True)
class Verification:
    """A verdict with its evidence: per image the stimuli, the outputs expected by the oracle, the outputs obtained."""

    verdict: Verdict
    stimuli: tuple[dict[str, Int8], ...]
    expected: tuple[dict[str, Int8], ...]
    obtained: tuple[dict[str, Int8], ...]
