"""The live console shows texts as they are, whatever is in them."""

from __future__ import annotations

import pytest

from flow.cli.console import LiveConsole


@pytest.mark.parametrize("text", ["data[old]/x.npy", "[/relu]", "a :smile: b"])
def test_texts_are_no_markup(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    console = LiveConsole()
    console.start(text)
    console.update(1, 2, text)
    console.warn(text)
    console.finish(False)
    console.close()
    shown = capsys.readouterr().err
    assert f"warning: {text}" in shown and shown.count(text) >= 2
