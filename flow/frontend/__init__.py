"""Trained model file -> integer graph."""

from flow.frontend.importer import Imported, import_model
from flow.frontend.lower import supported_operations

__all__ = ["Imported", "import_model", "supported_operations"]
