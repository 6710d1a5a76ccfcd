"""Dependencies between the parts point one way: a part imports only parts that stand before it in this list."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: The order of the parts. ``isa.description`` is data, below everything that reads it.
ORDER = (
    "errors",
    "children",  # processes that end with this one
    "tree",  # where the project's own files are
    "isa.description",
    "hardware",  # parameters of an engine
    "isa",  # encoding, checks, rendering
    "reference",  # the executable specification
    "opencl",  # the same as a kernel
    "graph",  # the integer graph
    "frontend.qkeras.load",  # a QKeras file -> the Keras model, for the oracle and the frontend
    "oracle",
    "frontend",  # model file -> integer graph
    "schedule",  # graph and engine -> program
    "size",  # graphs and device -> engine, by the scheduler's own rules and programs
    "emit",  # -> folder
    "simulate",
    "edalize",  # commands for FuseSoC's tools
    "conformance",  # random programs on all engines
    "build",  # folder transaction, stages, manifest
    "project",  # the vendor's project and its tools
    "verify",
    "report",
    "pipeline",
    "api",
    "cli",
    "__init__",
    "__main__",
)


def part(module: str) -> str:
    """The part of ORDER that ``flow.<module>`` belongs to."""
    special = [name for name in ORDER if "." in name and (module == name or module.startswith(name + "."))]
    return special[0] if special else module.split(".")[0]


def imports(path: Path) -> set[str]:
    """Dotted names below ``flow`` that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("flow.") for name in found if name.startswith("flow.")}


def test_one_way() -> None:
    wrong = []
    for path in sorted((ROOT / "flow").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT / "flow").with_suffix("").parts).removesuffix(".__init__")
        own = part(module)
        assert own in ORDER, f"{path} belongs to no part of ORDER"
        for name in imports(path):
            other = part(name)
            if other in ORDER and other != own and ORDER.index(other) > ORDER.index(own) and other != "__init__":
                wrong.append(f"flow.{module} imports flow.{name}")
    assert not wrong, "\n".join(wrong)


def test_relative_imports_are_not_used() -> None:
    """They would escape the check above."""
    for path in (ROOT / "flow").rglob("*.py"):
        assert not [node for node in ast.walk(ast.parse(path.read_text()))
                    if isinstance(node, ast.ImportFrom) and node.level], path


def test_import_is_light() -> None:
    """``import flow`` and the command's parser load neither NumPy nor TensorFlow."""
    import subprocess
    import sys

    code = ("import sys, flow, flow.cli.arguments; flow.cli.arguments.parser(); "
            "print([name for name in ('numpy', 'tensorflow', 'jinja2', 'rich') if name in sys.modules])")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.strip() == "[]"
