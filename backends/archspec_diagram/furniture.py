"""What stands around the layers: the name of the model above, the legend of the families below."""

from __future__ import annotations

from typing import Final

from archspec.graph import Graph
from archspec.op import Family
from archspec_diagram import font, wording
from archspec_diagram.chart import Entry
from archspec_diagram.picture import Line, Point, Rectangle, Run

_NAME: Final = 16.0
_COUNT: Final = 10.5
_LEGEND: Final = 9.0
_SWATCH: Final = 10.0
_WIDEST: Final = 480.0


def title_of(graph: Graph, variant: str, size: float, room: float) -> tuple[Run, ...]:
    """The name of the model, and which variant of its spec it is where that says more."""
    name = font.shortened(wording.clean(graph.name), size, room, bold=True)
    title = Run(name, bold=True)
    if not variant or variant.casefold() == graph.name.casefold():
        return (title,)
    left = room - font.width(name, size, bold=True)
    return title, Run(font.shortened(f"  {wording.clean(variant)}", size, left), quiet=True)


def headings_of(graph: Graph, variant: str, left: float, width: float) -> tuple[tuple[Line, ...], float]:
    """The title and the size of the model, and the height at which they end."""
    room = max(width, _WIDEST)
    count = font.shortened(wording.parameters(graph.parameters), _COUNT, room)
    lines = (
        Line(title_of(graph, variant, _NAME, room), _NAME, Point(left, 36), starts=True),
        Line((Run(count, quiet=True),), _COUNT, Point(left, 54), starts=True),
    )
    return lines, 64


def legend_of(families: tuple[Family, ...], left: float, top: float, width: float) -> tuple[tuple[Entry, ...], float]:
    """A row, or several, of the families, and the height at which they end."""
    entries: list[Entry] = []
    x, y = left, top
    for family in families:
        run = Run(family.value)
        wide = _SWATCH + 6 + font.width_of((run,), _LEGEND)
        if x > left and x + wide > left + width:
            x, y = left, y + 18
        line = Line((run,), _LEGEND, Point(x + _SWATCH + 6, round(y + _SWATCH / 2 + _LEGEND * 0.36, 2)), starts=True)
        entries.append(Entry(family, Rectangle(x, y, _SWATCH, _SWATCH), line))
        x = round(x + wide + 16)
    return tuple(entries), y + _SWATCH if entries else top - 24
