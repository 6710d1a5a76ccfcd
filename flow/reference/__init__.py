"""The executable specification: the instruction set in readable NumPy."""

from flow.reference.engine import Engine, Verdict

__all__ = ["Engine", "Verdict"]
