"""``python -m tests.bench [NETWORK ...]``: measure networks on the engine sized for a device, print a table.

``python -m tests.bench model [NETWORK ...]``: the cycle models beside the RTL, on small engines and large ones.
``python -m tests.bench costs [NETWORK ...]``: time and memory of building, of building again, of the engine.

Figures are simulated cycles of the RTL with a modelled memory; frames per second assume the clock that is printed. Wall
times are this machine's.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from flow import size
from flow.frontend import import_model
from flow.simulate.driver import MemoryModel
from models import zoo
from tests.bench import costs, model
from tests.bench.engines import MOST, Layer, Measured, measure, slow

#: published figures: system, conditions, images/s, share of peak in per cent
PEERS = (
    ("DPUCADF8H, U200 (VU9P die)", "2 kernels, 300 MHz, batch 4", 1054.0, 83.0),
    ("xDNN v3, U200", "96 x 16 DSPs x 2 at 700 MHz", 561.0, 50.0),
    ("DPUCZDX8G, ZCU102", "3 x B4096, 281 MHz", 174.0, 39.0),
    ("NVDLA 2048", "estimate, 1 GHz", 269.0, 51.0),
)


def show(found: Measured, device: str, cores: int, clock: float) -> None:
    """The network's tables on standard output."""
    hw = found.hw
    print(f"\n## {found.name} on {device}: {hw.pix} x {hw.rows} x {hw.cols}, {found.memory.bandwidth} B/cycle, "
          f"{found.memory.latency} cycles latency, {found.memory.stall_permille} per mille stalls\n")
    fps = cores * found.images * clock * 1e6 / found.cycles
    print(f"- cycles {found.cycles} (simulated RTL), cycle model {found.modelled} "
          f"({100 * (found.modelled / found.cycles - 1):+.1f} %)")
    print(f"- utilisation {found.utilisation:.4f} of one core's peak; {fps:.1f} images/s on {cores} cores at "
          f"{clock:g} MHz assumed; one image, or a batch of {found.images}, in {found.cycles / clock / 1000:.2f} ms")
    rate = found.cycles / found.seconds / 1000
    print(f"- simulation {found.seconds:.1f} s of wall time, {found.processor_seconds:.1f} s of CPU, "
          f"for {found.images} images ({rate:.0f} thousand cycles/s); scheduling {found.schedule_seconds:.1f} s")
    print("\n| layers up to a tensor in memory | RTL | model | bound | by | RTL / bound |")
    print("| --- | --- | --- | --- | --- | --- |")
    for layer in found.groups:
        by, bound = layer.bound
        print(f"| {layer.name} | {layer.rtl} | {layer.model} | {bound} | {by} | {layer.ratio:.2f} |")
    print("\n| layer | program model | bound | by | model / bound |")
    print("| --- | --- | --- | --- | --- |")
    for layer in found.layers:
        by, bound = layer.bound
        print(f"| {layer.name} | {layer.model} | {bound} | {by} | {layer.ratio:.2f} |")
    print(f"\n- above {MOST:g} times their bound: {_slow(found.groups)} in RTL; single layers, whose end RTL does not "
          f"show while they stay on the chip: {_slow(found.layers)} by the program model")


def _slow(layers: Sequence[Layer]) -> str:
    """How many layers take too long for their bounds, and which."""
    names = [f"{layer.name} ({layer.ratio:.2f})" for layer in slow(layers)]
    return f"{len(names)} of {len(layers)}" + (f", {', '.join(names)}" if names else "")


def models(networks: list[str]) -> None:
    """The table of ``tests.bench.model``."""
    graphs = [import_model(zoo.make(name), None, 0, name).graph for name in networks or model.NETWORKS]
    for line in model.table(graphs, list(model.COMPARED)):
        print(line, flush=True)


def cost(networks: list[str], fpga: str) -> None:
    """Time and memory of sizing, of building and of compiling the simulated engine."""
    print("| network | what | wall time | CPU | peak memory, all processes | of it the largest process |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in networks or ["resnet50"]:
        built = costs.build_costs(name, fpga)
        show_cost(name, "making the network's file", built.making)
        show_cost(name, "build without verification", built.first)
        show_cost(name, "the same with nothing changed", built.again)
        show_cost(name, "Verilated engine", costs.compile_cost(size.choose(fpga, [built.graph]).hw))
        seconds = costs.evaluation_seconds(built.graph)
        print(f"| {name} | cycles on 10,000 engines | {seconds:.1f} s | | | |", flush=True)


def show_cost(network: str, what: str, found: costs.Cost) -> None:
    """A line of the table."""
    mebibytes, command = found.largest[0]
    print(f"| {network} | {what} | {found.seconds:.1f} s | {found.processor_seconds:.1f} s | "
          f"{found.peak_mebibytes:.0f} MiB | {mebibytes:.0f} MiB {_short(command)} |", flush=True)


def _short(command: str) -> str:
    """The program of a command line; of Python the module."""
    program, *arguments = command.split() or [""]
    return arguments[1] if arguments[:1] == ["-m"] and len(arguments) > 1 else Path(program).name


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("networks", nargs="*", default=["resnet50"], help="names of the zoo (default: resnet50)")
    parser.add_argument("--fpga", default="vu9p")
    parser.add_argument("--goal", default="throughput", choices=("throughput", "latency"))
    parser.add_argument("--bandwidth", type=float, default=51.2, help="bytes per cycle, reads and writes together")
    parser.add_argument("--latency", type=int, default=100)
    parser.add_argument("--stalls", type=int, default=10, help="per mille of handshakes")
    options = parser.parse_args()
    if options.networks[0] == "model":
        models(options.networks[1:])
        return 0
    if options.networks[0] == "costs":
        cost(options.networks[1:], options.fpga)
        return 0
    memory = MemoryModel(latency=options.latency, bandwidth=options.bandwidth, stall_permille=options.stalls)
    for name in options.networks:
        path = Path("build/models") / f"{name}{zoo.entry(name).suffix}"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            zoo.write(name, path)
        begin = time.monotonic()
        imported_model = import_model(path, None, 0, name)
        imported = time.monotonic() - begin
        begin = time.monotonic()
        sizing = size.choose(options.fpga, [imported_model.graph], goal=size.Goal(options.goal))
        sized = time.monotonic() - begin
        found = measure(imported_model, sizing.hw, memory)
        show(found, options.fpga, sizing.hw.cores, sizing.hw.clock_mhz)
        print(f"\n- import (quantisation) {imported:.1f} s, sizing {sized:.1f} s, peak memory of this process "
              f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, of its largest child "
              f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB")
    print("\n## Published figures, ResNet-50 int8\n")
    print("| system | conditions | images/s | share of peak |\n| --- | --- | --- | --- |")
    for system, conditions, images, share in PEERS:
        print(f"| {system} | {conditions} | {images:g} | {share:g} % |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
