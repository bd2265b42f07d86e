"""Which parameters may have other values, and which values."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final, TypeAlias, final

from msgspec import Struct

from archspec.solving.error import SolveError

Number: TypeAlias = int | float

FURTHEST: Final = 2**24
"""No setting further along a row than this is tried."""


@final
class Range(Struct, frozen=True):
    """Numbers from a smaller one to a larger one, in equal steps."""

    first: Fraction
    step: Fraction
    count: int

    def at(self, place: int) -> Number:
        return number_of(self.first + place * self.step)

    def nearest(self, number: Number) -> int:
        """The place of the number that is nearest to another."""
        return min(max(round((exact(number) - self.first) / self.step), 0), self.count - 1)

    def __iter__(self) -> Iterator[Number]:
        return map(self.at, range(self.count))

    @classmethod
    def of(cls, text: str) -> Range:
        """A range as the command line gives it: `2..48` or `0.5..2:0.25`."""
        limits, colon, by = text.partition(":")
        start, _, end = limits.partition("..")
        try:
            first, last = exact(_read(start)), exact(_read(end))
            is_whole = isinstance(_read(start), int) and isinstance(_read(end), int)
            # Of numbers that are not whole there are a hundred steps, or none where the two are the same.
            step = exact(_read(by)) if colon else Fraction(1) if is_whole else (last - first) / 100 or Fraction(1)
        except ValueError:
            raise SolveError(f"`{text}` is no range: write `2..48`, or `0.5..2:0.25` with a step") from None
        if first > last:
            raise SolveError(f"the range `{text}` has no values: it goes from a smaller number to a larger one")
        if step <= 0:
            raise SolveError(f"the range `{text}` has no values: its step is a number above 0")
        return cls(first, step, min(int((last - first) / step) + 1, FURTHEST))


@final
class Varied(Struct, frozen=True):
    """A parameter that may have other values: those of a range, or any where there is none."""

    name: str
    values: Range | None = None

    @classmethod
    def of(cls, text: str) -> Varied:
        """A parameter as the command line gives it: `width`, `depth=2..48` or `width=0.5..2:0.25`.

        Raises:
            SolveError: it is not like that.
        """
        name, equals, span = text.partition("=")
        if not name.strip().isidentifier() or bool(equals) != (".." in span):
            raise SolveError(f"`{text}` is not like `width`, `depth=2..48` or `width=0.5..2:0.25`")
        return cls(name.strip(), Range.of(span) if equals else None)


def _read(text: str) -> Number:
    return int(text) if text.strip().replace("_", "").lstrip("-").isdecimal() else float(text)


def exact(number: Number) -> Fraction:
    """What a number is that is written like this: 0.1 is a tenth."""
    return Fraction(str(number))


def number_of(value: Fraction) -> Number:
    """A whole number where it is one."""
    return int(value) if value.denominator == 1 else float(value)
