"""A comparison of dead tensors proves nothing: finds those whose values hardly vary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from flow.graph.ir import Int8

#: largest share of a tensor's values that may stand at one end of its range
SATURATED = 0.5


@dataclass(frozen=True)
class Dead:
    """A tensor that proves little. why: for a user; constant: it proves nothing."""

    tensor: str
    why: str
    constant: bool


def dead_tensors(images: Sequence[Mapping[str, Int8]], floors: Mapping[str, int] | None = None) -> list[Dead]:
    """Tensors that are constant over all images, or have more than half of their values at an end of the int8 range.

    images: for each image tensor name -> values. floors: the value that stands for zero where a ReLU clamps (a tensor's
    zero point); half of a living ReLU's outputs may well be there, so only its upper end counts.
    """
    dead = []
    for name in images[0] if images else ():
        values = np.concatenate([np.asarray(image[name]).reshape(-1) for image in images])
        if values.size > 1 and (values == values[0]).all():
            dead.append(Dead(name, f"all {values.size} values are {values[0]}", True))
            continue
        for end in (end for end in (-128, 127) if end != (floors or {}).get(name)):
            share = float((values == end).mean())
            if values.size > 1 and share > SATURATED:
                dead.append(Dead(name, f"{share:.0%} of its values are {end}, an end of the range", False))
    return dead
