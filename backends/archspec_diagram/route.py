"""The way of each edge over the grid: down a free column, or through a lane at the side of a group.

Between two rows lies a channel with horizontal tracks, and at both sides of a group lie vertical lanes. A way is found
in these terms, before any length is known; the layout then gives each channel and lane the room that it needs. No way
leads through a taken cell, so no edge crosses a box, and every vertical line in a channel is claimed by one value, so
edges of different values never run on top of each other.

Lanes are on the right, where a reader looks for them. A concatenation however is entered in the order of its inputs, so
that one which passes others by and comes before them has its lane on the left: it would cross their arrows otherwise.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Set
from enum import Enum, auto
from typing import NamedTuple, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.graph import Path
from archspec_diagram.grid import Grid
from archspec_diagram.structure import Key, Link, Structure, common
from archspec_diagram.track import Across, Parallels, Turn, tracks_of


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


class Gutter(NamedTuple):
    """Where the lanes of a group are: beside one of its columns."""

    group: Path
    column: int
    is_left: bool


class Lane(NamedTuple):
    """A vertical line within a group, the first one next to the column."""

    gutter: Gutter
    number: int


@final
class Route(Struct, frozen=True):
    link: Link
    way: Way
    port: int
    """How far right of the middle of its target it arrives, in pixels."""

    lane: Lane | None = None

    enters_side: bool = False
    """Whether it comes out of its lane level into the side of a circle, rather than from above."""

    skips: bool = False
    """Whether it passes other layers by."""

    input: int = 0
    """Which of the inputs of its target it is."""


@final
class Routes(Struct, frozen=True):
    all: tuple[Route, ...]
    tracks: Mapping[tuple[int, Key], int]
    """The track of each value in each channel where it turns. Channel `r` lies below row `r`."""

    track_counts: Mapping[int, int]
    lane_counts: Mapping[Gutter, int]


def routes_of(structure: Structure, grid: Grid, round_ones: Set[Key], unordered: Set[Key]) -> Routes:
    """The routes of all links. What is round can be entered from the side; what is not unordered is entered in the
    order of its inputs, from left to right."""
    router = _Router(structure, grid, round_ones, unordered)
    routes = tuple(route for key in structure.keys for route in router.to(key))
    routes, lane_counts = _with_lanes(routes, grid, router)
    tracks, track_counts = tracks_of(turn for route in routes for turn in _turns(route, grid))
    return Routes(routes, tracks, track_counts, lane_counts)


@final
class _Router:
    """Chooses ways one target after the other, and remembers which vertical lines are taken."""

    def __init__(self, structure: Structure, grid: Grid, round_ones: Set[Key], unordered: Set[Key]) -> None:
        self.structure, self.round_ones, self.unordered = structure, round_ones, unordered
        self.cells, self.waist = grid.cells, grid.waist
        self.extents = grid.extents
        self.stretches = _stretches(structure, grid)
        # The line below the middle of each source is its own.
        self.claims = {(cell.row, cell.column, 0): key for key, cell in grid.cells.items() if structure.outgoing[key]}
        self.left_ones: set[Link] = set()
        """What has its lane on the left."""

    def to(self, target: Key) -> list[Route]:
        """The routes of all links to a target, from left to right."""
        links = self.structure.incoming[target]
        ways = [self._way(link) for link in links]
        self.left_ones.update(self._left_ones(target, links, ways))
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
            routes.append(Route(link, way, port, skips=skips, input=index))
        for index in sides:
            link, way = links[index], ways[index]
            if way is Way.LANE:
                routes.append(Route(link, way, 0, enters_side=True, skips=True, input=index))
                continue
            for channel in range(self.cells[link.source].row, self.cells[target].row):
                self.claims[channel, self.cells[link.source].column, 0] = link.source
            routes.append(Route(link, Way.SIDE, 0, input=index))
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
                _, last, from_left = self.gutter(link)
                from_right = not from_left
                passed = range(last, cell.column) if from_left else range(cell.column + 1, last + 1)
                is_free = all(self._is_free(link, range(cell.row, cell.row + 1), each) for each in passed)
            elif source.column != cell.column:
                from_right = source.column > cell.column
                passed = range(cell.column + 1, source.column + 1) if from_right else range(source.column, cell.column)
                between = range(source.row + 1, cell.row)
                is_free = (
                    all(self._is_free(link, range(cell.row, cell.row + 1), each) for each in passed)
                    and self._is_free(link, between, source.column)
                    and self._is_unclaimed(link, range(source.row, cell.row), source.column, 0)
                )
            else:
                continue
            in_order = target in self.unordered or index == (len(links) - 1 if from_right else 0)
            # What stands in the middle between both has nothing above it.
            most = len(links) - (self.waist != cell.column)
            if is_free and in_order and from_right not in found and len(found) < most:
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

    def _is_free(self, link: Link, rows: range, column: int) -> bool:
        """Whether there is neither a box nor a group without part in the link in these rows of a column."""
        stretches = self.stretches.get(column)
        if not rows or not stretches:
            return True
        place = max(bisect_right(stretches, rows.start, key=_start) - 1, 0)
        while place < len(stretches) and stretches[place].start < rows.stop:
            start, stop, owner = stretches[place]
            if start < rows.stop and rows.start < stop and not is_around(owner, link):
                return False
            place += 1
        return True

    def _left_ones(self, target: Key, links: tuple[Link, ...], ways: list[Way]) -> list[Link]:
        """The first of the links that pass others by, so many of them that as few lines as can be cross each other;
        where their order does not matter, those that have something to pass by on the right alone."""
        if len(links) < 2:
            return []
        lanes = [
            index for index, way in enumerate(ways) if way is Way.LANE and links[index] not in self.structure.crossing
        ]
        if target in self.unordered:
            return [links[index] for index in lanes if self._is_clear_on_the_left(links[index])]
        # Of two on one side, the one that begins further up is the outer one.
        left: list[int] = []
        right = sorted(self.cells[links[index].source].row for index in lanes)
        best = cost = most = 0
        for count, index in enumerate(lanes, 1):
            row = self.cells[links[index].source].row
            before = index - (count - 1)
            after = len(links) - index - 1 - (len(lanes) - count)
            right.remove(row)
            cost += before - after + len(left) - bisect_right(left, row)
            cost -= len(right) - bisect_right(right, row)
            insort(left, row)
            if cost < best:
                best, most = cost, count
        return [links[index] for index in lanes[:most]]

    def _is_clear_on_the_left(self, link: Link) -> bool:
        """Whether a lane on the right would lead around what stands beside, and one on the left around nothing."""
        columns = self.cells[link.source].column, self.cells[link.target].column
        left, right = (self._gutter(link, each).column for each in (True, False))
        return right > max(columns) and left == min(columns)

    def gutter(self, link: Link) -> Gutter:
        """Where the link can pass what stands between its ends."""
        return self._gutter(link, link in self.left_ones)

    def _gutter(self, link: Link, is_left: bool) -> Gutter:
        home = shared_group(link)
        if link in self.structure.crossing:
            return Gutter(home, self.extents[link.source.group[: len(home) + 1]].right, False)
        source, target, around = self.cells[link.source], self.cells[link.target], self.extents[home]
        between = range(source.row + 1, target.row)
        if is_left:
            nearest = min(source.column, target.column)
            others = range(around.left, nearest)
        else:
            nearest = max(source.column, target.column)
            others = range(around.right, nearest, -1)
        # Outside all that stands beside what is passed.
        column = next((each for each in others if not self._is_free(link, between, each)), nearest)
        return Gutter(home, column, is_left)

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


class _Stretch(NamedTuple):
    """Rows of a column, one below the other, in which the same is to be seen: boxes, or a group."""

    start: int
    stop: int
    owner: Path | None


def _stretches(structure: Structure, grid: Grid) -> dict[int, list[_Stretch]]:
    """What is in each column, from above."""
    owners: dict[int, dict[int, Path | None]] = {}
    for path in structure.groups:
        extent = grid.extents[path]
        for column in range(extent.left, extent.right + 1):
            owners.setdefault(column, {}).update(dict.fromkeys(range(extent.top, extent.bottom + 1), path))
    for cell in grid.cells.values():
        owners.setdefault(cell.column, {})[cell.row] = None
    stretches: dict[int, list[_Stretch]] = {}
    for column, rows in owners.items():
        found = stretches.setdefault(column, [])
        for row, owner in sorted(rows.items(), key=_row):
            if found and found[-1].stop == row and found[-1].owner == owner:
                found[-1] = found[-1]._replace(stop=row + 1)
            else:
                found.append(_Stretch(row, row + 1, owner))
    return stretches


def _row(item: tuple[int, Path | None]) -> int:
    return item[0]


def _start(stretch: _Stretch) -> int:
    return stretch.start


def is_around(owner: Path | None, link: Link) -> bool:
    """Whether one of the ends of a link is in the group; a box has neither."""
    return owner is not None and any(end.group[: len(owner)] == owner for end in (link.source, link.target))


def shared_group(link: Link) -> Path:
    """The innermost group around both ends of a link."""
    return common(link.source.group, link.target.group)


def _with_lanes(routes: tuple[Route, ...], grid: Grid, router: _Router) -> tuple[tuple[Route, ...], dict[Gutter, int]]:
    """The routes with their lanes, short ones inside. What a value has beside one column runs in one lane."""
    places: dict[Link, tuple[Gutter, Key]] = {}
    spans: dict[tuple[Gutter, Key], tuple[int, int]] = {}
    for route in routes:
        if route.way is Way.LANE:
            link = route.link
            place = router.gutter(link), link.source
            first, last = grid.cells[link.source].row, grid.cells[link.target].row
            if last <= first:  # It runs up.
                first, last = last - 1, first + 1
            places[link] = place
            before = spans.get(place, (first, last))
            spans[place] = min(first, before[0]), max(last, before[1])
    taken: dict[Gutter, Parallels[int]] = {}
    lanes: dict[tuple[Gutter, Key], Lane] = {}
    for place, (first, last) in sorted(spans.items(), key=lambda item: item[1][1] - item[1][0]):
        gutter = place[0]
        # A lane may begin in the channel in which another one ends.
        lanes[place] = Lane(gutter, taken.setdefault(gutter, Parallels()).lay(first, last - 1))
    counts = {gutter: parallels.count for gutter, parallels in taken.items()}
    given = tuple(
        replace(route, lane=lanes[places[route.link]]) if route.way is Way.LANE else route for route in routes
    )
    return given, counts


def _turns(route: Route, grid: Grid) -> list[Turn]:
    """What a route does in the channels in which it runs sideways."""
    value = route.link.source
    source, target = grid.cells[value], grid.cells[route.link.target]
    start: Across = (2 * source.column, 0, 0)
    end: Across = (2 * target.column, route.port, 0)
    if route.way is Way.ACROSS_THEN_DOWN:
        return [Turn(source.row, value, (start,), (end,))]
    if route.way is Way.DOWN_THEN_ACROSS:
        return [Turn(target.row - 1, value, (start,), (end,))]
    if route.lane is None:
        return []
    side = _side(route.lane)
    if target.row <= source.row:  # It runs up.
        return [Turn(source.row, value, (start, side), ()), Turn(target.row - 1, value, (), (side, end))]
    first = Turn(source.row, value, (start,), (side,))
    return [first] if route.enters_side else [first, Turn(target.row - 1, value, (side,), (end,))]


def _side(lane: Lane) -> Across:
    """Where a lane is: behind a column come lanes on its right, those of inner groups first, then those on the left of
    the next column."""
    group, column, is_left = lane.gutter
    return (2 * column - 1, 1 + len(group), -lane.number) if is_left else (2 * column + 1, -len(group), lane.number)
