"""Entry of the command: options in, exit code out; users see errors, never tracebacks (FLOW_DEBUG=1 shows them)."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

from flow.cli.console import open_console, write
from flow.errors import FlowError, Problem, UsageError

INTERRUPTED = 130
FAULT = 70


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``flow`` with ``arguments`` (the process's own if None); returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    try:
        answer, code = _run(given)
    except FlowError as error:
        verdict = getattr(error, "verdict", None)
        return _fail(as_json, error.exit_code, error.problems, verdict.to_json() if verdict else {})
    except KeyboardInterrupt:
        goes_on = "the next run goes on from the last finished stage" if given[:1] == ["build"] else ""
        return _fail(as_json, INTERRUPTED, [Problem(given[0] if given else "flow", "interrupted", goes_on)])
    except Exception as error:
        if os.environ.get("FLOW_DEBUG"):
            raise
        if isinstance(error, OSError) and error.strerror:
            remedy = "check the path, its permissions and the free space"
            problem = Problem(str(error.filename or "files"), error.strerror, remedy)
            return _fail(as_json, UsageError.exit_code, [problem])
        return _fail(as_json, FAULT, [Problem("a fault of flow itself", f"{type(error).__name__}: {error}",
                                              "run with FLOW_DEBUG=1 and report what it shows")])
    lost = write(answer, sys.stdout)
    if lost:
        return _fail(False, UsageError.exit_code, [Problem("standard output", lost, "check where it goes")])
    return code


def _run(given: Sequence[str]) -> tuple[str, int]:
    """What to say on standard output, and the exit code."""
    from flow.cli.arguments import parser

    with redirect_stdout(io.StringIO()) as said:
        try:
            options = parser().parse_args(given)
        except SystemExit:  # --help, --version
            return said.getvalue().rstrip("\n"), 0
    from flow.cli import commands

    console = open_console()
    try:
        answer = commands.RUN[options.command](options, console)
    finally:
        console.close()
    return json.dumps(answer.value) if options.json else answer.text, answer.exit_code


def _fail(as_json: bool, code: int, problems: Sequence[Problem], details: dict[str, Any] | None = None) -> int:
    write("flow: " + "\n".join(map(str, problems)), sys.stderr)
    if as_json:
        value = {**(details or {}), "error": [vars(problem) for problem in problems], "exit_code": code}
        write(json.dumps(value), sys.stdout)
    return code
