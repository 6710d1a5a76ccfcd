"""A part of a signed array's element is unsigned, but Yosys's slang front end extends its sign inside a cast.

Found by simulating the netlist: every product of the requantisation was wrong. In the RTL such a part says its sign.
"""

from __future__ import annotations

import re

from flow.hardware.filelist import rtl_files
from flow.tree import ROOT

_ARRAY = re.compile(r"^\s*(?:logic signed \[[^\]]*\]|value_t|wide_t) ([^;]*\[[^;]*);", re.MULTILINE)
_PART = re.compile(r"(\w*)'\((\w+)((?:\[[^\[\]]*\]){2,})\)")


def unsaid(text: str) -> list[str]:
    """Parts of elements of signed arrays that a cast extends without ``signed'`` or ``unsigned'``."""
    dimensions = {match[1]: len(re.findall(r"\[", match[2])) for declared in _ARRAY.findall(text)
                  for match in re.finditer(r"(\w+)((?:\[[^\]]*\])+)", declared)}
    return [match[0] for match in _PART.finditer(text) if match[1] not in ("signed", "unsigned")
            and 0 < dimensions.get(match[2], 0) < len(re.findall(r"\[", match[3]))]


def test_the_check_sees_what_was_found() -> None:
    text = "  value_t x_q[PIX], y_q[PIX];\n a = (LOW + CUT)'(x_q[p][LOW-1:0]) * W'(y_q[p]) + W'(unsigned'(y_q[p][3]));"
    assert unsaid(text) == ["'(x_q[p][LOW-1:0])"]


def test_parts_of_signed_elements_say_their_sign() -> None:
    found = {path.name: unsaid(path.read_text()) for path in rtl_files(ROOT)}
    assert not {name: parts for name, parts in found.items() if parts}
