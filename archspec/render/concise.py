"""Findings one a line, as editors and terminals look for them: a place to click on, the fault, and its cure."""

from __future__ import annotations

from archspec.diagnostics import Diagnostic, Report
from archspec.render.characters import UNICODE, shown
from archspec.render.total import total


def render(report: Report, encoding: str = UNICODE, files: int = 1) -> str:
    """A line for each finding and, where several files were checked, one that sums them up."""
    lines = [shown(line(each), encoding) for each in report]
    if files > 1:
        lines.append(total(report, files))
    return "".join(f"{each}\n" for each in lines)


def line(finding: Diagnostic) -> str:
    """A finding in a line."""
    here = f": {finding.label()}" if finding.label() else ""
    cure = "".join(f"; {each}" for each in finding.help().splitlines())
    return f"{finding.span!r}: {finding.severity}[{finding.code}]: {finding.message()}{here}{cure}"
