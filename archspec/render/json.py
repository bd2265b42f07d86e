"""Findings for programs: a list of objects.

Lines and columns count from 1, columns in characters; the end is the position behind the last character. A finding that
has no second places has an empty list of `related` ones.
"""

from __future__ import annotations

import json

from archspec.diagnostics import Report
from archspec.source import Span


def render(report: Report) -> str:
    """All findings of a report as one JSON list."""
    findings = [
        {
            "code": each.code,
            "name": each.name,
            "severity": str(each.severity),
            "message": each.message(),
            **_place(each.span),
            "label": each.label(),
            "help": each.help(),
            "related": [{"message": other.label, **_place(other.span)} for other in each.related()],
        }
        for each in report
    ]
    return json.dumps(findings, indent=2, ensure_ascii=False) + "\n"


def _place(span: Span) -> dict[str, str | int]:
    line, column = span.first()
    end_line, end_column = span.last()
    return {"file": span.source.name, "line": line, "column": column, "end_line": end_line, "end_column": end_column}
