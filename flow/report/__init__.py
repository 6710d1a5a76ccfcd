"""The verdict of a build, for people (text, HTML) and for programs (JSON)."""

from flow.report.write import write

__all__ = ["write"]
