"""Pictures as a page: one file that needs nothing else, to look around in, to fold and to search.

What the page shows before any script runs, and where none may, is whole: the picture as SVG, the layers as a list, the
text of the spec. The script adds moving about, folding, and that what is pointed at is told beside and marked in the
text. The pictures for folding are laid out here and packed: the lines of their SVG differ in little but numbers, so
that the page has each line without its numbers once, and of each picture the numbers alone.

No text of a spec gets into the page but by `escape` and `_data`. Should one ever find another way, the policy in the
head still lets no script run but ours, by its digest, and nothing be fetched at all.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any, Final

from archspec.drawing import GRAPH, Drawing
from archspec.graph import Graph, Path
from archspec_diagram import wording
from archspec_diagram.outline import Outline
from archspec_diagram.structure import Key, Kind
from archspec_diagram.svg import svg

_NUMBERS: Final = re.compile(r'( (?:x|y|width|height|cx|cy|rx|ry|points|d|viewBox)=")([^"]*)(?=")')
"""Where pictures of the same things differ."""

_HINT: Final = (
    "Point at a box, or go to it with Tab, and its shapes, its parameters and its line of the spec are told here. "
    "What has a + or − unfolds and folds by a click, or by Enter."
)
"""What stands there till something is told."""


def html(graph: Graph, drawing: Drawing) -> str:
    return "\n".join(_page(graph, drawing)) + "\n"


def _page(graph: Graph, drawing: Drawing) -> Iterator[str]:
    first, data = _pictures(graph, drawing)
    script = _asset("page.js")
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )
    name = escape(wording.clean(f"{graph.name} {drawing.variant}"))
    outline = Outline(_shown(graph, drawing), graph.span, drawing)
    yield "<!DOCTYPE html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="generator" content="archspec">'
    yield f"<title>{name}</title>"
    yield f"<style>\n{_asset('page.css')}</style>"
    yield "</head>"
    yield "<body>"
    yield "<header>"
    yield f"<h1>{name}</h1>"
    yield f"<p>{escape(wording.description(graph))}</p>"
    yield from _tools()
    yield "</header>"
    yield "<main>"
    yield '<section id="view" aria-label="Diagram">'
    yield first + "</section>"
    yield '<aside id="side">'
    yield f'<section id="facts" aria-label="What is pointed at" hidden><p>{_HINT}</p></section>'
    yield '<div id="texts">'
    yield from outline.sources()
    yield '<details id="layers">'
    yield "<summary>All layers</summary>"
    yield from outline.layers()
    yield "</details>"
    yield "</div>"
    yield "</aside>"
    yield "</main>"
    yield f'<script type="application/json" id="pictures">{_data(data)}</script>'
    yield f"<script>{script}</script>"
    yield "</body>"
    yield "</html>"


def _shown(graph: Graph, drawing: Drawing) -> Mapping[str, Graph]:
    """What the picture shows, by what the names of its parts begin with."""
    if drawing.style != "cells":
        return {"": graph}
    from archspec_diagram.cells import inner_graphs

    return inner_graphs(graph, drawing)


def _tools() -> Iterator[str]:
    """What only works with the script is hidden until it runs."""
    yield '<div id="tools" role="toolbar" aria-label="Diagram" hidden>'
    yield '<input id="search" type="search" placeholder="Search ( / )" aria-label="Search layers" autocomplete="off">'
    yield '<span id="found" role="status"></span>'
    for name, sign, tells in (
        ("nearer", "+", "Zoom in ( + )"),
        ("farther", "&minus;", "Zoom out ( - )"),
        ("whole", "Fit", "Fit the window ( 0 )"),
        ("closed", "Fold all", "Fold every block"),
        ("opened", "Unfold all", "Unfold every block"),
        ("again", "Start", "As the diagram was at the start"),
    ):
        yield f'<button id="{name}" type="button" title="{tells}">{sign}</button>'
    yield "</div>"


def _pictures(graph: Graph, drawing: Drawing) -> tuple[str, dict[str, Any]]:
    """The picture that the page starts with, and what the script makes others of."""
    if drawing.style != GRAPH:
        from archspec_diagram.views import picture_of

        return svg(picture_of(graph, drawing)), {"states": [[]], "turns": [{}]}
    from archspec_diagram.fold_states import fold_states

    found = fold_states(graph, drawing)
    first, *others = (svg(state.picture) for state in found.states)
    lines: dict[tuple[str, ...], int] = {}
    return first, {
        "states": [[], *(_packed(each, lines) for each in others)],
        "lines": list(lines),
        "turns": [{_identity(group): number for group, number in turns.items()} for turns in found.turns],
        "open": [sorted(map(_identity, state.frames)) for state in found.states],
        "closed": found.closed,
        "opened": found.opened,
    }


def _identity(group: Path) -> str:
    return Key(Kind.GROUP, group).identity


def _packed(text: str, lines: dict[tuple[str, ...], int]) -> Sequence[int | float | str]:
    """The picture as the number of each of its lines, with what has to be filled in there."""
    packed: list[int | float | str] = []
    for line in text.splitlines():
        pieces, filled, end = [], [], 0
        for place in _NUMBERS.finditer(line):
            pieces.append(line[end : place.end(1)])
            filled.append(_number(place[2]))
            end = place.end(2)
        packed.append(lines.setdefault((*pieces, line[end:]), len(lines)))
        packed += filled
    return packed


def _number(text: str) -> int | float | str:
    """A number where JSON gives back the very same text, and the text otherwise."""
    for kind in (int, float):
        try:
            if json.dumps(kind(text)) == text:
                return kind(text)
        except ValueError:
            pass
    return text


def _data(value: Any) -> str:
    """JSON that stands between tags: without `<`, it can neither end them nor begin others."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _asset(name: str) -> str:
    return (files("archspec_diagram") / name).read_text(encoding="utf-8")
