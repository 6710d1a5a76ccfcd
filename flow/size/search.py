"""Choosing an engine: the best of all that fit, with the reason for every choice and what came next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flow.errors import CapacityError, Problem, UsageError
from flow.graph.ir import Graph
from flow.hardware.config import HwConfig
from flow.size import candidates
from flow.size.candidates import Candidate, Needs
from flow.size.cycles import Estimate
from flow.size.devices import Device, lookup
from flow.size.finalists import closest_estimates, final_ranking
from flow.size.ranking import bandwidth, estimated_speeds, pick, with_fewer_cores
from flow.size.reasons import limiting_resource, nearest_miss, reasons, runners_up
from flow.size.sizing import Goal, ModelEstimate, RegionUse, RunnerUp, Sizing, shape_name
from flow.size.work import Kind, Work, works

#: Shapes that are looked at with every depth of ACC.
REFINED = 12


def _needs(networks: Sequence[Sequence[Work]]) -> Needs:
    layers = [work for network in networks for work in network]
    return Needs(max(work.out_h * work.out_w for work in layers), max(work.out_c for work in layers))


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
    goal: Goal,
    target_fps: float | None,
    clock_mhz: float | None,
    weight_bits: int,
) -> Sizing:
    """The engine for ``graphs`` (one engine for all of them) on a device; deterministic.

    goal THROUGHPUT: most frames per second (geometric mean over the models); of engines within two per cent of it the
    one with the fewest images in flight. LATENCY: the shortest launch. AREA, or ``target_fps`` given: the fewest DSP
    blocks, then the least logic, that reach ``target_fps`` (geometric mean). Raises UsageError (no layers) and
    CapacityError (nothing fits: with the nearest miss; model larger than the device's memory; target out of reach).
    """
    networks = _networks(device, graphs)
    clock = device.clock_mhz if clock_mhz is None else clock_mhz
    axi_bytes = device.memory.axi_bytes
    needs = _needs(networks)
    found = candidates.fill(device, axi_bytes, weight_bits, clock, needs)
    if not found:  # buffers that a small network needs are made of LUTs; deeper ones leave them free
        needs = replace(needs, positions=max(candidates.ACC_DEPTHS))
        found = candidates.fill(device, axi_bytes, weight_bits, clock, needs)
    if not found:
        raise CapacityError(nearest_miss(device, axi_bytes))
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
    if target_fps is None:
        ranking = pick(found, estimated_speeds(found, networks, device), goal, None)
        shapes: list[tuple[int, int, int]] = []
        for at in ranking:
            shape = (found[at].hw.pix, found[at].hw.rows, found[at].hw.cols)
            if shape not in shapes:
                shapes.append(shape)
        refined = candidates.fill(
            device, axi_bytes, weight_bits, clock, needs, only=frozenset(shapes[:REFINED]), every=True
        )
    else:
        refined = [fewer for candidate in found for fewer in with_fewer_cores(candidate, device)]
    known = {candidate.hw: candidate for candidate in [*found, *refined] if _fits_memory(candidate, device, networks)}
    found = list(known.values())
    speeds = estimated_speeds(found, networks, device)
    ranking, finalists = final_ranking(found, speeds, graphs, networks, device, goal, target_fps)
    speeds = finalists.speeds
    fps, seconds = speeds.fps, speeds.seconds
    if not ranking:
        best = int(fps.argmax())
        raise CapacityError(
            Problem(
                f"--target-fps {target_fps:g} on {device.name}",
                f"the fastest engine that fits, {shape_name(found[best].hw)}, is estimated at {fps[best]:.1f}",
                "lower the target or choose a larger device",
            )
        )
    chosen = found[ranking[0]]
    runners = runners_up(found, speeds, ranking, device, goal, target_fps)
    estimates = finalists.estimates(ranking[0])
    sizing = _sizing(chosen, device, estimates, goal, target_fps, runners)
    if goal is Goal.LATENCY and target_fps is None:
        other = pick(found, speeds, Goal.THROUGHPUT, None)[0]
        text = (f"latency: one image alone takes {1e3 * seconds[ranking[0]]:.3f} ms, {fps[ranking[0]]:.1f} frames/s; "
                f"on the engine for throughput, {shape_name(found[other].hw)}, {1e3 * seconds[other]:.3f} ms, "
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
    estimates = closest_estimates(graphs, networks, hw, bandwidth(candidate, device))
    return _sizing(candidate, device, estimates, Goal.THROUGHPUT, None, ())


def _sizing(
    chosen: Candidate,
    device: Device,
    estimates: Mapping[str, Estimate],
    goal: Goal,
    target_fps: float | None,
    runners: tuple[RunnerUp, ...],
) -> Sizing:
    models = []
    for name, found in estimates.items():
        top = sorted(found.layers, key=lambda layer: -layer.cycles)[:3]
        models.append(
            ModelEstimate(
                name,
                found.fps,
                found.milliseconds,
                found.utilisation,
                found.cycles,
                found.limiter,
                tuple((t.name, t.limiter, t.cycles / sum(layer.cycles for layer in found.layers)) for t in top),
                found,
            )
        )
    regions = tuple(
        RegionUse(count, chosen.use.total * count, usable)
        for count, usable in zip(chosen.cores, device.usable, strict=True)
    )
    limiter = limiting_resource(chosen, device)
    return Sizing(
        chosen.hw,
        device,
        goal,
        all(r.used.fits(r.usable) for r in regions),
        chosen.use,
        regions,
        tuple(models),
        bandwidth(chosen, device),
        limiter,
        runners,
        reasons(chosen, device, models, limiter, target_fps),
    )
