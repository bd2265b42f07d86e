"""What a layout of the graph view gives: cards, frames, arrows and labels with their places, but no colours yet."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, final

from msgspec import Struct

from archspec.op import Family
from archspec_diagram.picture import Line, Point, Rectangle

ROUNDING: Final = 14.0
"""How round the corners of inputs, outputs and merges are, if they are large enough."""


STACKED: Final = 6.0
"""How far the copies behind a card stand out, to the right and upwards."""


class Form(StrEnum):
    """How a card is drawn."""

    LAYER = "layer"
    BAR = "bar"
    MERGE = "merge"
    TERMINAL = "terminal"
    FOLDED = "folded"
    """A group that is closed."""

    SIGN = "sign"
    """A merge that is said by a sign alone."""


@final
class Card(Struct, frozen=True):
    """A layer, a group that is folded, or an input or output of the model."""

    identity: str
    """Stable, and unique among the cards and frames of a chart."""

    item: str
    """The first of the cards that touch each other, and are met by arrows as one."""

    form: Form
    family: Family | None
    rectangle: Rectangle
    lines: tuple[Line, ...]
    tip: str
    in_training_only: bool = False
    is_highlighted: bool = False

    stacks: bool = False
    """Whether it stands for several that are alike, with others behind it."""


@final
class Frame(Struct, frozen=True):
    """The border around a group, with its title on the upper edge."""

    identity: str
    rectangle: Rectangle
    title: Line
    halo: Rectangle
    tip: str
    badge: Line | None = None
    badge_box: Rectangle | None = None
    in_training_only: bool = False
    is_highlighted: bool = False


@final
class Edge(Struct, frozen=True):
    """An arrow from a card to the card that takes its value, as a line with corners."""

    source: str
    target: str
    points: tuple[Point, ...]
    skips: bool
    """Whether it passes other layers by, in a lane at the side."""

    in_training_only: bool = False

    letter: str = ""
    """What a formula that it leads to calls the value."""


@final
class Pill(Struct, frozen=True):
    """The shape of a value, on the line that leaves its source."""

    source: str
    rectangle: Rectangle
    line: Line


@final
class Entry(Struct, frozen=True):
    """A family in the legend."""

    family: Family
    swatch: Rectangle
    line: Line


@final
class Chart(Struct, frozen=True):
    width: float
    height: float
    name: str
    description: str
    headings: tuple[Line, ...]
    cards: tuple[Card, ...]
    frames: tuple[Frame, ...]
    edges: tuple[Edge, ...]
    pills: tuple[Pill, ...]
    legend: tuple[Entry, ...]
