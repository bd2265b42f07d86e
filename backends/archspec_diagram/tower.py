"""Groups that stand side by side and need not share the heights of their rows, such as an encoder and a decoder.

A row is as high as the highest box in it, so that two groups with nothing in common but where they begin would tear
holes into each other. Each of them has its rows for itself if every line that runs level beside one of its rows stays
inside.
"""

from __future__ import annotations

from typing import final

from msgspec import Struct

from archspec.graph import Path
from archspec_diagram.grid import Cell, Extent, Grid
from archspec_diagram.route import Route, Routes, Way
from archspec_diagram.structure import Structure, common


@final
class Tower(Struct, frozen=True):
    group: Path
    extent: Extent

    def holds(self, cell: Cell) -> bool:
        within = self.extent.left <= cell.column <= self.extent.right
        return within and self.extent.top <= cell.row <= self.extent.bottom


def towers_of(structure: Structure, grid: Grid, routes: Routes) -> tuple[Tower, ...]:
    """The groups that can have rows of their own; none where lines or other boxes are in the way."""
    groups: dict[Path, None] = {}
    for link in structure.crossing:
        depth = len(common(link.source.group, link.target.group)) + 1
        groups |= dict.fromkeys((link.source.group[:depth], link.target.group[:depth]))
    towers = tuple(Tower(group, grid.extents[group]) for group in sorted(groups) if group in grid.extents)
    if len(towers) < 2 or len({tower.extent.top for tower in towers}) > 1:
        return ()
    top, bottom = towers[0].extent.top, max(tower.extent.bottom for tower in towers)
    for cell in grid.cells.values():
        if top <= cell.row <= bottom and not any(tower.holds(cell) for tower in towers):
            return ()
    around = [each for path, each in grid.extents.items() if path and not any(_is_in(path, tower) for tower in towers)]
    if any(each.top == top or top <= each.bottom <= bottom for each in around):
        return ()
    if any(_leaves(route, structure, grid, towers, bottom) for route in routes.all):
        return ()
    return towers


def _is_in(path: Path, tower: Tower) -> bool:
    return path[: len(tower.group)] == tower.group


def _leaves(route: Route, structure: Structure, grid: Grid, towers: tuple[Tower, ...], bottom: int) -> bool:
    """Whether a line runs level out of a tower, beside its rows."""
    source, target = grid.cells[route.link.source], grid.cells[route.link.target]
    if route.way is Way.DOWN or route.link in structure.crossing:
        return False
    mine = next((tower for tower in towers if tower.holds(source)), None)
    its = next((tower for tower in towers if tower.holds(target)), None)
    if mine is its:
        return mine is not None and route.lane is not None and route.lane.gutter.group[: len(mine.group)] != mine.group
    # From above all towers, or to below all of them, in the room that they share, and straight from there.
    above = mine is None and its is not None and target.row == its.extent.top and route.way is not Way.LANE
    above = above or (mine is None and route.way is Way.ACROSS_THEN_DOWN)
    below = its is None and mine is not None and source.row == bottom and route.way is not Way.LANE
    below = below or (its is None and route.way is Way.DOWN_THEN_ACROSS)
    return not (above or below)
