"""What a finished layout is: boxes, frames, edges and labels with places, and nothing of the model any more.

The layout makes a `Picture` and the writers of SVG and of what comes from SVG only draw it, so that what a picture
shows is decided in one place and can be tested without reading SVG. Lengths are in pixels; y grows downwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, final

from archspec.op import Family


class Point(NamedTuple):
    x: float
    y: float


@final
@dataclass(frozen=True, slots=True)
class Rectangle:
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


@final
@dataclass(frozen=True, slots=True)
class Run:
    """A part of a line in one weight. What is quiet is drawn paler."""

    text: str
    bold: bool = False
    quiet: bool = False


@final
@dataclass(frozen=True, slots=True)
class Line:
    """One line of text: `at` is the middle of its baseline, or its start where `starts` says so."""

    runs: tuple[Run, ...]
    size: float
    at: Point
    starts: bool = False

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


class Form(StrEnum):
    """How a box is drawn."""

    LAYER = "layer"
    BAR = "bar"
    MERGE = "merge"
    TERMINAL = "terminal"


@final
@dataclass(frozen=True, slots=True)
class Box:
    """A layer, or an input or output of the model."""

    identity: str
    """Stable, and unique among the boxes and frames of a picture."""

    form: Form
    family: Family | None
    rectangle: Rectangle
    lines: tuple[Line, ...]
    tip: str
    """What a reader hears, or sees when pointing at the box: all that the lines had no room for."""


@final
@dataclass(frozen=True, slots=True)
class Frame:
    """The border around a group, with its title on the upper edge."""

    identity: str
    rectangle: Rectangle
    title: Line
    halo: Rectangle
    tip: str


@final
@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow from a box to the box that takes its value, as a line with corners."""

    source: str
    target: str
    points: tuple[Point, ...]
    skips: bool
    """Whether it passes other layers by, in a lane at the side."""


@final
@dataclass(frozen=True, slots=True)
class Pill:
    """The shape of a value, on the line that leaves its source."""

    source: str
    rectangle: Rectangle
    line: Line


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """A family in the legend."""

    family: Family
    swatch: Rectangle
    line: Line


@final
@dataclass(frozen=True, slots=True)
class Picture:
    width: float
    height: float
    name: str
    description: str
    headings: tuple[Line, ...]
    boxes: tuple[Box, ...]
    frames: tuple[Frame, ...]
    edges: tuple[Edge, ...]
    pills: tuple[Pill, ...]
    legend: tuple[Entry, ...]
