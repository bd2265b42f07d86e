"""Rows and columns: which cell each layer stands in, and which rectangle of cells each group keeps for itself.

The row of a layer is the length of the longest way to it, so that every link leads down. Within a group each member
takes the column of what comes before it or, where that is taken, the next free one to the right, in declared order.
Where three or more branches part, they stand on both sides of what they come from, and what joins them stands in the
middle. A group is placed as one rectangle over all its rows. So frames cannot overlap and hold nothing foreign,
whatever the links are, even where a group is no contiguous chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, final

from msgspec import Struct

from archspec.graph import Path
from archspec_diagram.structure import Key, Kind, Link, Structure


class Cell(NamedTuple):
    row: int
    column: int


@final
class Extent(Struct, frozen=True):
    """The rows and columns of a group; the last ones belong to it."""

    top: int
    bottom: int
    left: int
    right: int


@final
class Grid(Struct, frozen=True):
    cells: Mapping[Key, Cell]
    extents: Mapping[Path, Extent]
    """Of each group that has a frame and, for the empty path, of the whole."""

    rising: frozenset[Key] = frozenset()
    """What gives its value upwards."""

    apart: float = 32.0
    """How far columns are from each other."""

    waist: int | None = None
    """A column that takes no room, in the middle between those on both sides of it."""


def grid_of(structure: Structure) -> Grid:
    rows = _rows(structure)
    spans, parted = _row_spans(structure, rows), _parted(structure, rows)
    columns: dict[Path, dict[Key, int]] = {}
    lefts: dict[Path, dict[Path, int]] = {}
    for path in (*reversed(structure.groups), ()):
        columns[path], lefts[path] = _place(structure, path, rows, spans, parted, columns)

    # A group counts its columns from its own left; here they become those of the whole.
    cells = {}
    extents = {}
    origins: dict[Path, int] = {(): 0}
    for path in ((), *structure.groups):
        origin = origins[path]
        right = origin + max(columns[path].values(), default=0)
        extents[path] = Extent(*spans[path], origin, right)
        for inner, left in lefts[path].items():
            origins[inner] = origin + left
        for key in structure.members[path]:
            if key.kind is not Kind.GROUP:
                cells[key] = Cell(rows[key], origin + columns[path][key])
    return Grid(cells, extents)


def _middle(columns: Sequence[int]) -> int:
    """The one in the middle, the left one of two."""
    return sorted(columns)[(len(columns) - 1) // 2]


def _rows(structure: Structure) -> dict[Key, int]:
    rows: dict[Key, int] = {}
    for key in structure.keys:
        above = (link for link in structure.incoming[key] if link not in structure.crossing)
        rows[key] = max((rows[link.source] + 1 for link in above), default=0)
    # What is a chain from an input stands just above where it is used, not far away at the top.
    loose: dict[Key, bool] = {}
    for key in structure.keys:
        sources = [link.source for link in structure.incoming[key]]
        loose[key] = all(
            loose[each] and (not structure.incoming[each] or len(structure.outgoing[each]) == 1) for each in sources
        )
    for key in reversed(structure.keys):
        below = [link for link in structure.outgoing[key] if link not in structure.crossing]
        if (loose[key] or key.kind is Kind.FORK) and below and len(below) == len(structure.outgoing[key]):
            rows[key] = min(rows[link.target] for link in below) - 1
    return rows


def _row_spans(structure: Structure, rows: Mapping[Key, int]) -> dict[Path, tuple[int, int]]:
    spans: dict[Path, tuple[int, int]] = {}
    for path in (*reversed(structure.groups), ()):
        tops, bottoms = [], []
        for key in structure.members[path]:
            top, bottom = spans[key.path] if key.kind is Kind.GROUP else (rows[key], rows[key])
            tops.append(top)
            bottoms.append(bottom)
        spans[path] = min(tops, default=0), max(bottoms, default=0)
    return spans


def _place(
    structure: Structure,
    path: Path,
    rows: Mapping[Key, int],
    spans: Mapping[Path, tuple[int, int]],
    parted: Mapping[Link, int],
    columns_of: Mapping[Path, Mapping[Key, int]],
) -> tuple[dict[Key, int], dict[Path, int]]:
    """The columns, counted from the left of this group, of all layers in it, and of the groups directly in it."""
    columns: dict[Key, int] = {}
    lefts: dict[Path, int] = {}
    taken: set[Cell] = set()
    first = 0
    # What comes in late, from nowhere, takes what the others leave, so that it does not push them aside.
    late = {key for key in structure.members[path] if not structure.incoming.get(key, key) and rows[key] > 0}
    # What leads nowhere else stands beside what goes on, which so keeps its column.
    aside = {key for key in structure.members[path] if _is_aside(structure, key)}
    # A fork stands above the middle of its branches, which therefore come before it.
    forks = {
        key
        for key in structure.members[path]
        if key.kind is Kind.FORK and any(link in parted for link in structure.outgoing[key])
    }
    order = sorted(structure.members[path], key=lambda key: (key in forks, key in late, key in aside))
    for member in order:
        if member.kind is Kind.GROUP:
            inside = columns_of[member.path]
            top, bottom = spans[member.path]
        else:
            inside = {member: 0}
            top = bottom = rows[member]
        size = max(inside.values()) + 1
        before = [
            columns[link.source] - column + parted.get(link, 0)
            for key, column in inside.items()
            for link in structure.incoming[key]
            if link.source in columns
        ]
        if member in late or member in forks:
            before = [columns[link.target] for link in structure.outgoing[member] if link.target in columns]
        wished = min(before, default=0)
        if not any(link in parted for key in inside for link in structure.incoming[key]):
            # Only branches that stand on both sides of where they part widen the whole to the left.
            wished = max(wished, first)
        if member.kind is not Kind.GROUP and len(before) > 2:
            wished = _middle(before)
        left = wished
        while any(Cell(row, left + each) in taken for row in range(top, bottom + 1) for each in range(size)):
            left += 1
        taken.update(Cell(row, left + each) for row in range(top, bottom + 1) for each in range(size))
        if member.kind is Kind.GROUP:
            lefts[member.path] = left
        first = min([left + column for column in inside.values()] + [first] * bool(columns))
        columns.update({key: left + column for key, column in inside.items()})
    # What stands left of the first becomes the first.
    return {key: column - first for key, column in columns.items()}, {key: left - first for key, left in lefts.items()}


def _parted(structure: Structure, rows: Mapping[Key, int]) -> dict[Link, int]:
    """The links to branches of which three or more part in one row: how many columns right of where they part each of
    these is best placed."""
    parted: dict[Link, int] = {}
    for links in structure.outgoing.values():
        branches: dict[int, list[Link]] = {}
        for link in links:
            if len(structure.incoming[link.target]) == 1:
                branches.setdefault(rows[link.target], []).append(link)
        for level in branches.values():
            if len(level) > _SIDES:
                parted |= {link: place - (len(level) - 1) // 2 for place, link in enumerate(level)}
    return parted


_SIDES: Final = 2
"""Of so many branches, the first goes on straight."""


def _is_aside(structure: Structure, member: Key) -> bool:
    if member.kind is not Kind.GROUP:
        return member in structure.aside
    inside = structure.members[member.path]
    return all(_is_aside(structure, each) for each in inside)
