"""Models that are a U: one way down and up again, with links that pass from the one side to the other.

That is read off the links alone: every value goes on to the next box, and besides, some go from one box to another far
behind it, each pair inside the pair before. What comes before the innermost of these pairs stands on the left and runs
down; what comes behind stands on the right and runs up, so that both ends of each pair are on one level.

Frames of groups are not drawn: the levels of the U say the same. Whether a model runs down or to the right, its U is
the same: laid on its side, it would be many pages wide, and the second half of it would run to the left.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from archspec_diagram.grid import Cell, Extent, Grid
from archspec_diagram.route import Route, Routes, Way
from archspec_diagram.structure import Key, Link, Structure

_LEAST: Final = 2
"""One pair alone is a skip connection."""

_APART: Final = 96.0
"""Between the two sides there is room to see what passes."""


def u_form(structure: Structure) -> tuple[Grid, Routes] | None:
    """Where everything stands, and how the links go, if the structure is a U."""
    pairs = _pairs(structure)
    if pairs is None:
        return None
    keys = structure.keys
    left, right = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    cells: dict[Key, Cell] = {}

    # The level of each pair is the row of its two ends; above it stands whichever side needs more rows.
    row = max(left[0], len(keys) - 1 - right[0])
    rows = [row]
    for number in range(1, len(pairs)):
        row += max(left[number] - left[number - 1], right[number - 1] - right[number])
        rows.append(row)
    for number, level in enumerate(rows):
        first = left[number - 1] + 1 if number else 0
        for place in range(first, left[number] + 1):
            cells[keys[place]] = Cell(level - (left[number] - place), 0)
        last = right[number - 1] - 1 if number else len(keys) - 1
        for place in range(right[number], last + 1):
            cells[keys[place]] = Cell(level - (place - right[number]), 1)
    # At the bottom, the last one alone is on the way up.
    bottom = list(range(left[-1] + 1, right[-1]))
    for place in bottom[:-1]:
        cells[keys[place]] = Cell(rows[-1] + place - left[-1], 0)
    last_row = rows[-1] + max(len(bottom) - 1, 1)
    cells[keys[bottom[-1]]] = Cell(last_row, 1)
    if len(bottom) == 1:
        return None
    top = min(cell.row for cell in cells.values())
    cells = {key: Cell(cell.row - top, cell.column) for key, cell in cells.items()}
    rising = frozenset(key for key, cell in cells.items() if cell.column == 1)
    whole = Extent(0, last_row - top, 0, 1)
    grid = Grid(cells, {(): whole}, rising, _APART)
    skips = {(keys[one], keys[other]) for one, other in pairs}
    routes = tuple(
        replace(_route(link, cells, (link.source, link.target) in skips), input=number)
        for key in keys
        for number, link in enumerate(structure.incoming[key])
    )
    return grid, Routes(routes, {}, {}, {})


def _route(link: Link, cells: dict[Key, Cell], skips: bool) -> Route:
    source, target = cells[link.source], cells[link.target]
    way = Way.DOWN if target.column == 0 else Way.UP if source.column == 1 else Way.ACROSS
    return replace(Route(link, way, 0), skips=skips)


def _pairs(structure: Structure) -> list[tuple[int, int]] | None:
    """The places of the ends of each link from side to side, outermost first."""
    place = {key: number for number, key in enumerate(structure.keys)}
    steps: set[tuple[int, int]] = set()
    pairs: list[tuple[int, int]] = []
    for link in structure.links:
        ends = place[link.source], place[link.target]
        if ends[1] == ends[0] + 1:
            steps.add(ends)
        else:
            pairs.append(ends)
    is_chain = len(steps) == len(structure.keys) - 1 and len(steps) + len(pairs) == len(structure.links)
    pairs.sort()
    nested = all(one[0] < other[0] and other[1] < one[1] for one, other in pairwise(pairs))
    deep = bool(pairs) and pairs[-1][1] - pairs[-1][0] > _LEAST
    return pairs if is_chain and nested and deep and len(pairs) >= _LEAST else None
