"""Draws graphs: as SVG and PNG with a layout of our own, and as Mermaid and DOT for other programs to lay out."""

from __future__ import annotations

from typing import Final, final

from archspec.backend import Backend, Purpose, Target
from archspec.graph import Graph

_SVG: Final = Target("svg", ".svg", Purpose.DRAW, "a picture for pages and papers")
_PNG: Final = Target("png", ".png", Purpose.DRAW, "the same picture in pixels")
_MERMAID: Final = Target("mermaid", ".mmd", Purpose.DRAW, "a flowchart that Markdown sites draw")
_DOT: Final = Target("dot", ".dot", Purpose.DRAW, "a graph for the tools of Graphviz")


@final
class DiagramBackend(Backend):
    """Writes pictures of graphs. What each form needs is imported only when it is written."""

    name = "diagram"
    targets = (_SVG, _PNG, _MERMAID, _DOT)

    def write(self, graph: Graph, target: Target) -> bytes:
        if target == _MERMAID:
            from archspec_diagram.mermaid import mermaid

            return mermaid(graph).encode()
        if target == _DOT:
            from archspec_diagram.dot import dot

            return dot(graph).encode()
        from archspec_diagram.layout import layout
        from archspec_diagram.svg import svg

        drawn = svg(layout(graph))
        if target == _SVG:
            return drawn.encode()
        from archspec_diagram.png import png

        return png(drawn)


BACKEND: Final = DiagramBackend()
