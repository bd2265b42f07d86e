"""The views of a model, by the word that `--style` takes: each makes a picture of a graph, as it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from archspec.drawing import GRAPH, Drawing, DrawingError, meant
from archspec.graph import Graph
from archspec_diagram.picture import Picture

View: TypeAlias = Callable[[Graph, Drawing], Picture]


def _graph(graph: Graph, drawing: Drawing) -> Picture:
    from archspec_diagram.graph_view import picture

    return picture(graph, drawing)


# A view is imported only when it is drawn.
VIEWS: Final[Mapping[str, View]] = {GRAPH: _graph}


def picture_of(graph: Graph, drawing: Drawing) -> Picture:
    """The picture of a model in the style that was asked for."""
    view = VIEWS.get(drawing.style)
    if view is None:
        styles = ", ".join(f"`{each}`" for each in sorted(VIEWS))
        raise DrawingError(f"there is no style `{drawing.style}`{meant(drawing.style, VIEWS)} (styles: {styles})")
    return view(graph, drawing)
