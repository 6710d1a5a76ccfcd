"""``python -m models NAME --output FILE``: make a network of the zoo."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from flow.errors import FlowError
from models import zoo


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m models", description=__doc__)
    parser.add_argument("name", choices=zoo.names())
    parser.add_argument("--output", type=Path, help="default: NAME with its usual ending, here")
    arguments = parser.parse_args()
    output = arguments.output or Path(arguments.name + zoo.entry(arguments.name).suffix)
    try:
        zoo.write(arguments.name, output)
    except FlowError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
