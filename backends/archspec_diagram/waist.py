"""Where two ways join to one: what they join to, and all that follows, stands in the middle between them.

Two inputs, such as words and the segments that they are of, begin as two columns. What is made of both would stand
below the first of them, with an empty half beside it. Where it has its rows for itself, it has a column for itself too,
which takes no room: it lies over the inner halves of the two.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from archspec_diagram.grid import Cell, Extent, Grid
from archspec_diagram.route import Routes, Way
from archspec_diagram.structure import Structure

_LEFT: Final = 0
_MIDDLE: Final = 1
_RIGHT: Final = 2


def with_waist(structure: Structure, grid: Grid) -> Grid | None:
    """The grid with such a column, where two ways join so."""
    rows = _waist(structure, grid)
    if rows is None:
        return None
    cells = {
        key: Cell(cell.row, _MIDDLE if cell.row in rows else _RIGHT if cell.column else _LEFT)
        for key, cell in grid.cells.items()
    }
    extents: dict[tuple[str, ...], Extent] = {}
    for path, extent in grid.extents.items():
        inside = {cell.column for key, cell in cells.items() if key.group[: len(path)] == path}
        if path and _MIDDLE in inside and inside not in ({_MIDDLE}, {_LEFT, _MIDDLE, _RIGHT}):
            return None  # Its frame would lie over what stands beside it.
        extents[path] = replace(extent, left=min(inside), right=max(inside))
    return replace(grid, cells=cells, extents=extents, waist=_MIDDLE)


def _waist(structure: Structure, grid: Grid) -> range | None:
    """The rows of what two ways join to, and of what follows, as long as it is alone."""
    cells = grid.cells
    if grid.extents[()].right != 1 or structure.crossing:
        return None
    columns: dict[int, set[int]] = {}
    for cell in cells.values():
        columns.setdefault(cell.row, set()).add(cell.column)
    ends = [(cells[link.source], cells[link.target]) for link in structure.links]
    first = min((target.row for source, target in ends if source.column != target.column), default=0)
    last = first
    while columns.get(last) == {0}:
        last += 1
    below = {(source, target) for source, target in ends if source.row < last <= target.row}
    joined = {source.column for source, target in ends if source.row < first <= target.row}
    # Both lead to the first row of it alone, and the last row of it to all that stands below, or nothing does.
    is_joined = joined == {0, 1} and all(
        target.row == first for source, target in ends if source.row < first <= target.row
    )
    is_parted = {(source.row, target.row, target.column) for source, target in below} in (
        set(),
        {(last - 1, last, 0), (last - 1, last, 1)},
    )
    return range(first, last) if last > first and is_joined and is_parted else None


def keeps_to_it(routes: Routes, grid: Grid) -> bool:
    """Whether no line runs along the column elsewhere, over what stands on both sides."""
    for route in routes.all:
        source, target = grid.cells[route.link.source], grid.cells[route.link.target]
        if route.lane is not None and route.lane.gutter.column == _MIDDLE and source.column != target.column:
            return False
        is_near = target.row == source.row + 1
        if route.way is Way.ACROSS_THEN_DOWN and target.column == _MIDDLE and not is_near:
            return False
        if route.way is Way.DOWN_THEN_ACROSS and source.column == _MIDDLE and not is_near:
            return False
    return True
