"""The parts of a docstring, whatever they are then written as."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import TypeAlias, final

from msgspec import Struct


@final
class Paragraph(Struct, frozen=True):
    text: str


@final
class Displayed(Struct, frozen=True):
    """Equations or the like, each in a line of its own."""

    lines: tuple[str, ...]


@final
class Points(Struct, frozen=True):
    """A list."""

    items: tuple[str, ...]


Part: TypeAlias = Paragraph | Displayed | Points


class _Kind(Enum):
    """What a line of a docstring belongs to."""

    TEXT = auto()
    DISPLAYED = auto()
    POINT = auto()


def parts_of(text: str) -> Iterator[Part]:
    """The parts of a docstring, in which an empty line ends what is before it."""
    points: list[str] = []
    for kind, lines in _gathered(text):
        if kind is _Kind.POINT:
            points.append(" ".join(map(str.strip, lines)).removeprefix("- "))
            continue
        if points:
            yield Points(tuple(points))
            points = []
        if kind is _Kind.DISPLAYED:
            yield Displayed(tuple(line.removeprefix("    ") for line in lines))
        else:
            yield Paragraph(" ".join(lines))
    if points:
        yield Points(tuple(points))


def _gathered(text: str) -> Iterator[tuple[_Kind, list[str]]]:
    """The lines that belong together, with what they are."""
    kind, lines = _Kind.TEXT, list[str]()
    for line in text.split("\n"):
        goes_on = bool(lines)
        if line.startswith("- "):
            new, goes_on = _Kind.POINT, False
        elif kind is _Kind.POINT and goes_on and line.startswith("  "):
            new = _Kind.POINT
        elif line.startswith("    "):
            new = _Kind.DISPLAYED
        else:
            new = _Kind.TEXT
        if lines and (not line or not goes_on or new is not kind or line.startswith(("Shapes: ", "Source: "))):
            yield kind, lines
            lines = []
        if line:
            kind, lines = new, [*lines, line]
    if lines:
        yield kind, lines
