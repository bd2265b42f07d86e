"""The views of a model, by the word that `--style` takes: each makes a picture of a graph, as it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from archspec.drawing import GRAPH, TABLE, Drawing, DrawingError, meant
from archspec.graph import Graph
from archspec_diagram.picture import Picture

View: TypeAlias = Callable[[Graph, Drawing], Picture]


def _graph(graph: Graph, drawing: Drawing) -> Picture:
    if drawing.marks:
        from archspec_diagram import difference_view

        return difference_view.picture(graph, drawing)
    from archspec_diagram.graph_view import picture

    return picture(graph, drawing)


def _volumes(graph: Graph, drawing: Drawing) -> Picture:
    from archspec_diagram.volumes import picture

    return picture(graph, drawing)


def _cells(graph: Graph, drawing: Drawing) -> Picture:
    from archspec_diagram.cells import picture

    return picture(graph, drawing)


# A view is imported only when it is drawn.
VIEWS: Final[Mapping[str, View]] = {GRAPH: _graph, "volumes": _volumes, "cells": _cells}


def picture_of(graph: Graph, drawing: Drawing) -> Picture:
    """The picture of a model in the style that was asked for."""
    return view_called(drawing.style)(graph, drawing)


def view_called(style: str) -> View:
    view = VIEWS.get(style)
    if view is None:
        known = sorted((*VIEWS, TABLE))
        styles = ", ".join(f"`{each}`" for each in known)
        raise DrawingError(f"there is no style `{style}`{meant(style, known)} (styles: {styles})")
    return view
