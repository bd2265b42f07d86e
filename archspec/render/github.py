"""Findings as commands of GitHub Actions, which shows each beside the line that it speaks of.

A runner reads these commands from what a step prints. In its log, only the message of a command is to be seen, so that
it begins with the place.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from archspec.diagnostics import Diagnostic, Report, Severity
from archspec.source import Span

COMMANDS: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.ADVICE: "notice",
}


def render(report: Report, workspace: Path | None = None) -> str:
    """A command for each finding; files inside the workspace are named from there, as the runner looks for them."""
    return "".join(f"{_command(each, workspace)}\n" for each in report)


def _command(finding: Diagnostic, workspace: Path | None) -> str:
    first, last = finding.span.first(), finding.span.last()
    properties: dict[str, str | int] = {"file": _file(finding.span, workspace), "line": first.line}
    if first.line == last.line:  # Of a place that goes over several lines, GitHub takes no columns.
        properties |= {"col": first.column, "endLine": last.line, "endColumn": last.column}
    else:
        properties |= {"endLine": last.line}
    properties["title"] = f"archspec {finding.code}: {finding.name}"
    written = ",".join(f"{key}={_escaped(str(value), is_property=True)}" for key, value in properties.items())
    return f"::{COMMANDS[finding.severity]} {written}::{_escaped(_message(finding))}"


def _file(span: Span, workspace: Path | None) -> str:
    path = Path(span.source.name)
    if workspace is not None and path.exists() and path.resolve().is_relative_to(workspace.resolve()):
        path = path.resolve().relative_to(workspace.resolve())
    return path.as_posix()


def _message(finding: Diagnostic) -> str:
    lines = [f"{finding.span!r}: {finding.message()}"]
    lines += [f"here: {finding.label()}"] if finding.label() else []
    lines += [f"{each.span!r}: {each.label}" for each in finding.places() if each.label]
    lines += [f"note: {note}" for note in finding.notes()]
    lines += [f"help: {finding.help()}"] if finding.help() else []
    return "\n".join(lines)


def _escaped(text: str, *, is_property: bool = False) -> str:
    """A text in which nothing ends the value that it is: line breaks in both, and what divides properties there."""
    for each in "%\r\n:," if is_property else "%\r\n":
        text = text.replace(each, f"%{ord(each):02X}")
    return text
