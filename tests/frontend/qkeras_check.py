"""Worker of the QKeras tests: ``python tests/frontend/qkeras_check.py FIRST COUNT`` for random networks of these seeds,
``qkeras_check.py NAME ...`` for networks of ``qkeras_odd``; prints one line of JSON.

Each network is saved, loaded, lowered, evaluated and run on the reference engine, and every tensor compared with the
model's own results.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= {
    "TF_USE_LEGACY_KERAS": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
}
warnings.simplefilter("ignore")
sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

import numpy as np  # noqa: E402
import qkeras_networks  # noqa: E402
import qkeras_odd  # noqa: E402

from flow import schedule  # noqa: E402
from flow.build.progress import Silent  # noqa: E402
from flow.errors import FlowError  # noqa: E402
from flow.frontend.qkeras.draft import ORACLE_WIDE  # noqa: E402
from flow.frontend.qkeras.lower import lower  # noqa: E402
from flow.frontend.qkeras.read import read  # noqa: E402
from flow.graph.evaluate import evaluate  # noqa: E402
from flow.graph.ir import Graph, Int8  # noqa: E402
from flow.graph.verify import verify  # noqa: E402
from flow.hardware.config import HwConfig  # noqa: E402
from flow.oracle.qkeras_load import load  # noqa: E402
from flow.oracle.qkeras_run import digits, quantised, real  # noqa: E402
from flow.oracle.qkeras_wide import in_float64  # noqa: E402
from flow.oracle.qkeras_worker import output  # noqa: E402
from flow.verify import stimuli  # noqa: E402
from flow.verify.engines import open_engine  # noqa: E402

ENGINES = (
    HwConfig(
        1, 4, 4, axi_bytes=16, inp_banks=2, inp_depth=1024, acc_depth=64, wgt_depth=256, out_depth=64, par_depth=16
    ),
    HwConfig(2, 8, 4, axi_bytes=8, inp_depth=512, acc_depth=32, wgt_depth=512, out_depth=32, par_depth=8),
    HwConfig(3, 8, 8, axi_bytes=32, inp_depth=256, acc_depth=48, wgt_depth=256, out_depth=64, par_depth=8),
)
IMAGES = 6


def expected(model: Any, graph: Graph, images: list[dict[str, Int8]]) -> dict[str, Int8]:
    """What the model computes, as int8 tensors of all images."""
    import tensorflow as tf

    wide = graph.oracle == ORACLE_WIDE
    if wide:
        model = in_float64(model)
    names = [name for name in graph.tensors if "/" not in name and name not in graph.inputs]
    names += [found.name for found in graph.wide]
    shown = tf.keras.Model(model.inputs, [output(model, name) for name in names])
    given = []
    for symbol in model.inputs:
        name = symbol._keras_history.layer.name
        values = np.stack([real(image[name], graph.tensors[name]) for image in images])
        given.append(values.reshape(len(images), *symbol.shape[1:]).astype("float64" if wide else "float32"))
    answers = shown.predict(given, verbose=0)
    answers = answers if isinstance(answers, list) else [answers]
    result: dict[str, Int8] = {}
    for name, answer in zip(names, answers, strict=True):
        values = np.asarray(answer, np.float64)
        planes = next((found.planes for found in graph.wide if found.name == name), None)
        if planes is None:
            tensor = graph.tensors[name]
            result[name] = quantised(values.reshape(len(images), *tensor.shape), tensor)
            continue
        tensors = [graph.tensors[plane] for plane in planes]
        result |= dict(zip(planes, digits(values.reshape(len(images), *tensors[0].shape), tensors, name), strict=True))
    return result


def check(network: Callable[[], Any], seed: int, engine: HwConfig) -> str:
    """ "equal", "refused: ..." or what went wrong."""
    import tensorflow as tf

    tf.keras.backend.set_floatx("float32")
    tf.keras.backend.set_epsilon(float(tf.keras.backend.epsilon()))
    tf.keras.backend.clear_session()
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "model.h5"
        network().save(path)
        model = load(path)
    try:
        graph = lower(read(model), "random")
    except FlowError as error:
        return f"refused: {'; '.join(map(str, error.problems))}"
    verify(graph)
    images = stimuli.images(graph, IMAGES, seed)
    wanted = expected(model, graph, images)
    values = [evaluate(graph, image) for image in images]
    wrong = [name for name in wanted if not np.array_equal(wanted[name], np.stack([value[name] for value in values]))]
    if wrong:
        return f"the graph differs in {wrong}"
    program = schedule.compile(graph, engine, trace=bool(seed % 2))
    lanes = [images[lane % IMAGES] for lane in range(engine.pix)]
    opened = open_engine("reference", program, graph, seed, Silent())
    try:
        run = opened.run(lanes)
    finally:
        opened.close()
    wrong = [
        name
        for name, lanes_of in run.tensors.items()
        for lane, got in enumerate(lanes_of)
        if name in values[0] and not np.array_equal(got.reshape(-1), values[lane % IMAGES][name].reshape(-1))
    ]
    return f"the engine differs in {wrong}" if wrong else "equal"


def main(arguments: list[str]) -> None:
    networks: dict[str, Callable[[], Any]]
    if arguments[0].isdigit():
        seeds = range(int(arguments[0]), int(arguments[0]) + int(arguments[1]))
        networks = {str(seed): functools.partial(qkeras_networks.network, seed) for seed in seeds}
    else:
        networks = {name: qkeras_odd.NETWORKS[name][0] for name in arguments}
    results: dict[str, str] = {}
    with contextlib.redirect_stdout(sys.stderr):
        for index, (name, network) in enumerate(networks.items()):
            seed = int(name) if name.isdigit() else index
            try:
                results[name] = check(network, seed, ENGINES[seed % len(ENGINES)].check())
            except Exception as error:  # a crash is a result of this network
                results[name] = f"{type(error).__name__}: {error}"
    print(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1:])
