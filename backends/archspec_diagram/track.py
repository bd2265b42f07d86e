"""The tracks of a channel: at which height each value runs level between two rows.

Where two values are level above the same stretch, the lines that one of them has upwards or downwards may have to cross
the other. Which of the two is the upper one decides how many do, so the order in a channel is the one that costs least.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import combinations
from typing import Final, Generic, TypeAlias, TypeVar, final

from msgspec import Struct

from archspec_diagram.structure import Key

Across: TypeAlias = tuple[float, float, float]
"""A place from left to right, for comparing only."""

Place = TypeVar("Place", int, Across)

_MANY: Final = 200
"""More values than these in one channel are not compared two by two: the shortest is the upper one."""


@final
class Parallels(Generic[Place]):
    """Lines beside each other, each of which has stretches that do not meet."""

    def __init__(self) -> None:
        self._lines: list[tuple[list[Place], list[Place]]] = []

    @property
    def count(self) -> int:
        return len(self._lines)

    def lay(self, start: Place, end: Place, number: int = 0) -> int:
        """Take the first line from this one on that is free from the start to the end, both of which count."""
        while number < len(self._lines):
            starts, ends = self._lines[number]
            place = bisect_right(starts, start)
            if (place == 0 or ends[place - 1] < start) and (place == len(starts) or end < starts[place]):
                starts.insert(place, start)
                ends.insert(place, end)
                return number
            number += 1
        self._lines.append(([start], [end]))
        return number


@final
class Turn(Struct, frozen=True):
    """What a route does in a channel: it runs level between a line and another, from or to above or below."""

    channel: int
    value: Key
    above: tuple[Across, ...]
    below: tuple[Across, ...]


@final
class _Level(Struct, eq=False, dict=True):
    """All that a value does in a channel."""

    value: Key
    above: set[Across] = set()
    below: set[Across] = set()

    @cached_property
    def left(self) -> Across:
        return min(self.above | self.below)

    @cached_property
    def right(self) -> Across:
        return max(self.above | self.below)

    def meets(self, other: _Level) -> bool:
        return self.left <= other.right and other.left <= self.right

    def crossings_above(self, other: _Level) -> int:
        """How many lines cross where this is above the other."""
        down = sum(other.left < each < other.right for each in self.below)
        return down + sum(self.left < each < self.right for each in other.above)


def tracks_of(turns: Iterable[Turn]) -> tuple[dict[tuple[int, Key], int], dict[int, int]]:
    """The track of each value in each channel, counted from above, and how many each channel has."""
    channels: dict[int, dict[Key, _Level]] = {}
    for turn in turns:
        level = channels.setdefault(turn.channel, {}).setdefault(turn.value, _Level(turn.value))
        level.above.update(turn.above)
        level.below.update(turn.below)
    tracks: dict[tuple[int, Key], int] = {}
    counts: dict[int, int] = {}
    for channel, levels in sorted(channels.items()):
        numbers = _numbers(list(levels.values()))
        tracks |= {(channel, value): number for value, number in numbers.items()}
        counts[channel] = max(numbers.values()) + 1
    return tracks, counts


def _numbers(levels: list[_Level]) -> dict[Key, int]:
    above: dict[_Level, list[_Level]] = {}
    if len(levels) > _MANY:
        levels = sorted(levels, key=lambda level: level.right[0] - level.left[0])
    else:
        gains = _gains(levels)
        levels = _in_order(levels, gains)
        for (one, other), gain in gains.items():
            if gain > 0:
                above.setdefault(other, []).append(one)
    found: dict[Key, int] = {}
    tracks: Parallels[Across] = Parallels()
    for level in levels:
        # Below all that is better above it; beside the others it need only be on a track of its own.
        upper = [found[each.value] + 1 for each in above.get(level, ()) if each.value in found]
        found[level.value] = tracks.lay(level.left, level.right, max(upper, default=0))
    return found


def _gains(levels: list[_Level]) -> dict[tuple[_Level, _Level], int]:
    """How many crossings fewer there are with the first of two above the second than with it below."""
    gains: dict[tuple[_Level, _Level], int] = {}
    for one, other in combinations(levels, 2):
        if one.meets(other) and (gain := other.crossings_above(one) - one.crossings_above(other)):
            gains[one, other], gains[other, one] = gain, -gain
    return gains


def _in_order(levels: list[_Level], gains: Mapping[tuple[_Level, _Level], int]) -> list[_Level]:
    """From above: each time the one that gains most by being above those that are left."""
    totals = dict.fromkeys(levels, 0)
    for (one, _), gain in gains.items():
        totals[one] += gain
    ordered: list[_Level] = []
    while totals:
        best = max(totals, key=lambda level: totals[level])
        del totals[best]
        ordered.append(best)
        for other in totals:
            totals[other] += gains.get((best, other), 0)
    return ordered
