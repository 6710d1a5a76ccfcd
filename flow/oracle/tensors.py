"""How the flatbuffer's tensors are named and shaped in the integer graph; one home for the frontend and the oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def tensor_names(raw: Sequence[bytes | str | None]) -> tuple[str, ...]:
    """Unique names for a subgraph's tensors in their order: the flatbuffer's own, with #index where two are equal."""
    names = [(name.decode(errors="replace") if isinstance(name, bytes) else name) or "tensor" for name in raw]
    count = Counter(names)
    return tuple(name if count[name] == 1 else f"{name}#{index}" for index, name in enumerate(names))


def image_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    """(height, width, channels) of one image for a tensor of shape (1, ...), filled with ones from the left.

    Raises ValueError if the first dimension (the batch) is not 1 or there are more than four.
    """
    dims = tuple(int(n) for n in shape)
    if not dims:
        return (1, 1, 1)
    if dims[0] != 1 or len(dims) > 4 or any(n < 1 for n in dims):
        raise ValueError(f"shape {list(dims)} is not one image of at most three dimensions")
    filled = (1,) * (4 - len(dims)) + dims[1:]
    return (filled[0], filled[1], filled[2])
