"""From the integer graph and the engine's parameters to a program: tiles, buffers, addresses."""

from flow.schedule.compiler import compile_graph

#: ``flow.schedule.compile(graph, hw, trace, bytes_per_cycle)``
compile = compile_graph

__all__ = ["compile", "compile_graph"]
