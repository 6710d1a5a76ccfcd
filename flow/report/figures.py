"""The figures of a report, each with what it is: estimated (the program's cycle model) or simulated (RTL)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flow.hardware.config import HwConfig
from flow.schedule.program import Program
from flow.schedule.timing import estimate
from flow.size import Sizing
from flow.size.devices import Device
from flow.size.sizing import ModelEstimate
from flow.verify.verdict import Verdict


@dataclass(frozen=True)
class Speed:
    """Frames per second of all cores, milliseconds of one batch, share of peak, and where the figures come from."""

    source: str
    fps: float
    milliseconds: float
    utilisation: float


@dataclass(frozen=True)
class EndToEnd:
    """Frames per second with the host's transfers, two batches in flight, over a link of an assumed rate each way, and
    where the engine's own rate in it comes from.

    The host's own work (layout of the inputs, softmax) is not in it.
    """

    source: str
    fps: float
    link_gigabytes_per_second: float
    bytes_up: int
    bytes_down: int


@dataclass(frozen=True)
class Figures:
    """Everything a report shows about one model; ``engine`` is pix x rows x cols."""

    fpga: str
    part: str
    model: str
    fits: bool
    engine: str
    cores: int
    channels: int
    macs_per_cycle: int
    clock_mhz: float
    memory_bytes_per_cycle: float
    batch: int
    macs_per_image: int
    instructions: int
    constant_bytes: int
    scratch_bytes: int
    estimated: Speed
    simulated: Speed | None
    end_to_end: EndToEnd | None
    limiter: str
    limiting_resource: str
    verdict: Verdict | None
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        own = ("estimated", "simulated", "end_to_end", "verdict")
        entries = {name: value for name, value in vars(self).items() if name not in own}
        return {
            "bit_exact": self.verdict.bit_exact if self.verdict else None,
            **entries,
            "estimated": vars(self.estimated),
            "simulated": vars(self.simulated) if self.simulated else None,
            "end_to_end": vars(self.end_to_end) if self.end_to_end else None,
            "verification": self.verdict.to_json() if self.verdict else None,
        }


def figures(fpga: str, sizing: Sizing, program: Program, verdict: Verdict | None,
            warnings: tuple[str, ...] = ()) -> Figures:
    """The figures of ``program`` on the engine of ``sizing``."""
    hw = program.hw
    timing = estimate(program)
    estimated = _speed("estimated", hw, timing.cycles, timing.utilisation)
    simulated = _simulated(program, verdict)
    return Figures(
        fpga=fpga, part=sizing.device.part, model=program.name, fits=sizing.fits,
        engine=f"{hw.pix} x {hw.rows} x {hw.cols}", cores=hw.cores, channels=hw.channels,
        macs_per_cycle=hw.macs_per_cycle * hw.cores, clock_mhz=hw.clock_mhz, batch=hw.pix,
        memory_bytes_per_cycle=program.bytes_per_cycle,
        macs_per_image=program.macs, instructions=len(program.instructions), constant_bytes=len(program.constant),
        scratch_bytes=program.scratch_bytes,
        estimated=estimated, simulated=simulated,
        end_to_end=_end_to_end(sizing.device, program, simulated or estimated),
        limiter=_sized(sizing, program.name).limiter, limiting_resource=sizing.limiter, verdict=verdict,
        warnings=warnings)


def _sized(sizing: Sizing, name: str) -> ModelEstimate:
    return next(model for model in sizing.models if model.name == name)


def _end_to_end(device: Device, program: Program, engine: Speed) -> EndToEnd | None:
    """Transfers and computation overlap: the slowest of the three sets the pace."""
    rate = device.link_gigabytes_per_second
    if rate is None:
        return None
    up, down = (-(-size // program.hw.pix) for size in (program.input_bytes, program.output_bytes))
    return EndToEnd(engine.source, min(engine.fps, rate * 1e9 / max(up, down, 1)), rate, up, down)


def _simulated(program: Program, verdict: Verdict | None) -> Speed | None:
    """From the cycles of the RTL simulation of one core, at the assumed clock, all cores alike."""
    if verdict is None or not verdict.cycles or verdict.utilisation is None:
        return None
    return _speed("simulated", program.hw, verdict.cycles / verdict.launches, verdict.utilisation)


def _speed(source: str, hw: HwConfig, cycles: float, utilisation: float) -> Speed:
    """Of launches of ``cycles``."""
    return Speed(source, hw.frames_per_second(cycles), 1e3 * hw.seconds(cycles), utilisation)
