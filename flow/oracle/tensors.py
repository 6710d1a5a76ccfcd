"""How the flatbuffer's tensors are named and shaped in the integer graph; one home for the frontend and the oracle."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence


def tensor_names(raw: Sequence[bytes | str | None]) -> tuple[str, ...]:
    """Unique names for a subgraph's tensors in their order: the flatbuffer's own, with #index where two are equal (and
    an underscore where one is called that)."""
    names = [(name.decode(errors="replace") if isinstance(name, bytes) else name) or "tensor" for name in raw]
    count = Counter(names)

    def own(name: str, index: int) -> str:
        name = f"{name}#{index}"
        while name in count:
            name += "_"
        return name

    return tuple(name if count[name] == 1 else own(name, index) for index, name in enumerate(names))


def image_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    """(height, width, channels) under which a tensor's values are seen: (1, ...) of at most four dimensions is filled
    with ones from the left, another one's leading dimensions become rows; the values keep their order.

    Raises ValueError if a dimension is less than 1.
    """
    dims = tuple(int(n) for n in shape)
    if any(n < 1 for n in dims):
        raise ValueError(f"shape {list(dims)} is open or empty")
    filled = (1, 1, 1, *dims)
    return (math.prod(filled[:-2]), filled[-2], filled[-1])
