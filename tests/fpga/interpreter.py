"""A real Tcl interpreter whose tool commands are Python, and which knows what lines of the scripts were run."""

from __future__ import annotations

import json
import re
import tkinter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flow.project.steps import PLAN_FILE, Plan, Step


class Refused(Exception):
    """What the tool would stop with."""


@dataclass(frozen=True)
class Command:
    """What a command takes: options with a value, flags without; how many other words; the document it is in."""

    source: str
    options: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    positional: tuple[int, int] = (0, 0)


@dataclass
class Call:
    """One use of a command, its words sorted out."""

    name: str
    options: dict[str, str]
    flags: set[str]
    words: list[str]


class Interpreter:
    """Runs scripts. ``commands`` are all the tool has besides Tcl's own; each call is checked against its entry."""

    def __init__(self, commands: Mapping[str, Command], handle: Callable[[Call], object]) -> None:
        self.tcl = tkinter.Tcl()
        self.commands = commands
        self.handle = handle
        self.ran: dict[Path, set[int]] = {}
        self.log: list[Call] = []
        self.output: list[str] = []
        self.failure = ""
        for name in commands:
            self.tcl.createcommand(name, self._command(name))
        self.tcl.createcommand("__ran", self._ran)
        self.tcl.createcommand("__puts", lambda *words: self.output.append(str(words[-1])))
        self.tcl.eval("""
            rename puts __tcl_puts
            proc puts {args} { __puts [lindex $args end] }
            rename exec {}
            proc __step {args} {
                set frame [info frame -2]
                if {[dict exists $frame file]} { __ran [dict get $frame file] [dict get $frame line] }
            }
            proc __main {script} { uplevel #0 [list source $script] }
            trace add execution __main enterstep __step
        """)

    def split(self, words: str) -> list[str]:
        return [str(word) for word in self.tcl.splitlist(words)]

    def join(self, words: list[str]) -> str:
        self.tcl.call("set", "::__list", "")
        for word in words:
            self.tcl.call("lappend", "::__list", word)
        return str(self.tcl.eval('format %s $::__list'))

    def run(self, script: Path) -> None:
        """Source a script. Raises Refused with the tool's or Tcl's message."""
        try:
            self.tcl.call("__main", str(script))
        except tkinter.TclError as error:
            place = str(self.tcl.eval("set ::errorInfo"))
            raise Refused(f"{self.failure or error}\n{place}") from None

    def _ran(self, file: str, line: str) -> None:
        self.ran.setdefault(Path(str(file)).resolve(), set()).add(int(line))

    def _command(self, name: str) -> Callable[..., object]:
        def run(*arguments: object) -> object:
            call = self._parse(name, [str(word) for word in arguments])
            self.log.append(call)
            try:
                result = self.handle(call)
            except Refused as error:
                raise tkinter.TclError(f"{name}: {error}") from None
            if isinstance(result, list):
                return self.join([str(word) for word in result])
            return "" if result is None else str(result)

        def guarded(*arguments: object) -> object:
            try:
                return run(*arguments)
            except tkinter.TclError as error:
                self.failure = str(error)
                raise

        return guarded

    def _parse(self, name: str, words: list[str]) -> Call:
        entry = self.commands[name]
        call = Call(name, {}, set(), [])
        rest = iter(words)
        for word in rest:
            if re.match(r"-[A-Za-z]", word):
                if word in entry.options:
                    value = next(rest, None)
                    if value is None:
                        raise tkinter.TclError(f"{name}: {word} has no value")
                    call.options[word] = value
                elif word in entry.flags:
                    call.flags.add(word)
                else:
                    raise tkinter.TclError(f"{name}: unknown option {word}")
            else:
                call.words.append(word)
        missing = [option for option in entry.required if option not in call.options]
        if missing:
            raise tkinter.TclError(f"{name}: {', '.join(missing)} missing")
        low, high = entry.positional
        if not low <= len(call.words) <= high:
            raise tkinter.TclError(f"{name}: {len(call.words)} words, {low} to {high} allowed: {call.words}")
        return call


@dataclass
class Tool:
    """A tool that is started anew for each script; an interpreter for every start."""

    interpreters: list[Interpreter] = field(default_factory=list, kw_only=True)

    def begin(self, commands: Mapping[str, Command], handle: Callable[[Call], object]) -> Interpreter:
        self.interpreters.append(Interpreter(commands, handle))
        return self.tcl

    @property
    def tcl(self) -> Interpreter:
        return self.interpreters[-1]


def plan(fpga: Path) -> tuple[Step, ...]:
    return Plan.from_json(json.loads((fpga / PLAN_FILE).read_text())).steps


def check_products(fpga: Path, step: Step) -> None:
    absent = [name for name in step.products if not (fpga / "run" / name).exists()]
    if absent:
        raise Refused(f"{step.name} left no {', '.join(absent)}")


def plant(script: Path, good: str, bad: str) -> None:
    """Replace text that a script must have."""
    text = script.read_text()
    assert good in text, f"{script.name} has no {good!r}"
    script.write_text(text.replace(good, bad))


def missed_lines(tools: Iterable[Tool], scripts: Iterable[Path]) -> list[str]:
    """Lines of the scripts with a command that no tool ran, as ``script:line: text``; the same
    script in several projects counts as one."""
    ran: dict[tuple[str, ...], set[int]] = {}
    for tool in tools:
        for interpreter in tool.interpreters:
            for path, lines in interpreter.ran.items():
                ran.setdefault(path.parts[-2:], set()).update(lines)
    return [f"{script.name}:{number}: {script.read_text().splitlines()[number - 1]}" for script in scripts
            for number in sorted(command_lines(script) - ran.get(script.parts[-2:], set()))]


def command_lines(script: Path) -> set[int]:
    """Lines of a script on which a command begins."""
    found = set()
    continued = False
    for number, line in enumerate(script.read_text().splitlines(), 1):
        text = line.strip()
        if text and not continued and not text.startswith("#") and not re.fullmatch(r"[}\]]+|\} else \{", text):
            found.add(number)
        continued = line.endswith("\\")
    return found
