"""What a finished picture is: shapes and texts with places and colours, and nothing of the model any more.

Every view of a model makes a `Picture`, and the writers of SVG, PNG and PDF only draw it, so that what a picture shows
is decided in one place and can be tested without reading SVG. Lengths are in pixels; y grows downwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias, final

from msgspec import Struct
from msgspec.structs import replace


class Point(NamedTuple):
    x: float
    y: float


@final
class Rectangle(Struct, frozen=True):
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def centre(self) -> Point:
        return Point(self.x + self.width / 2, self.y + self.height / 2)

    def overlaps(self, other: Rectangle) -> bool:
        """Whether the two share more than an edge."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def contains(self, other: Rectangle) -> bool:
        return self.x <= other.x and other.right <= self.right and self.y <= other.y and other.bottom <= self.bottom


class Ink(NamedTuple):
    """A colour by its name, which is that of a class in SVG, on light and on dark paper."""

    name: str
    light: str
    dark: str


@final
class Paint(Struct, frozen=True):
    """How the inside and the outline of a shape are drawn."""

    fill: Ink | None = None
    stroke: Ink | None = None
    width: float = 1.0
    dash: tuple[float, ...] = ()


@final
class Box(Struct, frozen=True):
    """A rectangle, perhaps with round corners."""

    rectangle: Rectangle
    paint: Paint
    rounding: float = 0.0


@final
class Ellipse(Struct, frozen=True):
    centre: Point
    across: float
    """Half of its width."""

    down: float
    paint: Paint


@final
class Polygon(Struct, frozen=True):
    points: tuple[Point, ...]
    paint: Paint


@final
class Polyline(Struct, frozen=True):
    """A line with corners."""

    points: tuple[Point, ...]
    paint: Paint


@final
class Curve(Struct, frozen=True):
    """A line of Bézier curves: a start, then two controls and an end for each."""

    points: tuple[Point, ...]
    paint: Paint


@final
class Run(Struct, frozen=True):
    """A part of a line in one weight. What is quiet is drawn paler."""

    text: str
    bold: bool = False
    quiet: bool = False


@final
class Line(Struct, frozen=True):
    """One line of text: `at` is the middle of its baseline, or its start where `starts` says so."""

    runs: tuple[Run, ...]
    size: float
    at: Point
    starts: bool = False

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@final
class Text(Struct, frozen=True):
    """A line of text in its colour, turned by so many degrees around its place."""

    line: Line
    ink: Ink
    turned: float = 0.0


@final
class Part(Struct, frozen=True):
    """Marks that belong together, such as a layer: what is pointed at, read out and styled as one."""

    identity: str
    """Stable, and unique in a picture."""

    kind: str
    """A class in SVG, such as `layer`."""

    tip: str
    """What a reader hears, or sees when pointing at it: all that its lines had no room for."""

    marks: tuple[Mark, ...]


Mark: TypeAlias = Box | Ellipse | Polygon | Polyline | Curve | Text | Part


@final
class Picture(Struct, frozen=True):
    width: float
    height: float
    name: str
    description: str
    """The model in a sentence or two, for whoever cannot see the picture."""

    paper: Ink
    quiet: Ink
    """Of runs that are quiet."""

    font: str
    """The families of the font, the one that is wished for first."""

    marks: tuple[Mark, ...]
    """What is drawn, from back to front."""


def inks(picture: Picture) -> dict[str, Ink]:
    """The colours of a picture by their names, in the order in which they come."""
    found = {ink.name: ink for ink in (picture.paper, picture.quiet)}
    for mark in _flat(picture.marks):
        used = (mark.ink,) if isinstance(mark, Text) else (mark.paint.fill, mark.paint.stroke)
        found |= {ink.name: ink for ink in used if ink is not None}
    return found


def _flat(marks: tuple[Mark, ...]) -> Iterator[Box | Ellipse | Polygon | Polyline | Curve | Text]:
    for mark in marks:
        if isinstance(mark, Part):
            yield from _flat(mark.marks)
        else:
            yield mark


def moved(mark: Mark, x: float, y: float, prefix: str = "") -> Mark:
    """The mark so much further right and down, with its parts named anew."""

    def to(point: Point) -> Point:
        return Point(point.x + x, point.y + y)

    match mark:
        case Part():
            return replace(
                mark, identity=prefix + mark.identity, marks=tuple(moved(each, x, y, prefix) for each in mark.marks)
            )
        case Text():
            return replace(mark, line=replace(mark.line, at=to(mark.line.at)))
        case Box():
            place = mark.rectangle
            return replace(mark, rectangle=Rectangle(place.x + x, place.y + y, place.width, place.height))
        case Ellipse():
            return replace(mark, centre=to(mark.centre))
        case Polygon() | Polyline() | Curve():
            return replace(mark, points=tuple(map(to, mark.points)))
