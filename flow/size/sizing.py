"""What sizing answers: an engine, how fast it is, what it takes, why it was chosen and what came next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from flow.hardware.config import HwConfig
from flow.size import resources
from flow.size.cycles import Estimate
from flow.size.devices import Device, Resources
from flow.size.hwfile import text as hw_text


class Goal(Enum):
    """What is best: most images per second, the shortest launch, or the smallest engine that reaches ``target_fps``."""

    THROUGHPUT = "throughput"
    LATENCY = "latency"
    AREA = "area"


@dataclass(frozen=True)
class ModelEstimate:
    """Estimated speed of one model: frames per second of all cores, milliseconds of a launch (pix images), share of the
    array's peak, the bound that takes most cycles, and the layers that take most (name, bound, share of the cycles)."""

    name: str
    fps: float
    milliseconds: float
    utilisation: float
    cycles: int
    limiter: str
    limiting_layers: tuple[tuple[str, str, float], ...]
    estimate: Estimate

    @property
    def source(self) -> str:
        """What the figures are."""
        return f"estimated, {'its program timed' if self.estimate.scheduled else 'analytic'}"


@dataclass(frozen=True)
class RunnerUp:
    """An engine that was not taken, and why."""

    hw: HwConfig
    fps: float
    why: str


@dataclass(frozen=True)
class RegionUse:
    """Cores in one die region, what they take and what may be used."""

    cores: int
    used: Resources
    usable: Resources


@dataclass(frozen=True)
class Sizing:
    """An engine for a device. Speeds and logic are estimates; DSP blocks and memories are counted."""

    hw: HwConfig
    device: Device
    goal: Goal
    fits: bool
    core: resources.CoreUse
    regions: tuple[RegionUse, ...]
    models: tuple[ModelEstimate, ...]
    memory_bytes_per_cycle: float
    limiter: str
    runners_up: tuple[RunnerUp, ...]
    reasons: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Content of ``hw.json``."""
        return {"engine": self.hw.to_json(), "reason": self.reason_json()}

    def reason_json(self) -> dict[str, Any]:
        return {
            "device": {
                "name": self.device.name,
                "part": self.device.part,
                "source": self.device.source,
                "note": self.device.note,
            },
            "goal": self.goal.value,
            "macs_per_cycle": self.hw.macs_per_cycle * self.hw.cores,
            "memory_bytes_per_cycle_and_core": round(self.memory_bytes_per_cycle, 3),
            "limiter": self.limiter,
            "choices": dict(self.reasons),
            "buffers": [
                {
                    "name": b.name,
                    "memories": b.memories,
                    "width": b.width,
                    "depth": b.depth,
                    "primitive": b.primitive,
                    "count": b.count,
                }
                for b in self.core.buffers
            ],
            "regions": [
                {"cores": r.cores, "used": _resource_json(r.used), "usable": _resource_json(r.usable)}
                for r in self.regions
            ],
            "estimated": ["lut", "ff", "fps", "milliseconds", "utilisation"],
            "models": [
                {
                    "name": m.name,
                    "fps": round(m.fps, 2),
                    "milliseconds": round(m.milliseconds, 4),
                    "utilisation": round(m.utilisation, 4),
                    "scheduled": m.estimate.scheduled,
                    "limiter": m.limiter,
                    "limiting_layers": [
                        {"layer": n, "bound": b, "share": round(s, 4)} for n, b, s in m.limiting_layers
                    ],
                }
                for m in self.models
            ],
            "runners_up": [{"engine": shape_name(r.hw), "fps": round(r.fps, 2), "why": r.why} for r in self.runners_up],
        }

    def hw_json_text(self) -> str:
        return hw_text(self.hw, self.reason_json())

    def to_text(self) -> str:
        """Some forty lines for a reader."""
        hw, names = self.hw, resources.resource_names(self.device.family)
        lines = [
            f"{self.device.name} ({self.device.part}): engine {shape_name(hw)}, "
            f"{hw.macs_per_cycle * hw.cores} MACs per cycle"
            f" at {hw.clock_mhz:g} MHz (assumed), fits: {'yes' if self.fits else 'no'}",
            "",
        ]
        lines += [
            f"{m.name}: {m.fps:.1f} frames/s, {m.milliseconds:.3f} ms a batch of {hw.pix} a core, "
            f"{100 * m.utilisation:.1f} % of peak ({m.source}); bound by {m.limiter}, most in "
            + ", ".join(f"{n} ({b}, {100 * s:.1f} %)" for n, b, s in m.limiting_layers)
            for m in self.models
        ]
        lines += [
            "",
            "one core:",
            self.core.to_text(names),
            "",
            f"{'region':<8}{'cores':>6}"
            + "".join(f"{name:>22}" for name in names),
        ]
        for index, region in enumerate(self.regions):
            lines.append(
                f"{index:<8}{region.cores:>6}"
                + "".join(
                    f"{f'{a} / {b}':>22}" for a, b in zip(region.used.values(), region.usable.values(), strict=True)
                )
            )
        lines += ["", "why:"] + [f"  {name}: {why}" for name, why in self.reasons]
        lines += ["", "next best:"] + [f"  {shape_name(r.hw)}: {r.why}" for r in self.runners_up]
        return "\n".join(lines) + "\n"


def _resource_json(value: Resources) -> dict[str, int]:
    return dict(zip(("lut", "ff", "dsp", "bram", "uram"), value.values(), strict=True))


def shape_name(hw: HwConfig) -> str:
    return f"{hw.pix}x{hw.rows}x{hw.cols} x {hw.cores} core{'s' if hw.cores > 1 else ''}"
