"""Operations that move values, resample and choose, through the RTL, equal to TensorFlow Lite's reference kernels."""

from __future__ import annotations

import numpy as np
import pytest

from flow.frontend.importer import graph_of
from flow.simulate.driver import MemoryModel
from models.builder import Builder
from tests.engines import ENGINES
from tests.graph import test_moves as moves

from .run import compare

MAKERS = (moves.transpose, moves.strided_slice, moves.join, moves.nearest, moves.bilinear, moves.transpose_conv,
          moves.extremum, moves.prelu, moves.reduction, moves.pad)


@pytest.mark.full
@pytest.mark.parametrize("engine", ["1x4x4", "2x8x8"])
def test_moves(engine: str) -> None:
    seed, hw = 11, ENGINES[engine]
    random, net = np.random.default_rng(seed), Builder()
    flatbuffer = net.build([make(net, random, make.__name__) for make in MAKERS])
    graph = graph_of(flatbuffer, "moves", f"seed {seed}")
    images = [{name: random.integers(-128, 128, graph.tensors[name].shape).astype(np.int8) for name in graph.inputs}
              for _ in range(hw.pix)]
    memory = MemoryModel(memory_bytes=1 << 28, stall_permille=50, reorder=True, seed=seed)
    assert compare(flatbuffer, graph, images, hw, memory, False) >= len(MAKERS)
