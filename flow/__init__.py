"""flow: from a trained neural network to an FPGA, in one command, with proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flow.api import Compiled as Compiled
    from flow.api import Folder as Folder
    from flow.api import compile as compile

__version__ = "0.1.0"
_API = ("Compiled", "Folder", "compile")


def __getattr__(name: str) -> Any:
    """The public API, imported when first used, so that ``import flow`` is fast."""
    if name in _API:
        from flow import api

        return getattr(api, name)
    raise AttributeError(f"module 'flow' has no attribute {name!r}")
