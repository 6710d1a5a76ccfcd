"""Choosing an engine: the best of all that fit, with the reason for every choice and what came next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.errors import CapacityError, Problem, UsageError
from flow.graph import widths
from flow.graph.ir import Graph
from flow.hardware.config import HwConfig
from flow.size import candidates, resources
from flow.size import cycles as model
from flow.size.candidates import Candidate, Needs
from flow.size.devices import Device, Family, Resources, lookup
from flow.size.engines import Engines, bytes_per_cycle
from flow.size.hwfile import text as hw_text
from flow.size.work import Kind, Work, works

Floats = npt.NDArray[np.float64]

#: Engines within this share of the best count as equally fast (the cycle model is no better); steps between them.
SAME = 0.02
STEP = 0.002

#: Shapes that are looked at with every depth of ACC.
REFINED = 12
RUNNERS_UP = 4


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
    estimate: model.Estimate


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
                    "limiter": m.limiter,
                    "limiting_layers": [
                        {"layer": n, "bound": b, "share": round(s, 4)} for n, b, s in m.limiting_layers
                    ],
                }
                for m in self.models
            ],
            "runners_up": [{"engine": _shape(r.hw), "fps": round(r.fps, 2), "why": r.why} for r in self.runners_up],
        }

    def hw_json_text(self) -> str:
        return hw_text(self.hw, self.reason_json())

    def to_text(self) -> str:
        """Some forty lines for a reader."""
        hw, names = self.hw, resources.resource_names(self.device.family)
        lines = [
            f"{self.device.name} ({self.device.part}): engine {_shape(hw)}, "
            f"{hw.macs_per_cycle * hw.cores} MACs per cycle"
            f" at {hw.clock_mhz:g} MHz (assumed), fits: {'yes' if self.fits else 'no'}",
            "",
        ]
        lines += [
            f"{m.name}: {m.fps:.1f} frames/s, {m.milliseconds:.3f} ms a batch of {hw.pix} a core, "
            f"{100 * m.utilisation:.1f} % of peak (estimated); bound by {m.limiter}, most in "
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
        lines += ["", "next best:"] + [f"  {_shape(r.hw)}: {r.why}" for r in self.runners_up]
        return "\n".join(lines) + "\n"


def _resource_json(value: Resources) -> dict[str, int]:
    return dict(zip(("lut", "ff", "dsp", "bram", "uram"), value.values(), strict=True))


def _shape(hw: HwConfig) -> str:
    return f"{hw.pix}x{hw.rows}x{hw.cols} x {hw.cores} core{'s' if hw.cores > 1 else ''}"


def _needs(networks: Sequence[Sequence[Work]]) -> Needs:
    layers = [work for network in networks for work in network]
    return Needs(max(work.out_h * work.out_w for work in layers), max(work.out_c for work in layers))


def _bandwidth(candidate: Candidate, device: Device) -> float:
    return bytes_per_cycle(candidate.hw, device.memory.gigabytes_per_second)


def _speeds(found: Sequence[Candidate], networks: Sequence[Sequence[Work]], device: Device) -> tuple[Floats, Floats]:
    """Geometric means over the networks, [engines]: frames per second, and seconds of a launch."""
    engines = Engines.of([c.hw for c in found], [_bandwidth(c, device) for c in found])
    clock = np.array([c.hw.clock_mhz * 1e6 for c in found])
    images = np.array([float(c.hw.cores * c.hw.pix) for c in found])
    seconds = np.exp(np.mean([np.log(model.totals(engines, network) / clock) for network in networks], axis=0))
    return images / seconds, seconds


def _size(candidate: Candidate) -> tuple[int, int]:
    first, second = candidate.use.cost
    return first * candidate.hw.cores, second * candidate.hw.cores


def _order(candidate: Candidate) -> tuple[int, ...]:
    """The smaller engine: fewer DSP blocks, less logic (of an ASIC: less area), then the shape."""
    hw = candidate.hw
    return (*_size(candidate), hw.pix, hw.cols, hw.rows, hw.cores, hw.acc_depth, hw.inp_vectors, hw.wgt_depth)


def _tie(candidate: Candidate, short: float) -> tuple[float, ...]:
    """Of nearly equally fast engines: fewer images in flight (a shorter launch, more room for each image's maps), fewer
    cores, then the faster (in steps), more finished tiles in OUT, deeper accumulators, the smaller. ``short``: share
    missing to the best."""
    hw = candidate.hw
    tiles = min(hw.out_depth // hw.acc_depth, candidates.OUT_TILES)
    return (hw.cores * hw.pix, hw.cores, int(short / STEP), -tiles, -hw.acc_depth, *_order(candidate))


def _with_fewer_cores(candidate: Candidate, device: Device) -> list[Candidate]:
    """The same core, on ever fewer regions."""
    found = [candidate]
    cores = list(candidate.cores)
    while sum(cores) > 1:
        fullest = max(range(len(cores)), key=lambda at: (cores[at], at))
        cores[fullest] -= 1
        found.append(candidates.placed(candidate.hw, candidate.use, device, tuple(cores)))
    return found


def _pick(found: Sequence[Candidate], fps: Floats, seconds: Floats, goal: Goal, target_fps: float | None) -> list[int]:
    """Indices, best first."""
    if target_fps is not None:
        reached = [at for at in range(len(found)) if fps[at] >= target_fps]
        return sorted(reached, key=lambda at: _order(found[at]))
    value = 1.0 / seconds if goal is Goal.LATENCY else fps
    best = float(value.max())
    near = [at for at in range(len(found)) if value[at] >= best * (1 - SAME)]
    near.sort(key=lambda at: _tie(found[at], 1 - float(value[at]) / best))
    far = [at for at in range(len(found)) if value[at] < best * (1 - SAME)]
    far.sort(key=lambda at: (-float(value[at]), _order(found[at])))
    return near + far


def _networks(device: Device, graphs: Sequence[Graph]) -> list[tuple[Work, ...]]:
    """The layers of every model. Raises UsageError if there are none, CapacityError if the weights and one layer's maps
    of a single image exceed a memory channel."""
    if not graphs:
        raise UsageError(Problem("--model", "no model is given", "give at least one"))
    networks = [works(graph) for graph in graphs]
    empty = [
        Problem(f"model {graph.name}", "no layer of it runs on the engine", "nothing is to be built for it")
        for graph, network in zip(graphs, networks, strict=True)
        if not network
    ]
    if empty:
        raise UsageError(empty)
    memory = device.memory
    problems = []
    for graph, network in zip(graphs, networks, strict=True):
        weights = sum(work.weight_bytes for work in network)
        maps = max(work.in_h * work.in_w * work.in_c + work.out_h * work.out_w * work.out_c for work in network)
        if weights + maps > memory.bytes_each:
            problems.append(
                Problem(
                    f"model {graph.name} on {device.name}",
                    f"weights of {weights} bytes and a layer's maps of {maps} bytes are too large for the device's "
                    f"memory: one of {memory.channels} x {memory.kind} holds {memory.bytes_each} bytes",
                    "choose a device with more memory, or a smaller model",
                )
            )
    if problems:
        raise CapacityError(problems)
    return networks


def _fits_memory(candidate: Candidate, device: Device, networks: Sequence[Sequence[Work]]) -> bool:
    """A channel holds the weights once and for each of its cores a layer's maps of a batch, padded to blocks."""
    hw = candidate.hw
    sharing = -(-hw.cores // hw.channels)

    def padded(channels: int) -> int:
        return -(-channels // hw.cols) * hw.group_bytes

    for network in networks:
        weights = sum(
            -(-w.in_c // hw.rows) * w.taps_h * w.taps_w * -(-w.out_c // hw.cols) * hw.tile_words * hw.axi_bytes
            for w in network
            if w.kind in (Kind.CONV, Kind.DENSE)
        )
        maps = max(
            w.in_h * w.in_w * padded(w.in_c) + (1 + w.skip) * w.out_h * w.out_w * padded(w.out_c) for w in network
        )
        if weights + sharing * maps > device.memory.bytes_each:
            return False
    return True


def choose(
    device: Device,
    graphs: Sequence[Graph],
    *,
    goal: Goal = Goal.THROUGHPUT,
    target_fps: float | None = None,
    clock_mhz: float | None = None,
    weight_bits: int | None = None,
) -> Sizing:
    """The engine for ``graphs`` (one engine for all of them) on a device; deterministic.

    weight_bits: None takes the narrowest weights that hold those of all models.
    goal THROUGHPUT: most frames per second (geometric mean over the models); of engines within two per cent of it the
    one with the fewest images in flight. LATENCY: the shortest launch. AREA, or ``target_fps`` given: the fewest DSP
    blocks, then the least logic, that reach ``target_fps`` (geometric mean). Raises UsageError (AREA
    without a target, no layers) and CapacityError (nothing fits: with the nearest miss; model larger than the device's
    memory; target out of reach).
    """
    if weight_bits is None:
        weight_bits = widths.weight_bits(graphs)
    if goal is Goal.AREA and target_fps is None:
        raise UsageError(Problem("--goal area", "no --target-fps is given", "say how many frames per second it needs"))
    if target_fps is not None and not target_fps > 0:
        raise UsageError(Problem("--target-fps", f"{target_fps}", "a number above 0"))
    if clock_mhz is not None and not clock_mhz > 0:
        raise UsageError(Problem("--clock", f"{clock_mhz}", "a number above 0"))
    networks = _networks(device, graphs)
    clock = device.clock_mhz if clock_mhz is None else clock_mhz
    axi_bytes = device.memory.axi_bytes
    needs = _needs(networks)
    found = candidates.fill(device, axi_bytes, weight_bits, clock, needs)
    if not found:
        raise CapacityError(_nearest_miss(device, axi_bytes))
    held = [candidate for candidate in found if _fits_memory(candidate, device, networks)]
    if not held:
        raise CapacityError(
            Problem(
                f"{', '.join(graph.name for graph in graphs)} on {device.name}",
                f"weights and maps of a batch exceed {device.memory.bytes_each} bytes of memory on all "
                f"{len(found)} engines that fit",
                "choose a device with more memory",
            )
        )
    found = held
    fps, seconds = _speeds(found, networks, device)
    if target_fps is None:
        ranking = _pick(found, fps, seconds, goal, None)
        shapes: list[tuple[int, int, int]] = []
        for at in ranking:
            shape = (found[at].hw.pix, found[at].hw.rows, found[at].hw.cols)
            if shape not in shapes:
                shapes.append(shape)
        refined = candidates.fill(
            device, axi_bytes, weight_bits, clock, needs, only=frozenset(shapes[:REFINED]), every=True
        )
    else:
        refined = [fewer for candidate in found for fewer in _with_fewer_cores(candidate, device)]
    known = {candidate.hw: candidate for candidate in [*found, *refined] if _fits_memory(candidate, device, networks)}
    found = list(known.values())
    fps, seconds = _speeds(found, networks, device)
    ranking = _pick(found, fps, seconds, goal, target_fps)
    if not ranking:
        best = int(fps.argmax())
        raise CapacityError(
            Problem(
                f"--target-fps {target_fps:g} on {device.name}",
                f"the fastest engine that fits, {_shape(found[best].hw)}, is estimated at {fps[best]:.1f}",
                "lower the target or choose a larger device",
            )
        )
    chosen = found[ranking[0]]
    runners = _runners_up(found, fps, seconds, ranking, device, goal, target_fps)
    sizing = _sizing(chosen, device, graphs, networks, goal, target_fps, runners)
    if goal is Goal.LATENCY and target_fps is None:
        other = _pick(found, fps, seconds, Goal.THROUGHPUT, None)[0]
        text = (f"latency: one image alone takes {1e3 * seconds[ranking[0]]:.3f} ms, {fps[ranking[0]]:.1f} frames/s; "
                f"on the engine for throughput, {_shape(found[other].hw)}, {1e3 * seconds[other]:.3f} ms, "
                f"{fps[other]:.1f} frames/s (estimated)")
        sizing = replace(sizing, reasons=(("goal", text), *sizing.reasons))
    return sizing


def evaluate(hw: HwConfig, graphs: Sequence[Graph], device_name: str) -> Sizing:
    """The same record for an engine that is given (``--hw``): ``fits`` tells whether the device holds its cores."""
    device = lookup(device_name)
    networks = _networks(device, graphs)
    most = candidates.on_device(hw, device)
    cores = list(most.cores)
    left = hw.cores
    for at, count in enumerate(cores):
        cores[at] = min(count, left)
        left -= cores[at]
    candidate = Candidate(hw, most.use, (cores[0] + left, *cores[1:]))
    return _sizing(candidate, device, graphs, networks, Goal.THROUGHPUT, None, ())


def _sizing(
    chosen: Candidate,
    device: Device,
    graphs: Sequence[Graph],
    networks: Sequence[Sequence[Work]],
    goal: Goal,
    target_fps: float | None,
    runners: tuple[RunnerUp, ...],
) -> Sizing:
    hw, bandwidth = chosen.hw, _bandwidth(chosen, device)
    models = []
    for graph, network in zip(graphs, networks, strict=True):
        found = model.estimate(hw, network, bandwidth)
        top = sorted(found.layers, key=lambda layer: -layer.cycles)[:3]
        models.append(
            ModelEstimate(
                graph.name,
                found.fps,
                found.milliseconds,
                found.utilisation,
                found.cycles,
                found.limiter,
                tuple((t.name, t.limiter, t.cycles / found.cycles) for t in top),
                found,
            )
        )
    regions = tuple(
        RegionUse(count, chosen.use.total * count, usable)
        for count, usable in zip(chosen.cores, device.usable, strict=True)
    )
    limiter = _limiting_resource(chosen, device)
    return Sizing(
        hw,
        device,
        goal,
        all(r.used.fits(r.usable) for r in regions),
        chosen.use,
        regions,
        tuple(models),
        bandwidth,
        limiter,
        runners,
        _reasons(chosen, device, models, limiter, target_fps),
    )


def _limiting_resource(candidate: Candidate, device: Device) -> str:
    """The fullest resource of the fullest region."""
    names = resources.resource_names(device.family)
    shares = []
    for index, (count, usable) in enumerate(zip(candidate.cores, device.usable, strict=True)):
        for name, need, limit in zip(names, candidate.use.total.values(), usable.values(), strict=True):
            if count and need:
                shares.append((need * count / limit if limit else float("inf"), -index, name, need * count, limit))
    share, index, name, used, limit = max(shares)
    return f"{name}: {used} of {limit} usable in region {-index} ({100 * share:.1f} %)"


def _runners_up(
    found: Sequence[Candidate],
    fps: Floats,
    seconds: Floats,
    ranking: Sequence[int],
    device: Device,
    goal: Goal,
    target_fps: float | None,
) -> tuple[RunnerUp, ...]:
    """The next best shapes that fit, and the best-filled shape that does not."""
    chosen = found[ranking[0]]
    seen = {(chosen.hw.pix, chosen.hw.rows, chosen.hw.cols)}
    result: list[RunnerUp] = []
    for at in ranking[1:]:
        hw = found[at].hw
        shape = (hw.pix, hw.rows, hw.cols)
        if shape in seen:
            continue
        seen.add(shape)
        size, unit = _size(found[at])[0], "um2" if device.family is Family.ASIC else "DSP"
        if target_fps is not None:
            why = f"reaches {fps[at]:.1f} frames/s, but with {size} {unit} instead of {_size(chosen)[0]}"
        elif goal is Goal.LATENCY:
            why = f"{1e3 * seconds[at]:.3f} ms a launch instead of {1e3 * seconds[ranking[0]]:.3f} ms (estimated)"
        else:
            change = 100 * (fps[at] / fps[ranking[0]] - 1)
            why = f"{fps[at]:.1f} frames/s ({change:+.1f} %, estimated) with {size} {unit}; "
            why += _limiting_resource(found[at], device)
        result.append(RunnerUp(hw, float(fps[at]), why))
        if len(result) == RUNNERS_UP - 1:
            break
    larger = _larger(chosen.hw, device)
    return (*result, larger) if larger is not None else tuple(result)


def _larger(hw: HwConfig, device: Device) -> RunnerUp | None:
    """The engine with one more pair of lanes, if that is what does not fit."""
    more = replace(hw, pix=hw.pix + 2 if resources.packs(device.family) else hw.pix + 1)
    need = resources.core(more, device.family, device.has_uram).total
    for name, a, b in zip(
        ("LUT", "FF", "DSP", "block RAM", "URAM"),
        need.values(),
        max(device.usable, key=lambda r: r.dsp).values(),
        strict=True,
    ):
        if a > b:
            return RunnerUp(more, 0.0, f"does not fit: a core needs {a} {name}, the largest region allows {b}")
    return None


def smallest(device: Device, axi_bytes: int) -> HwConfig:
    """The smallest engine there is."""
    cols = next(c for c in candidates.COLUMNS if c * 16 % axi_bytes == 0)
    return HwConfig(
        1,
        cols,
        cols,
        axi_bytes=axi_bytes,
        inp_banks=2,
        inp_depth=512,
        acc_depth=32,
        wgt_depth=512,
        out_depth=64,
        par_depth=16,
        packed=resources.packs(device.family),
    )


def _nearest_miss(device: Device, axi_bytes: int) -> Problem:
    """The smallest engine there is, and what it lacks."""
    hw = smallest(device, axi_bytes)
    need = resources.core(hw, device.family, device.has_uram).total
    usable = max(device.usable, key=lambda region: region.values())
    names = resources.resource_names(device.family)
    lacking = [
        f"{a} {name} of {b} usable"
        for name, a, b in zip(names, need.values(), usable.values(), strict=True)
        if a > b
    ]
    return Problem(
        f"--fpga {device.name}",
        f"the smallest engine, {_shape(hw)}, needs {', '.join(lacking) or 'more memory'}",
        "choose a larger device",
    )


def _reasons(
    chosen: Candidate, device: Device, models: Sequence[ModelEstimate], limiter: str, target_fps: float | None
) -> tuple[tuple[str, str], ...]:
    hw, use = chosen.hw, chosen.use
    count = {b.name: b for b in use.buffers}
    packed = (
        f"two {'lanes' if hw.pix > 1 else 'columns'} share a DSP block"
        if hw.packed
        else f"{resources.COEFFICIENTS[device.family].products} product(s) each"
    )
    unit = resources.resource_names(device.family)[2]
    reach = " and ".join(f"{100 * m.utilisation:.1f} % of peak on {m.name}" for m in models)
    kept = "the smallest that reaches the target" if target_fps is not None else "the best of all shapes that fit"
    inp, wgt = count["INPUT"], count["WEIGHT"]
    return (
        (
            "pix, rows, cols",
            f"{hw.pix} x {hw.rows} x {hw.cols}: {use.array_dsp} {unit} in the array ({packed}) + {use.lanes_dsp} in "
            f"{hw.pix * hw.cols} requantisation lanes; estimated {reach}; {kept}; limit {limiter}",
        ),
        ("cores", f"{hw.cores}: {', '.join(str(c) for c in chosen.cores)} in the die regions"),
        (
            "channels",
            f"{hw.channels} of {device.memory.channels} x {device.memory.kind}, "
            f"{device.memory.gigabytes_per_second:.2f} GB/s each",
        ),
        ("axi_bytes", f"{hw.axi_bytes}, the width of one memory channel's master"),
        (
            "inp_banks, inp_depth",
            f"{hw.inp_banks} x {hw.inp_depth} vectors: what is left of {inp.primitive} after the other "
            "buffers, in banks of the primitive's depth",
        ),
        (
            "wgt_depth",
            f"{hw.wgt_depth} words, {hw.wgt_depth // hw.tile_words} tiles of {hw.tile_words} words, in {wgt.primitive}"
            ": the next weights load behind those in use",
        ),
        ("acc_depth", f"{hw.acc_depth} positions a bank: the longer a stream, the fewer weight reloads"),
        ("out_depth", f"{hw.out_depth} groups: {hw.out_depth // hw.acc_depth} tiles, stored while the next are filled"),
        ("par_depth", f"{hw.par_depth} vectors of {hw.cols} channels"),
        ("clock_mhz", f"{hw.clock_mhz:g} assumed, not timed"),
    )
