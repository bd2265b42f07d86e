"""The search along one row of settings: all of them where they are few, else by bisection."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from itertools import pairwise
from math import gcd
from typing import Final, final

from msgspec import Struct

from archspec.solving.answer import Setting
from archspec.solving.budget import Budget
from archspec.solving.rows import Row
from archspec.solving.trials import Trials
from archspec.solving.varied import FURTHEST, Number

FEW: Final = 64
"""Of a row with no more settings than this, all are tried."""

SCANNED: Final = 512
"""Between two settings, no more than this are tried one by one."""


@final
class Found(Struct, frozen=True):
    """The setting of a row that meets a budget best."""

    row: Row
    place: int
    setting: Setting

    is_bracketed: bool
    """Whether there are right settings on both sides of the budget, or on it."""

    is_steady: bool
    """Whether the figure only grew, or only shrank, along what was tried."""


def distance(setting: Setting, budget: Budget) -> tuple[bool, Number]:
    """How far a setting is from a budget; one that does not meet it is further off than any that does."""
    is_wrong = budget.operator != "==" and not budget.is_met(setting.figure, setting.target)
    return is_wrong, abs(setting.figure - setting.target)


@final
class Search:
    """The search along one row."""

    def __init__(self, row: Row, trials: Trials) -> None:
        self.row = row
        self.trials = trials
        self.last = FURTHEST if row.last is None else row.last
        self.seen: dict[int, Setting | None] = {}

    def at(self, place: int) -> Setting | None:
        if not self.row.first <= place <= self.last:
            return None
        if place not in self.seen:
            self.seen[place] = self.trials.of(self.row.at(place))
        return self.seen[place]

    def best(self) -> Found | None:
        """The right setting that meets the budget best, if any was right."""
        if self.last - self.row.first < FEW:
            for place in range(self.row.first, self.last + 1):
                self.at(place)
        else:
            self._bisect()
        right = {place: each for place, each in sorted(self.seen.items()) if each is not None}
        if not right:
            return None
        misses = [each.figure - each.target for each in right.values()]
        best = min(right, key=lambda place: distance(right[place], self.trials.budget))
        rising = all(one <= other for one, other in pairwise(misses))
        falling = all(one >= other for one, other in pairwise(misses))
        return Found(self.row, best, right[best], min(misses) <= 0 <= max(misses), rising or falling)

    def next_to(self, place: int, step: int) -> Setting | None:
        """The next right setting in a direction."""
        for distance in range(1, SCANNED + 1):
            other = place + step * distance
            if not self.row.first <= other <= self.last:
                return None
            if (found := self.at(other)) is not None:
                return found
        return None

    def unit(self) -> int:
        """How far the nearest right places are apart, where that says which others are right."""
        right = [place for place, _ in self._right()]
        apart = min((other - one for one, other in pairwise(right)), default=1)
        return apart if right and all(place % apart == 0 for place in right) else 1

    def _bisect(self) -> None:
        """Try places around the one where the figure goes past the budget, until none is left between them."""
        start = self._near(self.row.start, self.row.first, self.last)
        if start is None:
            return
        for direction in (-1, 1):
            place, distance = start, self.trials.unit if self.trials.unit > 1 else max(start, 1)
            while not self._is_bracketed() and not self._goes_away(direction):
                further = self._further(place, distance, direction)
                if further is None:
                    break
                place, distance = further, 2 * distance
        while (pair := self._around()) is not None and self._between(*pair) is not None:
            pass

    def _right(self) -> list[tuple[int, Number]]:
        """The right places with how far the figure is past the budget. What it must not be is past it."""
        past = {"<": 0.5, ">": -0.5}.get(self.trials.budget.order, 0)
        found = [(place, each.figure - each.target) for place, each in sorted(self.seen.items()) if each is not None]
        return [(place, miss or past) for place, miss in found]

    def _is_bracketed(self) -> bool:
        misses = [miss for _, miss in self._right()]
        return min(misses) <= 0 <= max(misses)

    def _around(self) -> tuple[int, int] | None:
        """The two neighbours of those tried between which the figure goes past the budget, and others are."""
        for (one, before), (other, behind) in pairwise(self._right()):
            goes_past = min(before, behind) <= 0 <= max(before, behind) and before != behind
            if goes_past and other - one > self.trials.unit:
                return one, other
        return None

    def _further(self, place: int, distance: int, direction: int) -> int | None:
        """A right place that is further along; a nearer one where that is too far."""
        end = self.last if direction > 0 else self.row.first
        goal = min(place + distance, end) if direction > 0 else max(place - min(distance, (place + 1) // 2), end)
        while goal != place:
            low, high = (place + 1, goal) if direction > 0 else (goal, place - 1)
            if (found := self._near(goal, low, high)) is not None:
                return found
            if abs(goal - place) <= 1:
                return None
            goal = (goal + place) // 2 if direction > 0 else -(-(goal + place) // 2)
        return None

    def _goes_away(self, direction: int) -> bool:
        """Whether the figure gets further from the budget in a direction."""
        right = self._right()
        (_, first), (_, last) = right[0], right[-1]
        slope = (last > first) - (last < first)
        return slope * direction * (last if direction > 0 else first) > 0

    def _between(self, low: int, high: int) -> int | None:
        """A right place between two, near the middle."""
        return self._near((low + high) // 2, low + 1, high - 1)

    def _near(self, goal: int, low: int, high: int) -> int | None:
        """A right place near another."""
        return next((place for place in self._candidates(goal, low, high) if self.at(place) is not None), None)

    def _candidates(self, goal: int, low: int, high: int) -> Iterator[int]:
        """Places from the nearest on, first those that have most factors with the right ones: sizes that divide by
        heads or groups are among them."""
        known = [place for place, _ in self._right()] or [self.row.start]
        factor = reduce(gcd, known, 0) or 1
        while factor > self.trials.unit:
            nearest = goal // factor * factor
            for place in (nearest, nearest + factor, nearest - factor):
                if low <= place <= high and place not in self.seen:
                    yield place
            factor = factor // 2 if factor % 2 == 0 else 1
        unit = self.trials.unit
        nearest = goal // unit * unit
        for distance in range(SCANNED):
            for place in dict.fromkeys((nearest - distance * unit, nearest + distance * unit)):
                if low <= place <= high and place not in self.seen:
                    yield place
