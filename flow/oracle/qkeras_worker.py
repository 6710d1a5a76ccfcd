"""Worker of the QKeras oracle: ``python -m flow.oracle.qkeras_worker FOLDER``.

Reads FOLDER/model.h5, FOLDER/request.json and FOLDER/in.npz (one array of all images per input), runs the model's own
``predict`` and writes FOLDER/out.npz, one array per layer asked for.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from flow.oracle.qkeras_weights import Scaled


def main(folder: Path) -> None:
    from flow.oracle.qkeras_load import load, without_quantisers
    from flow.oracle.qkeras_wide import in_float64

    model = load(folder / "model.h5")
    import tensorflow as tf

    request = json.loads((folder / "request.json").read_text())
    kind = "float64" if request["wide"] else "float32"
    if request.get("plain"):
        without_quantisers(model)
    if request["wide"]:
        model = in_float64(model)
    with np.load(folder / "in.npz") as archive:
        inputs = [archive[str(position)].astype(kind) for position in range(len(request["inputs"]))]
    order = [tensor._keras_history.layer.name for tensor in model.inputs]
    given = [inputs[request["inputs"].index(name)] for name in order]
    given = [values.reshape(len(values), *tensor.shape[1:]) for values, tensor in zip(given, model.inputs, strict=True)]
    fed = dict(zip(order, given, strict=True))
    asked = [name for name in request["layers"] if name not in fed]
    results = {name: fed[name] for name in request["layers"] if name in fed}
    if asked:
        shown = tf.keras.Model(model.inputs, [output(model, name) for name in asked])
        computed = shown.predict(given if len(given) > 1 else given[0], batch_size=64, verbose=0)
        results |= dict(zip(asked, computed if len(asked) > 1 else [computed], strict=True))
    arrays: dict[str, Any] = {str(index): results[name] for index, name in enumerate(request["layers"])}
    arrays = {index: np.asarray(values, np.float64) for index, values in arrays.items()}
    np.savez(folder / "out.npz", **arrays)


def output(model: Any, name: str) -> Any:
    """The symbolic output of a layer, for NAME/linear before its own activation."""
    layer = model.get_layer(name.removesuffix("/linear"))
    if not name.endswith("/linear"):
        return layer.output
    own, layer.activation = layer.activation, None
    bare = type(layer).from_config({**layer.get_config(), "activation": None, "name": f"{layer.name}_linear"})
    layer.activation = own
    if isinstance(own, Scaled):
        bare.activation = replace(own, own=None)
    result = bare(layer.input)
    bare.set_weights(layer.get_weights())
    return result


if __name__ == "__main__":
    main(Path(sys.argv[1]))
