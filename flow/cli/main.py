"""Entry of the command: options in, exit code out; users see errors, never tracebacks (FLOW_DEBUG=1 shows them)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from flow.cli.arguments import parser
from flow.cli.console import open_console
from flow.errors import FlowError, Problem, UsageError

INTERRUPTED = 130
FAULT = 70


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``flow`` with ``arguments`` (the process's own if None); returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = parser().parse_args(given)
    except UsageError as error:
        return _fail("--json" in given, error.exit_code, error.problems)
    from flow.cli import commands

    console = open_console()
    try:
        answer = commands.RUN[options.command](options, console)
    except FlowError as error:
        console.close()
        verdict = getattr(error, "verdict", None)
        return _fail(options.json, error.exit_code, error.problems, verdict.to_json() if verdict else {})
    except KeyboardInterrupt:
        console.close()
        goes_on = "the next run goes on from the last finished stage" if options.command == "build" else ""
        return _fail(options.json, INTERRUPTED, [Problem(options.command, "interrupted", goes_on)])
    except Exception as error:
        console.close()
        if os.environ.get("FLOW_DEBUG"):
            raise
        if isinstance(error, OSError) and error.strerror:
            remedy = "check the path, its permissions and the free space"
            problem = Problem(str(error.filename or "files"), error.strerror, remedy)
            return _fail(options.json, UsageError.exit_code, [problem])
        return _fail(options.json, FAULT, [Problem("a fault of flow itself", f"{type(error).__name__}: {error}",
                                                   "run with FLOW_DEBUG=1 and report what it shows")])
    console.close()
    try:
        print(json.dumps(answer.value) if options.json else answer.text, flush=True)
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return answer.exit_code


def _fail(as_json: bool, code: int, problems: Sequence[Problem], details: dict[str, Any] | None = None) -> int:
    print("flow: " + "\n".join(map(str, problems)), file=sys.stderr)
    if as_json:
        print(json.dumps({**(details or {}), "error": [vars(problem) for problem in problems], "exit_code": code}))
    return code
