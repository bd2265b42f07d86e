"""Findings in SARIF 2.1.0, the form in which services that gather findings of many tools take them.

Only kinds that were found are described. Characters outside of ASCII are escaped: JSON allows it, and the file is right
whatever encoding it is written in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import quote

from archspec.diagnostics import Diagnostic, Fix, Report, Severity
from archspec.explanation import explanation
from archspec.source import Span
from archspec.version import VERSION

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

LEVELS: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.ADVICE: "note",
}


def render(report: Report) -> str:
    """All findings of a report as the log of one run."""
    kinds = sorted({type(each) for each in report}, key=lambda kind: kind.code)
    driver = {
        "name": "archspec",
        "semanticVersion": VERSION,
        "rules": [_rule(kind) for kind in kinds],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True}],
        "columnKind": "unicodeCodePoints",
        "newlineSequences": ["\r\n", "\n", "\r"],
        "results": [_result(each, kinds.index(type(each))) for each in report],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(kind: type[Diagnostic]) -> dict[str, Any]:
    said = explanation(kind)
    return {
        "id": kind.code,
        "name": "".join(word.capitalize() for word in kind.name.split("-")),
        "shortDescription": {"text": said.summary},
        "fullDescription": {"text": " ".join(filter(None, (said.summary, *said.text.split())))},
        "help": {"text": f"`archspec explain {kind.code}` prints this:\n\n{said.whole}", "markdown": said.whole},
        "defaultConfiguration": {"level": LEVELS[kind.severity]},
    }


def _result(finding: Diagnostic, rule: int) -> dict[str, Any]:
    here = f": {finding.label()}" if finding.label() else ""
    said = [f"{finding.message()}{here}", *(f"note: {note}" for note in finding.notes())]
    said += [f"help: {finding.help()}"] if finding.help() else []
    found: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": LEVELS[finding.severity],
        "message": {"text": "\n".join(said)},
        "locations": [_location(finding.span, finding.label())],
    }
    others = [{"id": number, **_location(each.span, each.label)} for number, each in enumerate(finding.places(), 1)]
    fixes = [_fix(each) for each in finding.fixes()]
    return found | ({"relatedLocations": others} if others else {}) | ({"fixes": fixes} if fixes else {})


def _fix(fix: Fix) -> dict[str, Any]:
    changes = []
    for source in dict.fromkeys(edit.span.source for edit in fix.edits):
        replacements = [
            {"deletedRegion": _region(edit.span)} | ({"insertedContent": {"text": edit.text}} if edit.text else {})
            for edit in fix.edits
            if edit.span.source is source
        ]
        changes.append({"artifactLocation": {"uri": _uri(source.name)}, "replacements": replacements})
    return {"description": {"text": fix.title}, "artifactChanges": changes}


def _location(span: Span, label: str) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(span.source.name)}}
    if span.source.text:  # A file that could not be read has no lines.
        place["region"] = _region(span)
    return {"physicalLocation": place} | ({"message": {"text": label}} if label else {})


def _region(span: Span) -> dict[str, int]:
    first, last = span.first(), span.last()
    return {"startLine": first.line, "startColumn": first.column, "endLine": last.line, "endColumn": last.column}


def _uri(name: str) -> str:
    """The name of a file as a URI: relative, as it was given, or else absolute."""
    path = PurePath(name)
    return Path(path).as_uri() if path.is_absolute() else quote(path.as_posix(), errors="surrogateescape")
