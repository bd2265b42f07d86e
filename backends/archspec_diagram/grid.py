"""Rows and columns: which cell each layer stands in, and which rectangle of cells each group keeps for itself.

The row of a layer is the length of the longest way to it, so that every link leads down. Within a group each member
takes the column of what comes before it or, where that is taken, the next free one to the right, in declared order. A
group is placed as one rectangle over all its rows. So frames cannot overlap and hold nothing foreign, whatever the
links are, even where a group is no contiguous chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, final

from archspec.graph import Path
from archspec_diagram.structure import Key, Kind, Structure


class Cell(NamedTuple):
    row: int
    column: int


@final
@dataclass(frozen=True, slots=True)
class Extent:
    """The rows and columns of a group; the last ones belong to it."""

    top: int
    bottom: int
    left: int
    right: int


@final
@dataclass(frozen=True)
class Grid:
    cells: Mapping[Key, Cell]
    extents: Mapping[Path, Extent]
    """Of each group and, for the empty path, of the whole."""


def grid_of(structure: Structure) -> Grid:
    rows = _rows(structure)
    spans = _row_spans(structure, rows)
    columns: dict[Path, dict[Key, int]] = {}
    lefts: dict[Path, dict[Path, int]] = {}
    for path in (*reversed(structure.groups), ()):
        columns[path], lefts[path] = _place(structure, path, rows, spans, columns)

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


def _rows(structure: Structure) -> dict[Key, int]:
    rows: dict[Key, int] = {}
    for key in structure.keys:
        rows[key] = max((rows[link.source] + 1 for link in structure.incoming[key]), default=0)
    for key in structure.keys:
        # What comes from nowhere stands just above its first use, not far away at the top.
        if not structure.incoming[key] and structure.outgoing[key]:
            rows[key] = min(rows[link.target] for link in structure.outgoing[key]) - 1
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
    columns_of: Mapping[Path, Mapping[Key, int]],
) -> tuple[dict[Key, int], dict[Path, int]]:
    """The columns, counted from the left of this group, of all layers in it, and of the groups directly in it."""
    columns: dict[Key, int] = {}
    lefts: dict[Path, int] = {}
    taken: set[Cell] = set()
    # What comes in late, from nowhere, takes what the others leave, so that it does not push them aside.
    late = {key for key in structure.members[path] if not structure.incoming.get(key, key) and rows[key] > 0}
    for member in sorted(structure.members[path], key=lambda key: key in late):
        if member.kind is Kind.GROUP:
            inside = columns_of[member.path]
            top, bottom = spans[member.path]
        else:
            inside = {member: 0}
            top = bottom = rows[member]
        size = max(inside.values()) + 1
        before = [
            columns[link.source] - column
            for key, column in inside.items()
            for link in structure.incoming[key]
            if link.source in columns
        ]
        if member in late:
            before = [columns[link.target] for link in structure.outgoing[member] if link.target in columns]
        left = max(0, min(before, default=0))
        while any(Cell(row, left + each) in taken for row in range(top, bottom + 1) for each in range(size)):
            left += 1
        taken.update(Cell(row, left + each) for row in range(top, bottom + 1) for each in range(size))
        if member.kind is Kind.GROUP:
            lefts[member.path] = left
        columns.update({key: left + column for key, column in inside.items()})
    return columns, lefts
