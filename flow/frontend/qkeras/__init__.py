"""QKeras model file -> integer graph, exact."""

from flow.frontend.qkeras.importer import import_qkeras

__all__ = ["import_qkeras"]
