"""One network through the RTL against TensorFlow Lite's reference kernels."""

from __future__ import annotations

import numpy as np

from flow import oracle
from flow.conformance.simulated import SimulatedLauncher
from flow.graph.ir import Graph, Int8
from flow.hardware.config import HwConfig
from flow.isa.description import ErrorCode, Region
from flow.schedule import compile_graph
from flow.simulate.driver import MemoryModel
from flow.verify.layout import unpack, write_inputs


def compare(flatbuffer: bytes, graph: Graph, images: list[dict[str, Int8]], hw: HwConfig, memory: MemoryModel,
            trace: bool) -> int:
    """Run one batch; returns the number of tensors compared. AssertionError names the first layer that differs.

    trace: every tensor of the graph is compared; otherwise what lies in device memory at the end.
    """
    expected = oracle.run(flatbuffer, images)
    program = compile_graph(graph, hw, trace)
    regions = [np.frombuffer(program.constant, np.uint8).copy(), np.zeros(program.scratch_bytes, np.uint8),
               np.zeros(program.input_bytes, np.uint8), np.zeros(program.output_bytes, np.uint8)]
    write_inputs(regions[Region.INPUT], program.inputs, images)
    launcher = SimulatedLauncher(hw, memory)
    try:
        verdict = launcher.launch(regions, program.stream_offset)
    finally:
        launcher.close()
    assert verdict.code == ErrorCode.NONE, f"{graph.name}: {verdict}"
    found = [(w.layer, w.tensor.removesuffix("/copy"), w.layout) for w in program.written
             if trace or w.layout.region == Region.OUTPUT]
    for layer, tensor, layout in found:
        got = unpack(regions[layout.region][layout.offset :], layout)
        for lane, values in enumerate(expected):
            want = values[tensor].reshape(got[lane].shape)
            wrong = np.argwhere(got[lane] != want)
            assert not len(wrong), (f"{graph.name}: layer {layer} ({tensor}), image {lane}: {len(wrong)} of "
                                    f"{want.size} differ, first at {tuple(wrong[0])}: {got[lane][tuple(wrong[0])]} for "
                                    f"{want[tuple(wrong[0])]}")
    return len(found)
