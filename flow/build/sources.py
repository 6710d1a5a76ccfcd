"""Model files by path or, where there is no such file, made by the zoo."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from pathlib import Path

from flow.build.job import Source
from flow.build.origin import TOOLS, source_hash, tool_versions
from flow.build.progress import Progress
from flow.errors import Problem, UsageError
from flow.tree import KEPT

#: scikit-learn: the handwritten digits
_TOOLS = (*TOOLS, "scikit-learn")


def find(text: str, progress: Progress) -> Source:
    """The model ``text`` names. Raises UsageError, with the nearest names of the zoo, if there is none."""
    path = Path(text)
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", path.stem) or "model"
    if path.is_file():
        return Source(name, path)
    from models import zoo

    if path.parent == Path(".") and path.stem in zoo.names() and path.suffix in ("", ".h5", ".keras", ".tflite"):
        return Source(name, _generate(path, progress))
    if path.exists():  # no model; what it is, is told by who reads it
        return Source(name, path)
    near = difflib.get_close_matches(path.stem, zoo.names(), n=3)
    raise UsageError(Problem(f"--model {text}", "no such file, and no network of the zoo has this name",
                             f"did you mean {' or '.join(near)}?" if near else "see: flow list models"))


def _generate(path: Path, progress: Progress) -> Path:
    from models import zoo

    suffix = path.suffix or zoo.entry(path.stem).suffix
    made_by = hashlib.sha256(json.dumps([source_hash(("models",)), tool_versions(_TOOLS)]).encode()).hexdigest()
    target = KEPT / "models" / made_by[:16] / f"{path.stem}{suffix}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{os.getpid()}.{target.name}")
        progress.start(f"making {path.stem}")
        try:
            zoo.write(path.stem, partial)
            os.rename(partial, target)
        finally:
            partial.unlink(missing_ok=True)
        progress.finish(False)
    return target
