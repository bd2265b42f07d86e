"""What a position of one value sees of an axis of another: the arithmetic of receptive fields.

A window that slides is described by the first and the last position that it sees at its own position 0, and by the
positions that it moves by. Where values are spread out, as by a transposed convolution, what is seen follows a pattern
that repeats itself, and there is a pair of positions for each part of the pattern. Positions are counted on beyond both
ends of an axis, into the padding; what lies between the first and the last counts as seen, also where a dilated kernel
leaves it out.

Source: Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", 2019, for windows whose
pattern has one part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from math import gcd, lcm
from typing import Final, TypeAlias, final

from msgspec import Struct

from archspec.size import Size, below

MOST_PARTS: Final = 4096
"""How long a pattern may be. Of a longer one it is said that it sees everything."""


@final
class Everything(Struct, frozen=True):
    """The whole axis, as far as is known."""


EVERYTHING: Final = Everything()


@final
class Somewhere(Struct, frozen=True):
    """So many neighbouring positions; their place follows from the position that sees them, but is not told."""

    axis: int | None
    """The axis of the value that sees, along which its position decides; `None` where there is none left."""

    size: Size


@final
class Sliding(Struct, frozen=True):
    """A window, or a pattern of several, that moves on with the position that sees."""

    axis: int | None
    """The axis of the value that sees, along which its position decides; `None` where there is none left."""

    spans: tuple[tuple[Size, Size], ...]
    """The first and the last position that is seen, for each part of the pattern; the last before the first is none."""

    stride: Size
    """What is added to them for the next turn of the pattern."""

    @property
    def size(self) -> Size:
        """How many positions are seen; the most of them where that differs."""
        return _most(last - first + 1 for first, last in self.spans)

    def at(self, position: Size) -> tuple[Size, Size]:
        """The first and the last position that this position sees."""
        if len(self.spans) == 1:
            turn, part = position, 0
        else:
            turn, part = divmod(_as_number(position), len(self.spans))
        first, last = self.spans[part]
        return first + turn * self.stride, last + turn * self.stride

    def over(self, first: Size, last: Size) -> tuple[Size, Size]:
        """The first and the last position that these positions and those between them see together."""
        if len(self.spans) == 1:
            low, high = (last, first) if below(self.stride, 0) else (first, last)
            return self.at(low)[0], self.at(high)[1]
        # One turn of the pattern from either end has the outermost position in it; some parts may see none.
        start, end, turn = _as_number(first), _as_number(last), len(self.spans)
        places = {*range(start, min(end + 1, start + turn)), *range(max(start, end + 1 - turn), end + 1)}
        seen = [(low, high) for low, high in map(self.at, sorted(places)) if _as_number(low) <= _as_number(high)]
        if not seen:
            return self.at(start)
        return min((low for low, _ in seen), key=_as_number), max((high for _, high in seen), key=_as_number)


Sight: TypeAlias = Everything | Somewhere | Sliding
"""What a position of a value sees of one axis."""

Sights: TypeAlias = tuple[Sight, ...] | None
"""What a position of a value sees of each axis of another; `None` where its numbers do not matter."""


@lru_cache(maxsize=1024)
def along(axis: int, shift: Size = 0) -> Sliding:
    """Each position sees the one that is `shift` behind it."""
    return Sliding(axis, ((shift, shift),), 1)


def only(position: Size) -> Sliding:
    """Every position sees the same one."""
    return Sliding(None, ((position, position),), 0)


@cache
def pointwise(rank: int) -> tuple[Sight, ...]:
    """Each position sees the one that stands where it does."""
    return tuple(map(along, range(rank)))


def everywhere(rank: int, *axes: int) -> tuple[Sight, ...]:
    """Each position sees what stands where it does, but the whole of some axes."""
    return tuple(EVERYTHING if axis in axes else along(axis) for axis in range(rank))


def through(seen: Sight, sights: Sequence[Sight]) -> Sight:
    """What is seen of an axis through a layer.

    Args:
        seen: what the input of the layer sees of it.
        sights: what the output of the layer sees of each axis of the input.
    """
    if isinstance(seen, Everything) or seen.axis is None:
        return seen
    sight = sights[seen.axis]
    if isinstance(sight, Everything):
        return EVERYTHING
    if isinstance(seen, Somewhere):
        return Somewhere(sight.axis, seen.size) if sight.size == 1 else EVERYTHING
    if isinstance(sight, Somewhere):
        return _somewhere(seen, sight)
    return _one_after_the_other(seen, sight)


def _somewhere(seen: Sliding, sight: Somewhere) -> Sight:
    if len(seen.spans) > 1 and not isinstance(sight.size, int):
        return EVERYTHING
    covered = [seen.over(place, place + sight.size - 1) for place in range(len(seen.spans))]
    return Somewhere(sight.axis, _most(last - first + 1 for first, last in covered))


def _one_after_the_other(seen: Sliding, sight: Sliding) -> Sight:
    parts, stride = len(seen.spans), seen.stride * sight.stride
    if parts > 1:
        if not all(isinstance(each, int) for each in (seen.stride, sight.stride, *sum(sight.spans, ()))):
            return EVERYTHING
        # So often the outer pattern is repeated until the inner one begins anew with it.
        turns = parts // gcd(_as_number(sight.stride), parts)
        stride = _as_number(stride) * turns // parts
    else:
        turns = 1
    if len(sight.spans) * turns > MOST_PARTS:
        return EVERYTHING
    return Sliding(sight.axis, tuple(seen.over(*sight.at(place)) for place in range(len(sight.spans) * turns)), stride)


def together(sights: Iterable[Sight]) -> Sight:
    """What is seen of an axis by several ways at once; everything, where open sizes do not tell."""
    found: Sight | None = None
    for sight in sights:
        found = sight if found is None or found == sight else _both(found, sight)
    if found is None:
        raise ValueError("there is nothing to be put together")
    return found


def _both(one: Sight, other: Sight) -> Sight:
    if not (isinstance(one, Sliding) and isinstance(other, Sliding) and one.axis == other.axis):
        return EVERYTHING
    parts = lcm(len(one.spans), len(other.spans))
    stride = one.stride * (parts // len(one.spans))
    if parts > MOST_PARTS or stride != other.stride * (parts // len(other.spans)):
        return EVERYTHING
    spans = []
    for place in range(parts):
        (first, last), (its_first, its_last) = one.at(place), other.at(place)
        low, high = _lower(first, its_first), _lower(-last, -its_last)
        if low is None or high is None:
            return EVERYTHING
        spans.append((low, -high))
    return Sliding(one.axis, tuple(spans), stride)


def _lower(one: Size, other: Size) -> Size | None:
    """The lower of two positions, if it is known which it is."""
    return one if below(one, other + 1) else other if below(other, one + 1) else None


def _most(sizes: Iterable[Size]) -> Size:
    """The largest of some sizes, of which none is open if there are several."""
    first, *others = sizes
    return max((first, *others), key=_as_number) if others else first


def _as_number(size: Size) -> int:
    """A size of a pattern with several parts, which is open nowhere."""
    if not isinstance(size, int):
        raise TypeError(f"{size} is no number")
    return size
