"""A network of one layer whose engine and oracle are a few lines: enough to test what the verifier notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from flow.graph.ir import Graph, Int8, Tensor, Unary
from flow.hardware.config import HwConfig
from flow.isa.description import Region
from flow.schedule.program import Fold, HostInput, HostOutput, LayerSpan, Layout, Program, Written
from flow.verify.engines import BatchRun, Image

HW = HwConfig(pix=2, rows=4, cols=4, axi_bytes=8)
SHAPE = (3, 5, 6)
MACS = 90


def layout(region: Region, pix: int = HW.pix) -> Layout:
    height, width, channels = SHAPE
    return Layout(region, 0, height, width, channels, -(-channels // HW.cols), pix, HW.cols)


def graph() -> Graph:
    tensors = {name: Tensor(name, *SHAPE, 0.5, 3) for name in ("x", "y")}
    return Graph("fake", tensors, (Unary("negate", ("x",), ("y",), "negate", np.zeros(256, np.int8)),), ("x",), ("y",))


def program() -> Program:
    return Program(
        name="fake", hw=HW, instructions=(), constant=b"", stream_offset=0, scratch_bytes=0,
        input_bytes=layout(Region.INPUT).size, output_bytes=layout(Region.OUTPUT).size,
        inputs=(HostInput("x", *SHAPE, 0.5, 3, Fold(), layout(Region.INPUT)),),
        outputs=(HostOutput("y", *SHAPE, 0.5, 3, layout(Region.OUTPUT), None, "y", 0.5, 3),),
        written=(Written("y", "negate", layout(Region.OUTPUT), layout(Region.OUTPUT).size),),
        layers=(LayerSpan("negate", "Unary", (0,), MACS, "y"),), macs=MACS)


def truth(x: Int8) -> Int8:
    return (~x).astype(np.int8)


def oracle(
    graph: Graph, flatbuffer: bytes, inputs: Sequence[dict[str, Int8]], keep: object = None
) -> list[dict[str, Int8]]:
    return [{"x": image["x"], "y": truth(image["x"])} for image in inputs]


@dataclass
class FakeEngine:
    """Computes the truth, then lets ``spoil`` change the tensors it wrote and ``spoil_output`` its outputs."""

    name: str = "fake"
    batches: list[list[Image]] = field(default_factory=list)
    closed: bool = False

    def spoil(self, values: Int8) -> None:
        pass

    def spoil_output(self, values: Int8) -> None:
        pass

    def run(self, images: Sequence[Image]) -> BatchRun:
        self.batches.append(list(images))
        values = np.stack([truth(image["x"]) for image in images])
        outputs = values.copy()
        self.spoil(values)
        self.spoil_output(outputs)
        return BatchRun(tuple({"y": value} for value in outputs), {"y": values}, {"y": 40}, 60, {"GEMM_BUSY": 7}, 0.25)

    def close(self) -> None:
        self.closed = True
