"""Worker of the zoo: ``python -m models.generate MODULE:FUNCTION FILE``."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any


def main(function: str, path: Path) -> None:
    module, name = function.split(":")
    if path.suffix == ".tflite":
        path.write_bytes(getattr(importlib.import_module(module), name)())
        return
    if module == "models.quantised":
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tensorflow as tf

    keras: Any = tf.keras

    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
    model = getattr(importlib.import_module(module), name)()
    model.save(path)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
