"""Which of the engines that fit is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow.size import candidates, cycles
from flow.size.candidates import Candidate
from flow.size.devices import Device
from flow.size.engines import Engines, bytes_per_cycle
from flow.size.sizing import Goal
from flow.size.work import Work

Floats = npt.NDArray[np.float64]

#: Engines within this share of the best count as equally fast (the cycle model is no better); steps between them.
SAME = 0.02
STEP = 0.002


def bandwidth(candidate: Candidate, device: Device) -> float:
    return bytes_per_cycle(candidate.hw, device.memory.gigabytes_per_second)


@dataclass(frozen=True)
class Speeds:
    """Geometric means over the networks, [engines]: frames per second of all cores, seconds of a launch."""

    fps: Floats
    seconds: Floats

    def take(self, index: Sequence[int]) -> "Speeds":
        """Those of some of the engines."""
        return Speeds(self.fps[index], self.seconds[index])

    def value(self, goal: Goal) -> Floats:
        """The more the better."""
        return 1.0 / self.seconds if goal is Goal.LATENCY else self.fps


def estimated_speeds(found: Sequence[Candidate], networks: Sequence[Sequence[Work]], device: Device) -> Speeds:
    """By the analytic model."""
    engines = Engines.of([c.hw for c in found], [bandwidth(c, device) for c in found])
    clock = np.array([c.hw.clock_mhz * 1e6 for c in found])
    images = np.array([float(c.hw.cores * c.hw.pix) for c in found])
    seconds = np.exp(np.mean([np.log(cycles.totals(engines, network) / clock) for network in networks], axis=0))
    return Speeds(images / seconds, seconds)


def cost(candidate: Candidate) -> tuple[int, int]:
    """Of all cores: DSP blocks and LUT, of an ASIC area (um2) and nothing."""
    first, second = candidate.use.cost
    return first * candidate.hw.cores, second * candidate.hw.cores


def _order(candidate: Candidate) -> tuple[int, ...]:
    """The smaller engine: fewer DSP blocks, less logic (of an ASIC: less area), then the shape."""
    hw = candidate.hw
    return (*cost(candidate), hw.pix, hw.cols, hw.rows, hw.cores, hw.acc_depth, hw.inp_vectors, hw.wgt_depth)


def _tie(candidate: Candidate, short: float) -> tuple[float, ...]:
    """Of nearly equally fast engines: fewer images in flight (a shorter launch, more room for each image's maps), fewer
    cores, then the faster (in steps), more finished tiles in OUT, deeper accumulators, the smaller. ``short``: share
    missing to the best."""
    hw = candidate.hw
    tiles = min(hw.out_depth // hw.acc_depth, candidates.OUT_TILES)
    return (hw.cores * hw.pix, hw.cores, int(short / STEP), -tiles, -hw.acc_depth, *_order(candidate))


def with_fewer_cores(candidate: Candidate, device: Device) -> list[Candidate]:
    """The same core, on ever fewer regions."""
    found = [candidate]
    cores = list(candidate.cores)
    while sum(cores) > 1:
        fullest = max(range(len(cores)), key=lambda at: (cores[at], at))
        cores[fullest] -= 1
        found.append(candidates.placed(candidate.hw, candidate.use, device, tuple(cores)))
    return found


def pick(found: Sequence[Candidate], speeds: Speeds, goal: Goal, target_fps: float | None) -> list[int]:
    """Indices, best first; of a target the smallest that reach it."""
    if not found:
        return []
    if target_fps is not None:
        reached = [at for at in range(len(found)) if speeds.fps[at] >= target_fps]
        return sorted(reached, key=lambda at: _order(found[at]))
    value = speeds.value(goal)
    best = float(value.max())
    near = [at for at in range(len(found)) if value[at] >= best * (1 - SAME)]
    near.sort(key=lambda at: _tie(found[at], 1 - float(value[at]) / best))
    far = [at for at in range(len(found)) if value[at] < best * (1 - SAME)]
    far.sort(key=lambda at: (-float(value[at]), _order(found[at])))
    return near + far
