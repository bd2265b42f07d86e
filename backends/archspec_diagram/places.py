"""What an engine of layout gives: where everything is, from the upper left corner of what it has placed."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Final, final

from msgspec import Struct

from archspec.graph import Path
from archspec_diagram.chart import ROUNDING
from archspec_diagram.picture import Point, Rectangle
from archspec_diagram.structure import Key

PILL: Final = 16
"""How high the label of a shape is."""


@final
class Border(Struct, frozen=True):
    """The frame around a group."""

    rectangle: Rectangle
    clear: float
    """How much of its upper edge, from the left, nothing is sure to cross: there the title stands."""


@final
class Course(Struct, frozen=True):
    """The way of an arrow."""

    source: Key
    target: Key
    points: tuple[Point, ...]
    skips: bool
    """Whether it passes other layers by."""

    input: int
    """Which of the inputs of its target it is."""


@final
class Places(Struct, frozen=True):
    width: float
    height: float
    boxes: Mapping[Key, Rectangle]
    labels: Mapping[Key, Rectangle]
    """Of shapes, by what makes the value."""

    borders: Mapping[Path, Border]
    courses: tuple[Course, ...]


def on_outline(point: Point, box: Rectangle, *, down: bool) -> Point:
    """The place on the outline of a round box right behind a point on its upper edge or, of what runs to the right, on
    its left one."""
    if not down:
        turned = Rectangle(box.y, box.x, box.height, box.width)
        x, y = on_outline(Point(point.y, point.x), turned, down=True)
        return Point(y, x)
    across, along = box.width / 2, box.height / 2
    rounding = min(across, along, ROUNDING)
    beside = max(abs(point.x - box.centre.x) - (across - rounding), 0)
    return Point(point.x, box.centre.y - (along - rounding) - sqrt(max(rounding**2 - beside**2, 0)))
