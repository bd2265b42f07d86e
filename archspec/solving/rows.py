"""The settings that are searched, in rows along which a figure is taken to grow or to shrink."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import product
from math import gcd, prod
from typing import Final, final

from msgspec import Struct

from archspec.solving.error import SolveError
from archspec.solving.varied import Number, Range, Varied, exact, number_of

ROWS: Final = 500
"""There are no more combinations of values than this."""


@final
class Row(Struct, frozen=True):
    """Settings in an order: the values of each parameter at a place."""

    at: Callable[[int], Mapping[str, Number]]
    first: int
    last: int | None
    start: int
    """Where the search begins."""


def rows(varied: Sequence[Varied], values: Mapping[str, Number]) -> Iterator[Row]:
    """The rows of settings that are searched."""
    ranged = {each.name: each.values for each in varied if each.values is not None}
    free = {each.name: values[each.name] for each in varied if each.values is None}
    if not free:
        name = max(ranged, key=lambda each: ranged[each].count)
        along = ranged.pop(name)
    count = prod(each.count for each in ranged.values())
    if count > ROWS:
        raise SolveError(f"there are {count:,} combinations of values, and no more than {ROWS} are tried")
    order = [each.name for each in varied]
    for others in product(*ranged.values()):
        fixed = dict(zip(ranged, others, strict=True))
        yield _in_ratio(free, fixed, order) if free else _in_range(name, along, fixed, order, values[name])


def _in_range(name: str, along: Range, fixed: Mapping[str, Number], order: Sequence[str], now: Number) -> Row:
    def at(place: int) -> Mapping[str, Number]:
        found = {**fixed, name: along.at(place)}
        return {each: found[each] for each in order}

    return Row(at, 0, along.count - 1, along.nearest(now))


def _in_ratio(values: Mapping[str, Number], fixed: Mapping[str, Number], order: Sequence[str]) -> Row:
    """Values that are the same multiple of what they are now: of whole numbers each step that leaves them whole, else
    one hundredth of them."""
    whole = [value for value in values.values() if isinstance(value, int)]
    common = reduce(gcd, whole, 0) if whole else 100
    common = max(common, 1)

    def at(place: int) -> Mapping[str, Number]:
        found = {name: number_of(exact(value) * place / common) for name, value in values.items()}
        # A fraction stays one, for what is declared as a whole number takes none.
        both = {
            **fixed,
            **{name: float(each) if isinstance(values[name], float) else each for name, each in found.items()},
        }
        return {name: both[name] for name in order}

    return Row(at, 1, None, common)
