"""The ``flow`` command."""

from flow.cli.main import main

__all__ = ["main"]
