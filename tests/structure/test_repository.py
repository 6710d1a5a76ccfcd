"""Rules for all committed text."""

from __future__ import annotations

import ast
import re
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

_FORBIDDEN = {
    "a registry's address": re.compile(r"(?i)https?://[^\s\"')]*(pypi|simple/|registry|pythonhosted|index-url)"),
    "an absolute path of some machine": re.compile(r"(?<![\w./])/(home|root|work|Users|tmp/(?!bash)\w+)/\w"),
    "a trusted-host or index option": re.compile(r"--(trusted-host|(extra-)?index-url)\s+\S"),
}


def committed() -> list[Path]:
    """Files git knows, or all outside .venv and build where there is no git."""
    try:
        names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return [path for path in ROOT.rglob("*") if path.is_file()
                and path.relative_to(ROOT).parts[0] not in (".venv", "build", ".git")]
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in committed():
        data = path.read_bytes()
        if b"\0" not in data and path != Path(__file__):
            found.append((path, data.decode(errors="replace")))
    return found


@pytest.mark.parametrize("what", _FORBIDDEN)
def test_no_committed_text_names(what: str) -> None:
    wrong = [f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}" for path, text in texts()
             for number, line in enumerate(text.splitlines(), 1) if _FORBIDDEN[what].search(line)]
    assert not wrong, f"{what}:\n" + "\n".join(wrong)


def test_no_large_files() -> None:
    """Models and weights are made, not committed."""
    large = [str(path.relative_to(ROOT)) for path in committed() if path.stat().st_size > 1 << 20]
    assert not large


def test_lock_pins_and_hashes_everything() -> None:
    lock = (ROOT / "requirements.txt").read_text()
    blocks = re.split(r"\n(?=\S)", lock.strip())
    assert len(blocks) > 50
    for block in blocks:
        assert re.match(r"[a-z0-9-]+==\S+", block), block[:60]
        assert "--hash=sha256:" in block, block[:60]


def test_lock_covers_the_requirements() -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    for line in (ROOT / "requirements.in").read_text().splitlines():
        wanted = re.match(r"[A-Za-z0-9._-]+", line.partition("#")[0])
        if wanted:
            assert re.sub(r"[._]", "-", wanted.group().lower()) in locked


def test_readme_lists_every_folder() -> None:
    listing = (ROOT / "README.md").read_text().partition("## What is where")[2].partition("\n##")[0]
    folders = {path.relative_to(ROOT).parts[0] for path in committed() if path.parent != ROOT} - {".ci", "flow"}
    parts = {path.parent.name for path in committed() if path.relative_to(ROOT).match("flow/*/__init__.py")}
    missing = [name for name in (*sorted(folders), *(f"flow/{part}" for part in sorted(parts)))
               if f"{name}/" not in listing]
    assert not missing


def test_continuous_integration_is_make_test() -> None:
    lines = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make test"]


def _normal(package: str) -> str:
    """As packages are compared: my_package is my-package."""
    return re.sub(r"[-_.]+", "-", package).lower()


def test_every_imported_package_is_asked_for() -> None:
    """Nothing is used that is only there because something else needs it."""
    distributions = metadata.packages_distributions()
    lines = (ROOT / "requirements.in").read_text().splitlines()
    asked = {_normal(re.split(r"[^A-Za-z0-9_.-]", line)[0]) for line in lines}
    missing = set()
    for path in committed():
        if path.suffix != ".py" or path.relative_to(ROOT).parts[0] not in ("flow", "models", "tests"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.append(node.module)
            for top in {name.split(".")[0] for name in names}:
                owners = {_normal(owner) for owner in distributions.get(top, ())}
                if owners and not owners & (asked | {"flow"}):
                    missing.add(f"{path.relative_to(ROOT)} imports {top} of {sorted(owners)}")
    assert not missing
