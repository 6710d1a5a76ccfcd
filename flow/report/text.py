"""The verdict as lines of text."""

from __future__ import annotations

from collections.abc import Mapping

from flow.report.figures import Figures, Speed
from flow.schedule.bus import MemoryModel
from flow.verify.verdict import Verdict

_ORACLES = {
    "tflite": "TensorFlow Lite's reference kernels",
    "tflite logits": "TensorFlow Lite's reference kernels (not the softmax, in which they abort)",
    "qkeras": "QKeras's predict",
    "qkeras float64": "QKeras's predict in float64 (an accumulator can pass what float32 holds)",
}


def _speed(speed: Speed, figures: Figures) -> str:
    return (f"{speed.fps:.1f} frames/s on {_counted(figures.cores, 'core')}, "
            f"{speed.milliseconds:.3f} ms for {_images(figures.batch)}, {100 * speed.utilisation:.1f} % of peak "
            f"({speed.source})")


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" + ("" if count == 1 else "s")


def _images(batch: int) -> str:
    return "one image" if batch == 1 else f"one image or a batch of {batch}"


def bit_exact_line(verdict: Verdict | None) -> str:
    """One sentence: equal or not, and what was compared on what."""
    if verdict is None:
        return "bit-exact:  not verified"
    answer = "yes" if verdict.bit_exact else "NO"
    given = f" ({verdict.given} of the calibration data)" if verdict.given else ""
    images = _counted(verdict.images, "image") + given
    return (f"bit-exact:  {answer}: {verdict.values_compared} values of {verdict.layers_compared} tensors and the "
            f"outputs, {images}, {verdict.engine} engine against {_ORACLES[verdict.oracle]}"
            + (f"; {len(verdict.dead_tensors)} tensors hardly vary, constant ones are not counted"
               if verdict.dead_tensors else ""))


def summary(figures: Figures) -> str:
    """``summary.txt``: the verdict first."""
    lines = [
        f"{figures.model} on {figures.fpga} ({figures.part})",
        "",
        f"fits:       {'yes' if figures.fits else 'NO'} (counted DSP blocks and memories, estimated logic; not run in "
        "vendor tools)",
        f"engine:     {_counted(figures.cores, 'core')} of {figures.engine} "
        f"(pixels x input channels x output channels), {figures.macs_per_cycle} int8 MACs per cycle in all",
        f"speed:      {_speed(figures.estimated, figures)}",
    ]
    if figures.simulated is not None:
        lines.append(f"            {_speed(figures.simulated, figures)}")
    lines.append(f"assumed:    {figures.clock_mhz:g} MHz; memory of {figures.memory_bytes_per_cycle:g} bytes per cycle "
                 f"for each core, {MemoryModel().latency} cycles of latency")
    if figures.end_to_end is not None:
        host = figures.end_to_end
        lines.append(f"end to end: {host.fps:.1f} frames/s with two batches in flight, over a link of "
                     f"{host.link_gigabytes_per_second:g} GB/s each way (assumed), {host.bytes_up} bytes up and "
                     f"{host.bytes_down} down an image ({host.source}); the host's own work is not in it")
    lines += [
        f"limiter:    {figures.limiter} (estimated); resources: {figures.limiting_resource}",
        bit_exact_line(figures.verdict),
        f"memory:     {figures.constant_bytes} bytes of instructions and weights, {figures.scratch_bytes} bytes of "
        f"activations per core; {figures.instructions} instructions",
        *(f"warning:    {warning}" for warning in figures.warnings),
    ]
    return "\n".join(lines) + "\n"


def verification_lines(verdict: Verdict) -> list[str]:
    """The verdict of ``flow verify``, with a table of the layers."""
    lines = [bit_exact_line(verdict)]
    if verdict.cycles and verdict.utilisation is not None:
        lines.append(f"cycles:     {verdict.cycles} in {verdict.launches} launches, {verdict.macs} MACs per image, "
                     f"{100 * verdict.utilisation:.2f} % of {verdict.peak_macs_per_cycle} MACs per cycle (simulated)")
    width = max((len(layer.name) for layer in verdict.layers), default=0)
    for layer in verdict.layers:
        if not layer.values and not layer.wrong:
            continue  # nothing of it was seen
        line = f"  {layer.name:<{width}}  {layer.values:>10} values  {layer.wrong:>8} wrong"
        if layer.cycles is not None:
            line += f"  {layer.cycles:>10} cycles"
        if layer.utilisation:
            line += f"  {100 * layer.utilisation:6.1f} %"
        lines.append(line)
    return lines


def side_by_side(verdicts: Mapping[str, tuple[Verdict, float]]) -> list[str]:
    """The verdicts of several engines on the same images, with each engine's own wall seconds."""
    lines = [bit_exact_line(verdict) for verdict, _ in verdicts.values()]
    lines.append("".join(f"{title:>12}" for title in ("engine", "images", "seconds", "per image", "cycles")))
    for name, (verdict, seconds) in verdicts.items():
        cycles = "-" if verdict.cycles is None else str(verdict.cycles)
        lines.append(f"{name:>12}{verdict.images:>12}{seconds:>12.2f}{seconds / max(1, verdict.images):>12.2f}"
                     f"{cycles:>12}")
    return lines
