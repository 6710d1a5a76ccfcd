"""Which die region each core goes to, and which memory each channel is."""

from __future__ import annotations

from dataclasses import dataclass

from flow.errors import Problem, UsageError
from flow.project.board import Board, MemoryPort


@dataclass(frozen=True)
class CorePlace:
    """One core: its number, its channel, its place among the cores of that channel, its die region."""

    core: int
    channel: int
    slot: int
    region: int


@dataclass(frozen=True)
class Placement:
    """Cores in order of their numbers, and the memory of each channel."""

    cores: tuple[CorePlace, ...]
    memories: tuple[MemoryPort, ...]


def place(cores_per_region: tuple[int, ...], channels: int, board: Board) -> Placement:
    """Cores are dealt to the regions in rounds, so that cores of one round have different channels; each channel takes
    a memory of the region its first core is in, or else the first one free. UsageError if the board has too few."""
    if channels > len(board.memories):
        raise UsageError(Problem(f"hw.json: channels on {board.name}", f"{channels}",
                                 f"at most {len(board.memories)} memory channels"))
    rounds = max(cores_per_region, default=0)
    order = [region for number in range(rounds) for region, count in enumerate(cores_per_region) if count > number]
    cores = tuple(CorePlace(core, core % channels, core // channels, region) for core, region in enumerate(order))
    free = list(board.memories)
    memories = []
    for channel in range(channels):
        region = next(core.region for core in cores if core.channel == channel)
        chosen = next((port for port in free if port.region == region), free[0])
        free.remove(chosen)
        memories.append(chosen)
    return Placement(cores, tuple(memories))
