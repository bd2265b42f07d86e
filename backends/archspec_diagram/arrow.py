"""An arrow, as a line with corners and a head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import dist
from typing import Final

from archspec_diagram.picture import Ink, Mark, Paint, Point, Polygon, Polyline

HEAD: Final = 6.0
"""The length of an arrowhead."""


def arrow(points: Sequence[Point], ink: Ink, dash: tuple[float, ...] = ()) -> Iterator[Mark]:
    """The line, and the head at its last point."""
    before, tip = points[-2:]
    length = dist(before, tip)
    across, down = (tip.x - before.x) / length, (tip.y - before.y) / length
    back = Point(tip.x - across * HEAD, tip.y - down * HEAD)
    # The line ends within the head, so that there is no gap between the two.
    yield Polyline((*points[:-1], Point(back.x + across, back.y + down)), Paint(stroke=ink, width=1.2, dash=dash))
    half = HEAD / 2
    head = (
        tip,
        Point(back.x - down * half, back.y + across * half),
        Point(back.x + down * half, back.y - across * half),
    )
    yield Polygon(head, Paint(ink))
