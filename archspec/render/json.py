"""Findings for programs: a list of objects.

Lines and columns count from 1, columns in characters; the end is the position behind the last character. A finding that
has no second places has an empty list of `related` ones. `explain` is the command that prints its manual.
"""

from __future__ import annotations

import json

from archspec.diagnostics import Report
from archspec.render.characters import UNICODE
from archspec.source import Span


def render(report: Report, encoding: str = UNICODE) -> str:
    """All findings of a report as one JSON list, in which what another encoding than UTF-8 may lack is escaped."""
    findings = [
        {
            "code": each.code,
            "name": each.name,
            "severity": str(each.severity),
            "message": each.message(),
            **_place(each.span),
            "label": each.label(),
            "notes": list(each.notes()),
            "help": each.help(),
            "fixes": [
                {
                    "title": fix.title,
                    "safe": fix.is_safe,
                    "edits": [{**_place(edit.span), "text": edit.text} for edit in fix.edits],
                }
                for fix in each.fixes()
            ],
            "related": [{"message": other.label, **_place(other.span)} for other in each.places()],
            "explain": f"archspec explain {each.code}",
        }
        for each in report
    ]
    return json.dumps(findings, indent=2, ensure_ascii=encoding != UNICODE) + "\n"


def _place(span: Span) -> dict[str, str | int]:
    line, column = span.first()
    end_line, end_column = span.last()
    return {"file": span.source.name, "line": line, "column": column, "end_line": end_line, "end_column": end_column}
