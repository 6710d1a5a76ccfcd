"""The user's layer names, found again in a flatbuffer's tensor names."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NOISE = re.compile(r"^(StatefulPartitionedCall|PartitionedCall|serving_default_?.*|Identity(_\d+)?|arith\.constant\d*|"
                    r"tfl\.\w+|model|functional(_\d+)?|sequential(_\d+)?)(:\d+)?$")
_COUNTER = re.compile(r"_\d+$")


def layer_name(tensor_names: Iterable[str], layers: frozenset[str]) -> str | None:
    """The layer that the first telling tensor name speaks of, or None.

    A fused operation's tensor is named after all layers in it, joined by ";"; the last one does the arithmetic.
    ``layers`` are the model's layer names where they are known.
    """
    for joined in tensor_names:
        for name in reversed(joined.split(";")):
            parts = [part for part in name.split("/") if part and not _NOISE.match(part)]
            for part in reversed(parts):
                if part in layers:
                    return part
                if _COUNTER.sub("", part) in layers:  # Keras counts the calls of a model
                    return _COUNTER.sub("", part)
            if not layers and parts:
                return parts[-2] if len(parts) > 1 else parts[-1]
    return None


class Namer:
    """Gives each node a name of its own."""

    def __init__(self, layers: Iterable[str]) -> None:
        self._layers = frozenset(layers)
        self._taken: set[str] = set()

    def name(self, tensor_names: Iterable[str], kind: str) -> str:
        """A new name from these tensors, telling first; with the operation's kind and a counter where it is taken."""
        base = layer_name(tensor_names, self._layers)
        choices = [kind.lower()] if base is None else [base, f"{base}_{kind.lower()}"]
        number = 1
        while choices[0] in self._taken:
            choices.pop(0)
            if not choices:
                number += 1
                choices = [f"{base}_{kind.lower()}_{number}" if base else f"{kind.lower()}_{number}"]
        self._taken.add(choices[0])
        return choices[0]
