"""Draws graphs. A view makes a picture of a model, and a writer gives the picture a form: SVG, PNG or PDF.

What other programs lay out, such as Mermaid and DOT, is written from the graph view before it has places. The table of
a paper is no picture, and has forms of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, final

from msgspec.structs import replace

from archspec.backend import Backend, Purpose, Target
from archspec.drawing import GRAPH, TABLE, Drawing, DrawingError
from archspec.graph import Graph

if TYPE_CHECKING:
    from archspec.diagnostics import Diagnostic
    from archspec.partial import PartialGraph
    from archspec_diagram.picture import Picture

_SVG: Final = Target("svg", ".svg", Purpose.DRAW, "a picture for pages and papers")
_PNG: Final = Target("png", ".png", Purpose.DRAW, "the same picture in pixels")
_PDF: Final = Target("pdf", ".pdf", Purpose.DRAW, "the same picture for print, with lines and text")
_MERMAID: Final = Target("mermaid", ".mmd", Purpose.DRAW, "a flowchart that Markdown sites draw")
_HTML: Final = Target("html", ".html", Purpose.DRAW, "a page to look around in, to fold and to search")
_TIKZ: Final = Target("tikz", ".tex", Purpose.DRAW, "the same picture in the words of TeX")
_DOT: Final = Target("dot", ".dot", Purpose.DRAW, "a graph for the tools of Graphviz")
_MARKDOWN: Final = Target("markdown", ".md", Purpose.DRAW, "the table of a paper, in Markdown")
_LATEX: Final = Target("latex", ".tex", Purpose.DRAW, "the same table for LaTeX, with the package booktabs")
_CSV: Final = Target("csv", ".csv", Purpose.DRAW, "the same table for a spreadsheet")

_PICTURES: Final = (_SVG, _PNG, _PDF, _HTML, _TIKZ)
"""What holds the picture of any view."""

_FLAT: Final = (_SVG, _PNG, _PDF, _TIKZ)
"""What holds a picture alone."""

_TABLES: Final = (_MARKDOWN, _LATEX, _CSV)
"""What holds a table alone, which need not be asked for."""


@final
class DiagramBackend(Backend):
    """Writes pictures of graphs. What each form needs is imported only when it is written."""

    name = "diagram"
    targets = (_SVG, _PNG, _PDF, _HTML, _TIKZ, _MERMAID, _DOT, *_TABLES)

    def write(self, graph: Graph, target: Target) -> bytes:
        return self.draw(graph, target, Drawing())

    def draw(self, graph: Graph, target: Target, drawing: Drawing) -> bytes:
        from archspec_diagram.asked import check_asked

        if drawing.style == GRAPH and target in _TABLES:
            drawing = replace(drawing, style=TABLE)
        check_asked(drawing, target.name)
        if drawing.style == TABLE:
            from archspec_diagram.table import table

            # The style decides what a `.tex` is.
            form = _LATEX if target == _TIKZ else target
            return table(graph, form.name, drawing).encode()
        if drawing.style != GRAPH and target not in _PICTURES:
            from archspec_diagram.views import view_called

            view_called(drawing.style)
            raise DrawingError(f"`{drawing.style}` is drawn as svg, png, pdf, html or tikz, not as {target.name}")
        if target == _MERMAID:
            from archspec_diagram.mermaid import mermaid

            return mermaid(graph, drawing).encode()
        if target == _DOT:
            from archspec_diagram.dot import dot

            return dot(graph, drawing).encode()
        if target == _HTML:
            from archspec_diagram.html import html

            return html(graph, drawing).encode()
        from archspec_diagram.views import picture_of

        return _written(picture_of(graph, drawing), target, drawing)

    def draw_partial(
        self, graph: PartialGraph, findings: Sequence[Diagnostic], target: Target, drawing: Drawing
    ) -> bytes:
        if target not in _FLAT or drawing.style != GRAPH:
            raise DrawingError("a spec with errors is drawn in the style `graph`, as svg, png, pdf or tikz")
        from archspec_diagram.asked import check_asked

        check_asked(drawing, target.name)
        from archspec_diagram.broken_view import picture

        return _written(picture(graph, findings, drawing), target, drawing)


def _written(picture: Picture, target: Target, drawing: Drawing) -> bytes:
    """A picture in one of the forms that hold it alone."""
    if target == _PNG:
        from archspec_diagram.png import png

        return png(picture, drawing.scale)
    if target == _PDF:
        from archspec_diagram.pdf import pdf

        return pdf(picture, drawing.scale)
    if target == _TIKZ:
        from archspec_diagram.tikz import tikz

        return tikz(picture, drawing.scale).encode()
    from archspec_diagram.svg import svg

    return svg(picture).encode()


BACKEND: Final = DiagramBackend()
