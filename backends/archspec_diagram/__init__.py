"""Draws graphs. A view makes a picture of a model, and a writer gives the picture a form: SVG, PNG or PDF.

What other programs lay out, such as Mermaid and DOT, is written from the graph view before it has places.
"""

from __future__ import annotations

from typing import Final, final

from archspec.backend import Backend, Purpose, Target
from archspec.drawing import Drawing
from archspec.graph import Graph

_SVG: Final = Target("svg", ".svg", Purpose.DRAW, "a picture for pages and papers")
_PNG: Final = Target("png", ".png", Purpose.DRAW, "the same picture in pixels")
_PDF: Final = Target("pdf", ".pdf", Purpose.DRAW, "the same picture for print, with lines and text")
_MERMAID: Final = Target("mermaid", ".mmd", Purpose.DRAW, "a flowchart that Markdown sites draw")
_DOT: Final = Target("dot", ".dot", Purpose.DRAW, "a graph for the tools of Graphviz")


@final
class DiagramBackend(Backend):
    """Writes pictures of graphs. What each form needs is imported only when it is written."""

    name = "diagram"
    targets = (_SVG, _PNG, _PDF, _MERMAID, _DOT)

    def write(self, graph: Graph, target: Target) -> bytes:
        return self.draw(graph, target, Drawing())

    def draw(self, graph: Graph, target: Target, drawing: Drawing) -> bytes:
        if target == _MERMAID:
            from archspec_diagram.mermaid import mermaid

            return mermaid(graph, drawing).encode()
        if target == _DOT:
            from archspec_diagram.dot import dot

            return dot(graph, drawing).encode()
        from archspec_diagram.views import picture_of

        picture = picture_of(graph, drawing)
        if target == _PNG:
            from archspec_diagram.png import png

            return png(picture, drawing.scale)
        if target == _PDF:
            from archspec_diagram.pdf import pdf

            return pdf(picture, drawing.scale)
        from archspec_diagram.svg import svg

        return svg(picture).encode()


BACKEND: Final = DiagramBackend()
