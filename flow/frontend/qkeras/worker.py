"""Worker of the QKeras frontend: ``python -m flow.frontend.qkeras.worker MODEL FOLDER NAME``.

Loads the model (code in the file is refused before), lowers it and writes FOLDER/graph.pickle and FOLDER/result.json.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

from flow.errors import FlowError


def main(arguments: list[str]) -> None:
    model_path, folder, name = Path(arguments[0]), Path(arguments[1]), arguments[2]
    result: dict[str, Any]
    try:
        from flow.frontend.qkeras.lower import lower
        from flow.frontend.qkeras.read import read
        from flow.oracle.qkeras_load import load

        model = load(model_path)
        graph = lower(read(model), name)
        (folder / "graph.pickle").write_bytes(pickle.dumps(graph))
        result = {"layers": [layer.name for layer in model.layers]}
    except FlowError as error:
        result = {
            "error": type(error).__name__,
            "problems": [[problem.where, problem.found, problem.remedy] for problem in error.problems],
        }
    (folder / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
