"""Drives a verification: stimuli, oracle, engine, comparison."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from flow import oracle
from flow.build.progress import Progress, Silent
from flow.errors import Problem, VerificationError
from flow.graph.ir import Graph, Int8
from flow.schedule.program import Program
from flow.verify import stimuli
from flow.verify.aliveness import Dead, dead_tensors
from flow.verify.compare import SHOWN, mismatches
from flow.verify.engines import BatchRun, Image, open_engine
from flow.verify.verdict import LayerVerdict, Mismatch, Verdict, Verification


class NotProven(VerificationError):
    """A verification that found a difference or proves nothing, with its verdict."""

    def __init__(self, problems: list[Problem], verdict: Verdict) -> None:
        super().__init__(problems)
        self.verdict = verdict


@dataclass
class _Tally:
    """What the comparison of one tensor has found so far."""

    values: int = 0
    wrong: int = 0
    first: list[Mismatch] = field(default_factory=list)

    def add(self, layer: str, tensor: str, image: int, got: Int8, expected: Int8) -> None:
        count, first = mismatches(layer, tensor, image, got, expected)
        self.values += expected.size
        self.wrong += count
        self.first += first[: SHOWN - len(self.first)]


def verify(
    graph: Graph, flatbuffer: bytes, program: Program, engine: str, images: int = 0, seed: int = 0,
    trace_layers: bool = False, progress: Progress | None = None, given: Sequence[Image] = (),
    project: Path | None = None,
) -> tuple[Verification, float]:
    """Compare every tensor ``program`` writes, and the network's outputs, with the oracle's, byte for byte.

    images: how many (0: one full batch); a part-filled batch repeats its images in the free lanes, which are compared
    too. given: images to take first, before seeded ones. project: the build folder's ``fpga``
    (for engines that need it). Returns the verification and the engine's wall seconds.
    Differences are in the verdict, not raised: see ``require_proof``.
    """
    progress = progress or Silent()
    pix = program.hw.pix
    count = images or pix
    chosen = [dict(image) for image in given][:count]
    chosen += stimuli.images(graph, count, seed)[len(chosen):]
    results = {output.result for output in program.outputs}
    keep = {written.tensor for written in program.written} | results | {output.tensor for output in program.outputs}
    expected = oracle.expected(graph, flatbuffer, chosen, keep=sorted(keep))
    shown = sorted(name for name in results if name in expected[0])
    if len(shown) < len(results):
        progress.warn("the reference kernels abort in the final softmax, whose inputs hardly differ (is the network "
                      "trained?): the network is compared up to there, the softmax is not")

    tallies: dict[str, _Tally] = defaultdict(_Tally)
    runs: list[BatchRun] = []
    obtained: list[dict[str, Int8]] = []
    batch_engine = open_engine(engine, program, graph, seed, progress, project)
    try:
        for start in range(0, count, pix):
            indices = [start + lane % min(pix, count - start) for lane in range(pix)]
            run = batch_engine.run([chosen[index] for index in indices])
            runs.append(run)
            _compare(program, run, indices, expected, tallies)
            obtained += run.outputs[: min(pix, count - start)]
    finally:
        batch_engine.close()
    dead = _judged(dead_tensors(expected, {name: tensor.zero_point for name, tensor in graph.tensors.items()}), graph)
    still = _still_outputs(program, expected, dead)
    dead.sort(key=lambda item: item.tensor not in still)
    if dead:
        progress.warn(f"{len(dead)} of {len(expected[0])} tensors hardly vary over these images, their equality says "
                      f"little ({dead[0].tensor}: {dead[0].why}); a trained model or better calibration data helps")
    verdict = _verdict(engine, count, program, runs, tallies, dead, not still, trace_layers,
                       graph.oracle if len(shown) == len(results) else "tflite logits")
    verdict = replace(verdict, given=min(count, len(given)))
    wanted = tuple({name: image[name] for name in shown} for image in expected)
    return Verification(verdict, tuple(chosen), wanted, tuple(obtained)), sum(run.seconds for run in runs)


def _judged(dead: list[Dead], graph: Graph) -> list[Dead]:
    """Digits of a wide output may stand still as long as one of them lives."""
    names = {item.tensor for item in dead}
    alive = {plane for wide in graph.wide if not names.issuperset(wide.planes) for plane in wide.planes}
    return [item for item in dead if item.tensor not in alive]


def _still_outputs(program: Program, expected: list[dict[str, Int8]], dead: list[Dead]) -> set[str]:
    """Outputs that do not vary, nor the inputs of their softmax: everything before them may be wrong."""
    varying = expected[0].keys() - _constant(dead)
    return {name for output in program.outputs for name in (output.result, output.tensor)
            if varying.isdisjoint((output.result, output.tensor))}


def _constant(dead: list[Dead]) -> set[str]:
    """Tensors whose equality proves nothing; they are not counted as compared."""
    return {item.tensor for item in dead if item.constant}


def _compare(program: Program, run: BatchRun, indices: list[int], expected: list[dict[str, Int8]],
             tallies: dict[str, _Tally]) -> None:
    for lane, image in enumerate(indices):
        for written in program.written:
            if written.tensor not in expected[image] or not run.tensors:
                continue  # inside a layer, or inside the chip: the oracle shows what it leads to
            want = expected[image][written.tensor]
            got = run.tensors[written.tensor][lane]
            tallies[written.tensor].add(written.layer, written.tensor, image, got.reshape(want.shape), want)
        for name, value in run.outputs[lane].items():
            if name in expected[image]:
                tallies[f"output {name}"].add("output", name, image, value, expected[image][name])


def _verdict(engine: str, count: int, program: Program, runs: list[BatchRun], tallies: dict[str, _Tally],
             dead: list[Dead], proves: bool, trace_layers: bool, oracle_name: str) -> Verdict:
    peak = program.hw.macs_per_cycle
    pix = program.hw.pix
    timed = [run.cycles for run in runs if run.cycles is not None]
    cycles = sum(timed) if len(timed) == len(runs) else None
    spent = _layer_cycles(program, runs)
    spans = {span.name: span for span in program.layers}
    layers = []
    constant = _constant(dead)
    counted = [tally for name, tally in tallies.items() if name.removeprefix("output ") not in constant]
    for written in program.written:
        tally, span = tallies[written.tensor], spans[written.layer]
        own = spent.get(written.tensor)
        share = span.macs * pix * len(runs) / (peak * own) if own else None
        layers.append(LayerVerdict(written.layer, span.kind, written.tensor, tally.values, tally.wrong,
                                   written.tensor not in {item.tensor for item in dead}, span.macs, own, share))
    wrong = sum(tally.wrong for tally in tallies.values())
    counters: dict[str, int] = defaultdict(int)
    for run in runs:
        for name, value in run.counters.items():
            counters[name] += value
    return Verdict(
        engine=engine,
        bit_exact=wrong == 0 and bool(counted) and proves,
        images=count,
        launches=len(runs),
        layers_compared=sum(tallies[written.tensor].values > 0 and written.tensor not in constant
                            for written in program.written),
        values_compared=sum(tally.values for tally in counted),
        values_wrong=wrong,
        mismatches=tuple(mismatch for tally in tallies.values() for mismatch in tally.first)[: 4 * SHOWN],
        dead_tensors=tuple((item.tensor, item.why) for item in dead),
        cycles=cycles,
        macs=program.macs,
        peak_macs_per_cycle=peak,
        utilisation=program.macs * pix * len(runs) / (peak * cycles) if cycles else None,
        layers=tuple(layers),
        counters=tuple(counters.items()),
        trace_layers=trace_layers,
        oracle=oracle_name,
    )


def _layer_cycles(program: Program, runs: list[BatchRun]) -> dict[str, int]:
    """Cycles of each written tensor, from the last write response before its own, summed over launches."""
    spent: dict[str, int] = defaultdict(int)
    for run in runs:
        before = 0
        for tensor in sorted(run.finished, key=lambda name: run.finished[name]):
            spent[tensor] += run.finished[tensor] - before
            before = run.finished[tensor]
    return dict(spent)


def require_proof(verdict: Verdict) -> None:
    """Raise NotProven unless everything was equal and every output varied with the image."""
    problems = [
        Problem(f"layer {item.layer}, tensor {item.tensor}",
                f"image {item.image}, {item.index}: got {item.got}, the oracle says {item.expected}")
        for item in verdict.mismatches
    ]
    if verdict.values_wrong:
        problems.insert(0, Problem("verification", f"{verdict.values_wrong} of {verdict.values_compared} values differ "
                                   f"on the {verdict.engine} engine"))
    if not verdict.bit_exact and not verdict.values_wrong and verdict.dead_tensors:
        name, why = verdict.dead_tensors[0]
        problems.append(Problem(
            f"output {name}", f"it does not vary with the image ({why}), so that equality would prove nothing; of "
            f"{len(verdict.dead_tensors)} tensors it says little",
            "train the model (an untrained one lives if its normalisations have statistics: run it in training mode), "
            "give better calibration data or more --images; --verify none builds without a proof"))
    elif not verdict.values_compared:
        problems.append(Problem("verification", "nothing was compared"))
    if problems or not verdict.bit_exact:
        raise NotProven(problems or [Problem("verification", "not bit exact")], verdict)
