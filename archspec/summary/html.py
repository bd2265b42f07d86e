"""The table of a model as a page whose blocks fold and unfold, without a script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from archspec.summary.columns import Column, columns
from archspec.summary.notes import facts
from archspec.summary.tree import Line

if TYPE_CHECKING:
    from archspec.summary import Summary

_STYLE: Final = """
.archspec-summary { font: 13px/1.5 system-ui, sans-serif; overflow-x: auto; }
.archspec-summary .row { display: grid; grid-template-columns: var(--columns); gap: 0 1.2em;
  padding: 1px 6px; white-space: nowrap; }
.archspec-summary .row:hover { background: #8c959f26; }
.archspec-summary .head { border-bottom: 1px solid #8c959f; }
.archspec-summary .total { border-top: 1px solid #8c959f; }
.archspec-summary .head > span, .archspec-summary .total > span { font-weight: 600; }
.archspec-summary .number { text-align: right; font-variant-numeric: tabular-nums; }
.archspec-summary .block > :first-child { font-weight: 600; }
.archspec-summary summary { list-style: none; cursor: pointer; }
.archspec-summary summary::-webkit-details-marker { display: none; }
.archspec-summary summary > :first-child::before { content: "\\25B8\\00A0"; opacity: 0.7; }
.archspec-summary details[open] > summary > :first-child::before { content: "\\25BE\\00A0"; }
.archspec-summary span { overflow: hidden; text-overflow: ellipsis; }
.archspec-summary dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 1em; margin: 1em 6px; }
.archspec-summary dt { opacity: 0.7; } .archspec-summary dd { margin: 0; }
"""
"""It has the colours of the page or notebook that it stands in, and widths are counted in letters of a row."""

_WIDEST: Final = 44
"""No column of text is wider than this many letters."""


def written(summary: Summary, depth: int | None) -> str:
    deepest = max((len(node.path) for node in summary.graph.nodes), default=1)
    lines = summary.lines(deepest)
    opened = depth if depth is not None else max((line.depth for line in summary.lines()), default=1)
    found = columns(summary, lines, lambda line: line.name)
    widths = " ".join(
        f"{min(column.width, _WIDEST) + (6 if place == 0 else 1)}ch" for place, column in enumerate(found)
    )
    title = escape(summary.model)
    body = "\n".join(_rows(lines, found, opened))
    notes = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts(summary))
    return (
        f'<!doctype html>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n"
        f'<div class="archspec-summary" style="--columns: {widths}">\n<h3>{title}</h3>\n'
        f"{_row('div', 'row head', found, [column.title for column in found], 0)}\n{body}\n"
        f"{_row('div', 'row total', found, [column.total for column in found], 0)}\n<dl>{notes}</dl>\n</div>\n"
    )


def _rows(lines: Sequence[Line], found: Sequence[Column], opened: int) -> Iterator[str]:
    depth = 0
    for place, line in enumerate(lines):
        while depth >= line.depth:
            yield "</details>"
            depth -= 1
        cells = [column.cells[place] for column in found]
        if not line.is_open:
            yield _row("div", "row" if line.is_layer else "row block", found, cells, line.depth)
            continue
        yield f"<details{' open' if line.depth < opened else ''}>"
        yield _row("summary", "row block", found, cells, line.depth)
        depth = line.depth
    yield "</details>" * depth


def _row(tag: str, kind: str, found: Sequence[Column], cells: Sequence[str], depth: int) -> str:
    spans = []
    for place, (column, cell) in enumerate(zip(found, cells, strict=True)):
        style = f' style="padding-left:{(depth - 1) * 1.2:.1f}em"' if place == 0 and depth > 1 else ""
        spans.append(f"<span{' class=number' if column.is_number else ''}{style}>{escape(cell)}</span>")
    return f'<{tag} class="{kind}">{"".join(spans)}</{tag}>'
