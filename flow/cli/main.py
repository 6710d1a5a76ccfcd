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
        return _fail("--json" in given, error.exit_code, [vars(problem) for problem in error.problems], str(error))
    from flow.cli import commands

    console = open_console()
    try:
        answer = commands.RUN[options.command](options, console)
    except FlowError as error:
        console.close()
        verdict = getattr(error, "verdict", None)
        return _fail(options.json, error.exit_code, [vars(problem) for problem in error.problems], str(error),
                     verdict.to_json() if verdict else {})
    except KeyboardInterrupt:
        console.close()
        return _fail(options.json, INTERRUPTED, [], "interrupted; the next run goes on from the last finished stage")
    except Exception as error:
        console.close()
        if os.environ.get("FLOW_DEBUG"):
            raise
        if isinstance(error, OSError) and error.strerror:
            remedy = "check the path, its permissions and the free space"
            problem = Problem(str(error.filename or "files"), error.strerror, remedy)
            return _fail(options.json, UsageError.exit_code, [vars(problem)], str(problem))
        found = f"{type(error).__name__}: {error}"
        return _fail(options.json, FAULT, [{"where": "flow", "found": found}],
                     f"a fault of flow itself: {found}\n    remedy: run with FLOW_DEBUG=1 and report what it shows")
    console.close()
    try:
        print(json.dumps(answer.value) if options.json else answer.text, flush=True)
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return answer.exit_code


def _fail(as_json: bool, code: int, problems: list[dict[str, Any]], text: str,
          details: dict[str, Any] | None = None) -> int:
    print(f"flow: {text}", file=sys.stderr)
    if as_json:
        shown = problems or [{"where": "flow", "found": text}]
        print(json.dumps({**(details or {}), "error": shown, "exit_code": code}))
    return code
