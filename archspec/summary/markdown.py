"""The table of a model in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec.summary.columns import Column, columns, full_name
from archspec.summary.notes import facts

if TYPE_CHECKING:
    from archspec.summary import Summary


def written(summary: Summary, depth: int | None) -> str:
    found = columns(summary, summary.lines(depth), full_name)
    rows = [
        _row([column.title for column in found]),
        _row(["---:" if column.is_number else ":---" for column in found]),
        *(_row(list(map(escaped, cells))) for cells in zip(*(column.cells for column in found), strict=True)),
        _row([_total(column) for column in found]),
    ]
    notes = [f"- {title}: {escaped(text)}" for title, text in facts(summary)]
    return "\n".join((f"### {escaped(summary.model)}", "", *rows, "", *notes)) + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _total(column: Column) -> str:
    return f"**{escaped(column.total)}**" if column.total else ""


def escaped(text: str) -> str:
    """Text whose signs mean nothing in Markdown."""
    for sign in "\\`*_|<[":
        text = text.replace(sign, f"\\{sign}")
    return text
