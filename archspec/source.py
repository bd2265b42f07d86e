"""Texts that people wrote, and places in them.

Every later stage speaks of a place as a `Span`: half-open character offsets into one `Source`. Lines and columns are
computed only when a finding is shown, so that carrying a place costs two integers.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple, final

from msgspec import Struct


class Position(NamedTuple):
    """A place as people name it: both numbers count from 1, the column in characters."""

    line: int
    column: int


@final
@dataclass(frozen=True, eq=False)
class Source:
    """One text with the name that its readers know it by: a path, `<stdin>`, or `--set`."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        starts.extend(index + 1 for index, character in enumerate(self.text) if character == "\n")
        return starts

    @property
    def line_count(self) -> int:
        return len(self._line_starts)

    def position(self, offset: int) -> Position:
        """The line and column of a character offset."""
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its line break."""
        return self._lines[number - 1]

    def span(self, start: int, end: int) -> Span:
        return Span(self, start, end)

    def whole(self) -> Span:
        """The whole text: the place of what is true of a file rather than of a line."""
        return Span(self, 0, len(self.text))


@final
class Span(Struct, frozen=True):
    """The characters `start` to `end` of a source; the character at `end` is not part of it."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def until(self, other: Span) -> Span:
        """The span from the start of this one to the end of the other."""
        return Span(self.source, self.start, max(self.end, other.end))

    def line(self) -> Span:
        """The whole of its first line, with the line break."""
        text = self.source.text
        end = text.find("\n", self.start)
        return Span(self.source, text.rfind("\n", 0, self.start) + 1, len(text) if end < 0 else end + 1)

    def covers(self, other: Span) -> bool:
        """Whether the other span lies in this one."""
        return self.source is other.source and self.start <= other.start and other.end <= self.end

    def first(self) -> Position:
        return self.source.position(self.start)

    def last(self) -> Position:
        """The position just behind the last character."""
        return self.source.position(self.end)

    def __repr__(self) -> str:
        line, column = self.first()
        return f"{self.source.name}:{line}:{column}"


@final
@dataclass(frozen=True, slots=True)
class Hole:
    """A place where a layer or an expression belongs and none could be read.

    A finding tells why. Later stages go around it, and report nothing that could be its consequence.
    """

    span: Span = field(compare=False)

    @property
    def words(self) -> frozenset[str]:
        """What may be meant as a name there."""
        return frozenset(_WORD.findall(self.span.text))


_WORD: Final = re.compile(r"[^\W\d]\w*")
