"""The user's layer names, found again in a flatbuffer's tensor names."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NOISE = re.compile(
    r"^(StatefulPartitionedCall|PartitionedCall|serving_default_?.*|Identity(_\d+)?|arith\.constant\d*|"
    r"tfl\.\w+|model|functional(_\d+)?|sequential(_\d+)?)(:\d+)?$"
)
#: operations that give a fused one its name
_ARITHMETIC = re.compile(r"/(convolution|depthwise|MatMul|Conv2D|DepthwiseConv2dNative|DepthwiseConv2D)\d*$")
_COUNTER = re.compile(r"_\d+$")


_SAFE = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")  # as part of a TensorFlow name
_UNSAFE = re.compile(r"[^A-Za-z0-9_]")


def safe_names(names: Iterable[str]) -> dict[str, str]:
    """For each name one that TensorFlow takes: itself where possible, else another that none of them has."""
    own = list(dict.fromkeys(names))
    safe = {name: name for name in own if _SAFE.fullmatch(name)}
    taken = {name.lower() for name in safe}
    return safe | {name: _free(_plain(name, "layer"), taken) for name in own if name not in safe}


def input_names(names: Iterable[str]) -> list[str]:
    """For each network input a name of letters, digits and underscores that no other has, in their order."""
    taken: set[str] = set()
    return [_free(_plain(name, "input"), taken) for name in names]


def _plain(name: str, before: str) -> str:
    plain = _UNSAFE.sub("_", name)
    return plain if plain[:1].isalnum() else f"{before}{plain}"


def _free(name: str, taken: set[str]) -> str:
    """``name``, numbered if it is taken (TensorFlow does not distinguish capitals); it is taken then."""
    free, number = name, 1
    while free.lower() in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free.lower())
    return free


def layer_name(tensor_names: Iterable[str], layers: frozenset[str]) -> str | None:
    """The layer that the first telling tensor name speaks of, or None.

    A fused operation's tensor is named after all layers in it, joined by ";"; the one with weights counts, else the
    last. ``layers`` are the model's layer names where they are known.
    """
    for joined in tensor_names:
        fused = joined.split(";")[::-1]
        for name in sorted(fused, key=lambda name: not _ARITHMETIC.search(name)):
            parts = [part for part in name.split("/") if part and not _NOISE.match(part)]
            counter = _COUNTER.search(parts[0]) if parts else None  # Keras counts the calls: model_1/layer_1/operation
            for part in reversed(parts):
                plain = part.removesuffix(counter.group()) if counter else part
                if plain in layers or part in layers:
                    return plain if plain in layers else part
            if not layers and parts:
                return parts[-2] if len(parts) > 1 else parts[-1]
    return None


class Namer:
    """Gives each node a name of its own."""

    def __init__(self, layers: Iterable[str]) -> None:
        self._own = {safe: own for own, safe in safe_names(layers).items()}
        self._layers = frozenset(self._own)
        self._taken: set[str] = set()

    @property
    def knows_layers(self) -> bool:
        """Whether the model's layer names are known (and tensor names to be searched for them)."""
        return bool(self._layers)

    def name(self, tensor_names: Iterable[str], kind: str) -> str:
        """A new name from these tensors, telling first; with the operation's kind and a counter where it is taken."""
        found = layer_name(tensor_names, self._layers)
        base = self._own.get(found, found) if found else None
        choices = [kind.lower()] if base is None else [base, f"{base}_{kind.lower()}"]
        number = 1
        while choices[0] in self._taken:
            choices.pop(0)
            if not choices:
                number += 1
                choices = [f"{base}_{kind.lower()}_{number}" if base else f"{kind.lower()}_{number}"]
        self._taken.add(choices[0])
        return choices[0]
