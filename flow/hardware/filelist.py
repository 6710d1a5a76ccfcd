"""The RTL files of the engine, read from the FuseSoC core file."""

from __future__ import annotations

from pathlib import Path

from flow.errors import Problem, ToolError

CORE_FILE = "flow.core"
FILESET = "rtl"


def rtl_files(root: Path, fileset: str = FILESET) -> list[Path]:
    """Files of a fileset of ``root``/flow.core in compile order; engine_pkg.sv is not among those of fileset rtl.

    Raises ToolError if the core file or a file in it is missing.
    """
    import yaml

    path = root / CORE_FILE
    try:
        core = yaml.safe_load(path.read_text(encoding="utf-8"))
        names: list[str] = core["filesets"][fileset]["files"]
    except (OSError, KeyError, yaml.YAMLError) as error:
        raise ToolError(Problem(str(path), f"cannot read fileset {fileset}: {error}", "restore the file")) from None
    files = [root / name for name in names]
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise ToolError([Problem(str(file), "missing", "restore the file") for file in missing])
    return files
