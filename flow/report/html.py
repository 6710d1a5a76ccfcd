"""``report.html``: one file, no scripts, nothing from outside."""

from __future__ import annotations

from dataclasses import dataclass

import jinja2

from flow.report.figures import Figures
from flow.tree import ROOT
from flow.verify.verdict import LayerVerdict


@dataclass(frozen=True)
class Row:
    """One layer's cells; bar in per cent of all cycles."""

    layer: LayerVerdict
    cycles: str
    share: str
    bar: str


def page(figures: Figures, summary: str, sizing: str) -> str:
    """The whole page."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(ROOT / "templates"), autoescape=True,
                                     undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    layers = figures.verdict.layers if figures.verdict else ()
    total = sum(layer.cycles or 0 for layer in layers) or 1
    rows = [Row(layer, str(layer.cycles) if layer.cycles is not None else "",
                f"{100 * layer.utilisation:.1f} %" if layer.utilisation else "",
                f"{100 * (layer.cycles or 0) / total:.1f}") for layer in layers]
    return environment.get_template("report.html.j2").render(figures=figures, summary=summary, sizing=sizing, rows=rows)
