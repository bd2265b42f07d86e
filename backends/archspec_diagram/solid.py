"""What stands in a volumes view: feature maps as boxes, vectors as bars, and merges as balls, without places.

A box is as high and as deep as its axes of space are long, and as thick as it has channels. Both are compressed, by the
square root and by the logarithm, since the first maps of a network would else hide its last: a longer axis is always
longer, and more channels are always thicker.
"""

from __future__ import annotations

from enum import StrEnum
from math import log2, sqrt
from typing import Final, final

from msgspec import Struct

from archspec.op import Family
from archspec_diagram import font
from archspec_diagram.picture import Line
from archspec_diagram.structure import Key
from archspec_diagram.view import Item

HIGHEST: Final = 136.0
"""The height of the longest axis of space of a model."""

SLANT: Final = 0.3
"""How far depth leads to the right, and as far upwards, as a part of its length."""

BALL: Final = 22.0
BAR: Final = 9.0
"""How wide a vector is drawn."""


class Form(StrEnum):
    VOLUME = "volume"
    BAR = "bar"
    BALL = "ball"
    END = "end"
    """The name of an output, where there are several."""


@final
class Slice(Struct, frozen=True):
    """A part of the channels of a box, such as what a concatenation took from one of its inputs."""

    part: float
    """How much of the thickness it has."""

    family: Family | None

    is_pale: bool = False
    """Whether it is drawn paler, so that it can be told from the next one."""


@final
class Solid(Struct, frozen=True):
    key: Key
    item: Item
    form: Form
    family: Family | None

    lines: tuple[Line, ...]
    """What is said below it, each with its middle at the origin; of a ball its sign."""

    tip: str

    thickness: float = 0.0
    height: float = 0.0

    depth: float = 0.0
    """How far it reaches back: to the right and upwards alike."""

    size: str = ""
    """The sizes of its axes of space, for the slanted edge."""

    slices: tuple[Slice, ...] = ()

    bends: bool = False
    """Whether an activation follows, which is a darker band at its end."""

    kernel: tuple[float, float] | None = None
    """How high and how deep the window is, to the scale of what it slides over."""

    joins_on: bool = False
    """Whether it may stand without a gap behind a convolution of the same size."""

    @property
    def width(self) -> float:
        return self.thickness + self.depth

    @property
    def label_width(self) -> float:
        return max((font.width_of(line.runs, line.size) for line in self.lines), default=0.0)


@final
class Scale(Struct, frozen=True):
    """How long axes of space are drawn, in a model whose longest one is known."""

    longest: int

    def edge(self, size: float) -> float:
        return HIGHEST * sqrt(size / self.longest)


def thickness(channels: int) -> float:
    return 4 + 3.5 * log2(max(channels, 1))


def bar_height(features: int) -> float:
    return 8 + 9 * log2(max(features, 1))
