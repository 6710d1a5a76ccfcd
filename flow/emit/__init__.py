"""From a scheduled program to the folder a hardware team picks up."""

from flow.emit.folder import emit_folder

__all__ = ["emit_folder"]
