"""The way of each edge over the grid: down a free column, or through a lane at the side of a group.

Between two rows lies a channel with horizontal tracks, and at the right of a group lie vertical lanes. A way is found
in these terms, before any length is known; the layout then gives each channel and lane the room that it needs. No way
leads through a taken cell, so no edge crosses a box, and every vertical line in a channel is claimed by one value, so
edges of different values never run on top of each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import NamedTuple, TypeAlias, final

from archspec.graph import Path
from archspec_diagram.grid import Cell, Extent, Grid
from archspec_diagram.structure import Key, Link, Structure, common

Across: TypeAlias = tuple[float, float, float]
"""A place from left to right, for comparing only."""


class Way(Enum):
    DOWN = auto()
    """Straight down one column."""

    ACROSS_THEN_DOWN = auto()
    DOWN_THEN_ACROSS = auto()
    SIDE = auto()
    """Down the column of the source, and level into the side of a circle."""

    LANE = auto()

    UP = auto()
    """Straight up one column."""

    ACROSS = auto()
    """Level, from side to side."""


class Lane(NamedTuple):
    """A vertical line within a group, right of one of its columns, counted from the left."""

    group: Path
    column: int
    number: int


@final
@dataclass(frozen=True, slots=True)
class Route:
    link: Link
    way: Way
    port: int
    """How far right of the middle of its target it arrives, in pixels."""

    lane: Lane | None = None

    enters_side: bool = False
    """Whether it comes out of its lane level into the side of a circle, rather than from above."""

    skips: bool = False
    """Whether it passes other layers by."""


@final
@dataclass(frozen=True)
class Routes:
    all: tuple[Route, ...]
    tracks: Mapping[tuple[int, Key], int]
    """The track of each value in each channel where it turns. Channel `r` lies below row `r`."""

    track_counts: Mapping[int, int]
    lane_counts: Mapping[tuple[Path, int], int]
    """How many lanes a group has right of each of its columns."""


def routes_of(structure: Structure, grid: Grid, round_ones: Set[Key], unordered: Set[Key]) -> Routes:
    """The routes of all links. What is round can be entered from the side; what is not unordered is entered in the
    order of its inputs, from left to right."""
    router = _Router(structure, grid, round_ones, unordered)
    routes = tuple(route for key in structure.keys for route in router.to(key))
    routes, lane_counts = _with_lanes(routes, grid, router)
    tracks, track_counts = _tracks(routes, grid)
    return Routes(routes, tracks, track_counts, lane_counts)


@final
class _Router:
    """Chooses ways one target after the other, and remembers which vertical lines are taken."""

    def __init__(self, structure: Structure, grid: Grid, round_ones: Set[Key], unordered: Set[Key]) -> None:
        self.structure, self.round_ones, self.unordered = structure, round_ones, unordered
        self.cells = grid.cells
        self.extents = grid.extents
        self.boxes = set(grid.cells.values())
        self.owners = _owners(structure, grid.extents)
        # The line below the middle of each source is its own.
        self.claims = {(cell.row, cell.column, 0): key for key, cell in grid.cells.items() if structure.outgoing[key]}

    def to(self, target: Key) -> list[Route]:
        """The routes of all links to a target, from left to right."""
        links = self.structure.incoming[target]
        ways = [self._way(link) for link in links]
        sides = self._sides(target, links, ways)
        above = [index for index in range(len(links)) if index not in sides]
        order = above
        if target in self.unordered:
            order = sorted(above, key=lambda index: (self._arrival(links[index], ways[index]), index))
        middle = next((place for place, index in enumerate(order) if ways[index] is Way.DOWN), None)
        step = 16 if len(links) <= 8 else 8
        start = (len(order) - 1) / 2 if middle is None else middle
        routes = []
        for place, index in enumerate(order):
            link, way = links[index], ways[index]
            if way is Way.DOWN and place != middle:
                way = Way.ACROSS_THEN_DOWN  # The same value twice: the second use must be seen too.
            port = 0 if place == middle else self._port(link, way, round((place - start) * step))
            self._claim(link, way, port)
            skips = way is Way.LANE and link not in self.structure.crossing
            routes.append(Route(link, way, port, skips=skips))
        for index in sides:
            link, way = links[index], ways[index]
            if way is Way.LANE:
                routes.append(Route(link, way, 0, enters_side=True, skips=True))
                continue
            for channel in range(self.cells[link.source].row, self.cells[target].row):
                self.claims[channel, self.cells[link.source].column, 0] = link.source
            routes.append(Route(link, Way.SIDE, 0))
        return routes

    def _sides(self, target: Key, links: tuple[Link, ...], ways: list[Way]) -> list[int]:
        """The links that come into a circle from its sides: at most one from each."""
        if target not in self.round_ones or len(links) < 2:
            return []
        found: dict[bool, int] = {}
        cell = self.cells[target]
        for index, (link, way) in enumerate(zip(links, ways, strict=True)):
            source = self.cells[link.source]
            if link in self.structure.crossing:
                continue
            if way is Way.LANE:
                from_right, last = True, self.side(link)
                is_free = all(self._is_free(link, (cell.row,), each) for each in range(cell.column + 1, last + 1))
            elif source.column != cell.column:
                from_right = source.column > cell.column
                passed = range(cell.column + 1, source.column + 1) if from_right else range(source.column, cell.column)
                between = range(source.row + 1, cell.row)
                is_free = (
                    all(self._is_free(link, (cell.row,), each) for each in passed)
                    and self._is_free(link, between, source.column)
                    and self._is_unclaimed(link, range(source.row, cell.row), source.column, 0)
                )
            else:
                continue
            in_order = target in self.unordered or index == (len(links) - 1 if from_right else 0)
            if is_free and in_order and from_right not in found and len(found) < len(links) - 1:
                found[from_right] = index
        return list(found.values())

    def _way(self, link: Link) -> Way:
        if link in self.structure.crossing:
            return Way.LANE
        source, target = self.cells[link.source], self.cells[link.target]
        between = range(source.row + 1, target.row)
        if source.column == target.column and self._is_free(link, between, source.column):
            return Way.DOWN
        if source.column != target.column and not between:
            return Way.ACROSS_THEN_DOWN
        if self._is_free(link, between, source.column) and self._is_unclaimed(link, between, source.column, 0):
            return Way.DOWN_THEN_ACROSS
        if self._is_free(link, between, target.column):
            return Way.ACROSS_THEN_DOWN
        return Way.LANE

    def _is_free(self, link: Link, rows: Iterable[int], column: int) -> bool:
        """Whether there is neither a box nor a group without part in the link in these cells."""
        homes = link.source.group, link.target.group
        for row in rows:
            owner = self.owners.get(Cell(row, column), ())
            if Cell(row, column) in self.boxes or not any(home[: len(owner)] == owner for home in homes):
                return False
        return True

    def side(self, link: Link) -> int:
        """The column right of which the link can pass what stands between its ends."""
        source, target = self.cells[link.source], self.cells[link.target]
        if link in self.structure.crossing:
            home = shared_group(link)
            return self.extents[link.source.group[: len(home) + 1]].right
        column = max(source.column, target.column)
        last = self.extents[shared_group(link)].right
        for each in range(last, column, -1):
            if not self._is_free(link, range(source.row + 1, target.row), each):
                return each
        return column

    def _is_unclaimed(self, link: Link, channels: Iterable[int], column: int, offset: int) -> bool:
        return all(self.claims.get((each, column, offset), link.source) == link.source for each in channels)

    def _arrival(self, link: Link, way: Way) -> float:
        is_right = way is Way.LANE and link not in self.structure.crossing
        return float("inf") if is_right else self.cells[link.source].column

    def _port(self, link: Link, way: Way, wished: int) -> int:
        """The free place nearest to the wished one at which to arrive."""
        target = self.cells[link.target]
        channels = self._descent(link, way)
        for away in range(0, 400, 4):
            for port in (wished + away, wished - away):
                if self._is_unclaimed(link, channels, target.column, port):
                    return port
        return wished

    def _descent(self, link: Link, way: Way) -> range:
        """The channels in which the link runs down to its target in the column of the target."""
        source, target = self.cells[link.source], self.cells[link.target]
        first = source.row if way in (Way.DOWN, Way.ACROSS_THEN_DOWN) else target.row - 1
        return range(first, target.row)

    def _claim(self, link: Link, way: Way, port: int) -> None:
        source, target = self.cells[link.source], self.cells[link.target]
        for channel in self._descent(link, way):
            self.claims[channel, target.column, port] = link.source
        if way is Way.DOWN_THEN_ACROSS:
            for channel in range(source.row, target.row):
                self.claims[channel, source.column, 0] = link.source


def _owners(structure: Structure, extents: Mapping[Path, Extent]) -> dict[Cell, Path]:
    """The innermost group at each cell that is in one."""
    owners: dict[Cell, Path] = {}
    for path in structure.groups:
        extent = extents[path]
        for row in range(extent.top, extent.bottom + 1):
            for column in range(extent.left, extent.right + 1):
                owners[Cell(row, column)] = path
    return owners


def shared_group(link: Link) -> Path:
    """The innermost group around both ends of a link."""
    return common(link.source.group, link.target.group)


def _with_lanes(
    routes: tuple[Route, ...], grid: Grid, router: _Router
) -> tuple[tuple[Route, ...], dict[tuple[Path, int], int]]:
    """The routes with their lanes, short ones inside. What a value has beside one column runs in one lane."""
    places: dict[Link, tuple[Path, int, Key]] = {}
    spans: dict[tuple[Path, int, Key], tuple[int, int]] = {}
    for route in routes:
        if route.way is Way.LANE:
            link = route.link
            place = shared_group(link), router.side(link), link.source
            first, last = grid.cells[link.source].row, grid.cells[link.target].row
            if last <= first:  # It runs up.
                first, last = last - 1, first + 1
            places[link] = place
            before = spans.get(place, (first, last))
            spans[place] = min(first, before[0]), max(last, before[1])
    taken: dict[Lane, list[tuple[int, int]]] = {}
    lanes: dict[tuple[Path, int, Key], Lane] = {}
    counts: dict[tuple[Path, int], int] = {}
    for (group, column, source), (first, last) in sorted(spans.items(), key=lambda item: item[1][1] - item[1][0]):
        number = 0
        while any(first < end and start < last for start, end in taken.get(Lane(group, column, number), ())):
            number += 1
        lane = Lane(group, column, number)
        taken.setdefault(lane, []).append((first, last))
        lanes[group, column, source] = lane
        counts[group, column] = max(counts.get((group, column), 0), number + 1)
    given = tuple(
        replace(route, lane=lanes[places[route.link]]) if route.way is Way.LANE else route for route in routes
    )
    return given, counts


def _tracks(routes: tuple[Route, ...], grid: Grid) -> tuple[dict[tuple[int, Key], int], dict[int, int]]:
    """A track for each value in each channel where it turns, such that no two in one track meet."""
    wanted: dict[int, dict[Key, list[Across]]] = {}
    for route in routes:
        for channel, left, right in turns(route, grid):
            wanted.setdefault(channel, {}).setdefault(route.link.source, []).extend((left, right))
    tracks: dict[tuple[int, Key], int] = {}
    counts: dict[int, int] = {}
    for channel, values in sorted(wanted.items()):
        ends: list[list[tuple[Across, Across]]] = []
        for value, places in values.items():
            left, right = min(places), max(places)
            number = 0
            while number < len(ends) and any(left <= end and start <= right for start, end in ends[number]):
                number += 1
            if number == len(ends):
                ends.append([])
            ends[number].append((left, right))
            tracks[channel, value] = number
        counts[channel] = len(ends)
    return tracks, counts


def turns(route: Route, grid: Grid) -> list[tuple[int, Across, Across]]:
    """The channels in which a route runs sideways, with the places from and to which it does."""
    source, target = grid.cells[route.link.source], grid.cells[route.link.target]
    start: Across = (2 * source.column, 0, 0)
    end: Across = (2 * target.column, route.port, 0)
    if route.way is Way.ACROSS_THEN_DOWN:
        return [(source.row, start, end)]
    if route.way is Way.DOWN_THEN_ACROSS:
        return [(target.row - 1, start, end)]
    if route.lane is not None:
        side: Across = (2 * route.lane.column + 1, -len(route.lane.group), route.lane.number)
        if route.enters_side:
            return [(source.row, start, side)]
        return [(source.row, start, side), (target.row - 1, side, end)]
    return []
