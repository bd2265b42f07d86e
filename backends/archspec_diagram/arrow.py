"""An arrow, as a line with corners and a head, and lines that part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import dist
from typing import Final

from archspec_diagram.picture import Ink, Mark, Paint, Point, Polygon, Polyline

HEAD: Final = 6.0
"""The length of an arrowhead."""

WIDTH: Final = 1.2
"""Of the line."""


def arrow(points: Sequence[Point], ink: Ink, dash: tuple[float, ...] = ()) -> Iterator[Mark]:
    """The line, and the head at its last point."""
    before, tip = points[-2:]
    length = dist(before, tip)
    across, down = (tip.x - before.x) / length, (tip.y - before.y) / length
    back = Point(tip.x - across * HEAD, tip.y - down * HEAD)
    # The line ends within the head, so that there is no gap between the two.
    yield Polyline((*points[:-1], Point(back.x + across, back.y + down)), Paint(stroke=ink, width=WIDTH, dash=dash))
    half = HEAD / 2
    head = (
        tip,
        Point(back.x - down * half, back.y + across * half),
        Point(back.x + down * half, back.y - across * half),
    )
    yield Polygon(head, Paint(ink))


def behind(points: tuple[Point, ...], others: Iterable[tuple[Point, ...]]) -> tuple[Point, ...]:
    """The rest of a line, from where it leaves the last of those that begin where it does."""
    return min((_after(points, other) for other in others), key=_length, default=points)


def _after(points: tuple[Point, ...], other: tuple[Point, ...]) -> tuple[Point, ...]:
    """The rest of a line that begins where another does, from where the two part; all of it, if they never do."""
    for place, (ends, others) in enumerate(zip(pairwise(points), pairwise(other), strict=False)):
        start, end = ends
        if others[0] != start:
            return points[place:]
        far, as_far = dist(start, end), dist(*others)
        across = (end.x - start.x) * (others[1].y - start.y) - (end.y - start.y) * (others[1].x - start.x)
        along = (end.x - start.x) * (others[1].x - start.x) + (end.y - start.y) * (others[1].y - start.y)
        if abs(across) > 0.01 or along <= 0:
            return points[place:]
        if as_far < far:
            return (others[1], *points[place + 1 :])
        if far < as_far:
            return points[place + 1 :] if place + 2 < len(points) else points
    return points


def _length(points: tuple[Point, ...]) -> float:
    return sum(dist(*ends) for ends in pairwise(points))
