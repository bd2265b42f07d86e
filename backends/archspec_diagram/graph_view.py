"""The view that is drawn where no other is asked for: layers as boxes, and arrows for what flows between them."""

from __future__ import annotations

from archspec.drawing import Direction, Drawing
from archspec.graph import Graph
from archspec_diagram.chart import Chart
from archspec_diagram.chart_rows import in_rows
from archspec_diagram.folding import view_of
from archspec_diagram.label import check_template
from archspec_diagram.layout import layout
from archspec_diagram.painting import painted
from archspec_diagram.picture import Picture
from archspec_diagram.theme import Theme, theme_of
from archspec_diagram.view import View


def picture(graph: Graph, drawing: Drawing) -> Picture:
    if drawing.label is not None:
        check_template(drawing.label, graph)
    return drawn(view_of(graph, drawing), drawing)


def drawn(view: View, drawing: Drawing) -> Picture:
    """The picture of what is shown of a model."""
    theme = theme_of(drawing)
    return painted(charted(view, drawing, theme), theme)


def charted(view: View, drawing: Drawing, theme: Theme) -> Chart:
    """What is shown of a model in its places; what runs to the right for longer than a page is wide, in rows."""
    chart = layout(view, drawing, theme.spacing)
    return chart if drawing.direction is Direction.DOWN else in_rows(chart)
