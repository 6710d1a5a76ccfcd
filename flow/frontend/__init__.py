"""Trained model file -> integer graph."""

from flow.frontend.importer import Imported, import_model
from flow.frontend.lower import operations

__all__ = ["Imported", "import_model", "operations"]
