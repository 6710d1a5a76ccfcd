"""A QKeras network that ends without a quantiser: what the host program writes is what ``predict`` gives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flow import frontend, schedule
from flow.graph.real import quantise
from flow.hardware.config import HwConfig
from flow.oracle.qkeras_run import predict
from flow.simulate import host

HW = HwConfig(1, 4, 4, axi_bytes=16, inp_banks=2, inp_depth=1024, acc_depth=64, wgt_depth=256, out_depth=64,
              par_depth=16)
NETWORK = """
import sys
import numpy as np
import tensorflow as tf
from qkeras import QActivation, QDense, quantized_bits
x = tf.keras.Input((4, 4, 2), name="pixels")
y = QActivation(quantized_bits(8, 0, alpha=1), name="grid")(x)
y = tf.keras.layers.Flatten()(y)
y = QDense(5, kernel_quantizer=quantized_bits(8, 0, alpha=1), bias_quantizer=quantized_bits(8, 0, alpha=1),
           name="logits")(y)
model = tf.keras.Model(x, y)
random = np.random.default_rng(7)
model.set_weights([random.uniform(-1, 1, value.shape) for value in model.get_weights()])
model.save(sys.argv[1])
"""


@pytest.mark.full
def test_real_values_are_those_of_predict(tmp_path: Path) -> None:
    path = tmp_path / "net.h5"
    subprocess.run([sys.executable, "-c", NETWORK, str(path)], check=True, capture_output=True,
                   env={**os.environ, "TF_USE_LEGACY_KERAS": "1", "CUDA_VISIBLE_DEVICES": ""})
    graph = frontend.import_model(path, None, 0, "net").graph
    assert len(graph.wide) == 1 and len(graph.outputs) > 1
    program = schedule.compile(graph, HW)
    images = np.random.default_rng(3).uniform(-1, 1, (6, 4, 4, 2)).astype(np.float32)
    grid = quantise(images, graph.tensors[graph.inputs[0]], half_even=True)
    np.save(tmp_path / "images.npy", images)
    host.stage(tmp_path, program, [{graph.inputs[0]: image} for image in grid])
    binary = host.compile_host(program, host.engine_library(program))
    subprocess.run([str(binary), "--weights", "weights.bin", "--input", "images.npy", "--float", "1", "--output",
                    "logits.bin"], cwd=tmp_path, check=True, capture_output=True)
    wanted = predict(path.read_bytes(), {graph.inputs[0]: images}, ["logits"], False)["logits"]
    found = np.fromfile(tmp_path / "logits.bin", np.float32).reshape(6, 5)
    assert np.unique(found).size > 20 and np.array_equal(found, wanted)
