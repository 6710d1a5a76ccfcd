"""Sizing: device table, resource model, cycle model, and the search that picks an engine."""

from flow.size.choose import choose
from flow.size.devices import DEVICES, Device, Family, lookup
from flow.size.search import evaluate
from flow.size.sizing import Goal, Sizing

__all__ = ["DEVICES", "Device", "Family", "Goal", "Sizing", "choose", "evaluate", "lookup"]
