"""Why an engine was chosen, what comes next, and what a device lacks for any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flow.errors import Problem
from flow.hardware.config import HwConfig
from flow.size import candidates, resources
from flow.size.candidates import Candidate
from flow.size.devices import Device, Family
from flow.size.ranking import Speeds, cost
from flow.size.sizing import Goal, ModelEstimate, RunnerUp, shape_name

RUNNERS_UP = 4


def limiting_resource(candidate: Candidate, device: Device) -> str:
    """The fullest resource of the fullest region."""
    names = resources.resource_names(device.family)
    shares = []
    for index, (count, usable) in enumerate(zip(candidate.cores, device.usable, strict=True)):
        for name, need, limit in zip(names, candidate.use.total.values(), usable.values(), strict=True):
            if count and need:
                shares.append((need * count / limit if limit else float("inf"), -index, name, need * count, limit))
    share, index, name, used, limit = max(shares)
    return f"{name}: {used} of {limit} usable in region {-index} ({100 * share:.1f} %)"


def runners_up(
    found: Sequence[Candidate],
    speeds: Speeds,
    ranking: Sequence[int],
    device: Device,
    goal: Goal,
    target_fps: float | None,
) -> tuple[RunnerUp, ...]:
    """The next best shapes that fit, and the best-filled shape that does not."""
    chosen, fps, seconds = found[ranking[0]], speeds.fps, speeds.seconds
    seen = {(chosen.hw.pix, chosen.hw.rows, chosen.hw.cols)}
    result: list[RunnerUp] = []
    for at in ranking[1:]:
        hw = found[at].hw
        shape = (hw.pix, hw.rows, hw.cols)
        if shape in seen:
            continue
        seen.add(shape)
        size, unit = cost(found[at])[0], "um2" if device.family is Family.ASIC else "DSP"
        if target_fps is not None:
            why = f"reaches {fps[at]:.1f} frames/s, but with {size} {unit} instead of {cost(chosen)[0]}"
        elif goal is Goal.LATENCY:
            why = f"{1e3 * seconds[at]:.3f} ms a launch instead of {1e3 * seconds[ranking[0]]:.3f} ms (estimated)"
        else:
            change = 100 * (fps[at] / fps[ranking[0]] - 1)
            why = f"{fps[at]:.1f} frames/s ({change:+.1f} %, estimated) with {size} {unit}; "
            why += limiting_resource(found[at], device)
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


def nearest_miss(device: Device, axi_bytes: int) -> Problem:
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
        f"the smallest engine, {shape_name(hw)}, needs {', '.join(lacking) or 'more memory'}",
        "choose a larger device",
    )


def reasons(
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
