"""Rows: what is wider than a page goes on below, behind a link that leads on alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

PAGE: Final = 1000.0
"""What is wider than this goes on in a row below, since its text would be too small on a page."""

FITTING: Final = 1.2
"""What is not wider than so many pages fits on one all the same."""

GAIN: Final = 0.8
"""A row is left as it is if the widest of those that it is cut into would still be so wide a part of it."""

BETWEEN: Final = 18.0
"""Between a row and the line to the next."""

_Link = TypeVar("_Link")


def cuts_into(cuts: Mapping[_Link, float], width: float, count: int) -> list[_Link]:
    """Where to cut a row into so many, or fewer, so that the widest is as narrow as can be."""
    ends: list[_Link | None] = [*cuts, None]
    places = [*cuts.values(), width]
    order = sorted(range(len(ends)), key=lambda each: places[each])
    # Of each number of rows that end at some cut, the least width, and the cuts before.
    least: dict[int, tuple[float, list[_Link]]] = {each: (places[each], []) for each in order}
    for _ in range(count - 1):
        longer = dict(least)
        for each in order:
            for before in order:
                cut = ends[before]
                if cut is None or places[before] >= places[each]:
                    continue
                widest = max(least[before][0], places[each] - places[before])
                if widest < longer[each][0]:
                    longer[each] = widest, [*least[before][1], cut]
        least = longer
    return least[len(ends) - 1][1]
