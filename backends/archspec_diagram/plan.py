"""Our own layout: the rows, columns and ways of `grid` and `route` with their lengths.

Between two rows there is room, from top to bottom, for the shapes of the values that start there, the lower edges of
groups, the tracks of edges, the upper edges of groups with their titles, and the arrowheads.

All of it is told as if the model ran down. Where it runs to the right, boxes and labels are measured with their sides
exchanged, and every place is turned over at the end; the titles of groups then need their room beside and not above.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, final

from archspec.drawing import Direction
from archspec.graph import Path
from archspec_diagram.chart import STACKED
from archspec_diagram.content import Content
from archspec_diagram.grid import Cell, Grid, grid_of
from archspec_diagram.picture import Point, Rectangle
from archspec_diagram.places import PILL, Border, Course, Places, on_outline
from archspec_diagram.route import Gutter, Route, Routes, Way, routes_of
from archspec_diagram.structure import Key, Kind, Structure, forked
from archspec_diagram.tower import Tower, towers_of
from archspec_diagram.u_form import u_form
from archspec_diagram.waist import keeps_to_it, with_waist

_NARROWEST: Final = 144
"""Boxes are at least this wide, so that a chain of short names has the proportions of a chain."""

_BESIDE: Final = 16
"""Between a box and the frame around it, or a lane beside it."""

_ARROW: Final = 12


def own_places(
    structure: Structure,
    contents: Mapping[Key, Content],
    labels: Mapping[Key, float],
    direction: Direction,
    spacing: float,
    *,
    frames_say_more: bool,
) -> Places:
    """The places of boxes with these contents, and of labels of these widths."""
    structure = forked(structure)
    round_ones = {key for key, content in contents.items() if content.is_round}
    unordered = {key for key, content in contents.items() if content.is_unordered}
    # In a U no frames are drawn, so that nothing may depend on them.
    found = None if frames_say_more else u_form(structure)
    if found is not None:
        direction = Direction.DOWN  # A U stands upright, and leads to the right by itself.

    def planned(grid: Grid, routes: Routes) -> _Plan:
        return _Plan(grid, routes, towers_of(structure, grid, routes), contents, labels, direction, spacing)

    plan = None
    if found is None:
        grid = grid_of(structure)
        if (waisted := with_waist(structure, grid)) is not None:
            routes = routes_of(structure, waisted, round_ones, unordered)
            plan = planned(waisted, routes) if keeps_to_it(routes, waisted) else None
        found = grid, routes_of(structure, grid, round_ones, unordered)
    if plan is None or not plan.fits:
        plan = planned(*found)
    grid, placed = plan.grid, _Placed(plan)
    wide, high = plan.width, plan.height
    return Places(
        *((wide, high) if direction is Direction.DOWN else (high, wide)),
        {key: placed.box(key) for key in contents},
        {key: placed.label(key) for key in labels},
        {path: placed.border(path) for path in structure.groups if path in grid.extents},
        tuple(placed.courses()),
    )


@final
class _Plan:
    """The lengths of columns, gutters, rows and channels, counted from the upper left corner of the layers."""

    def __init__(
        self,
        grid: Grid,
        routes: Routes,
        towers: tuple[Tower, ...],
        contents: Mapping[Key, Content],
        labels: Mapping[Key, float],
        direction: Direction,
        spacing: float,
    ) -> None:
        self.grid, self.routes, self.towers, self.contents = grid, routes, towers, contents
        self.runs_down = direction is Direction.DOWN
        self.spacing = spacing
        self._measure_columns(labels)
        self._nest()
        self._place_columns()
        self._place_rows()

    def _measure_columns(self, labels: Mapping[Key, float]) -> None:
        whole = self.grid.extents[()]
        self.columns, self.rows = range(whole.right + 1), range(whole.bottom + 1)
        down = self.runs_down
        self.pills = {key: (wide, PILL) if down else (PILL, wide) for key, wide in labels.items()}
        """How wide and how long the label of a shape is."""
        self.widths = dict.fromkeys(self.grid.cells, 0.0)  # A fork is a point.
        self.heights = dict.fromkeys(self.grid.cells, 0.0)
        self.widths |= {key: each.width if down else each.height for key, each in self.contents.items()}
        self.heights |= {key: each.height if down else each.width for key, each in self.contents.items()}
        stacked = () if down else (key for key, each in self.contents.items() if each.stacks)
        self.copies = dict.fromkeys(stacked, STACKED)
        """How far the copies behind a box stand out, where the arrow leaves it."""
        for route in self.routes.all:
            target = route.link.target
            if target not in self.contents:
                continue
            room = 8 if self.contents[target].is_round else 24
            self.widths[target] = max(self.widths[target], 2 * abs(route.port) + room)
        stretched = [0.0 for _ in self.columns]
        self.column_widths = [0.0 for _ in self.columns]
        if down:
            for key, cell in self.grid.cells.items():
                if key in self.contents and self.contents[key].stretches:
                    stretched[cell.column] = max(stretched[cell.column], self.widths[key], _NARROWEST)
        for key, cell in self.grid.cells.items():
            if down and key in self.contents and self.contents[key].stretches:
                self.widths[key] = stretched[cell.column]
            needed = max(self.widths[key], self.pills.get(key, (0, 0))[0])
            self.column_widths[cell.column] = max(self.column_widths[cell.column], needed)

    def _nest(self) -> None:
        """How far each frame stands out from its cells on each side, since those inside it come first."""
        extents = self.grid.extents
        self.left: dict[Path, float] = {}
        self.right: dict[Path, float] = {}
        self.top: dict[Path, int] = {}
        self.bottom: dict[Path, int] = {}
        self.lanes: dict[Gutter, float] = {}
        """How far from a column the lanes of a group begin."""
        self.reach: dict[tuple[int, bool], float] = {}
        """How far anything reaches beside a column, on the left where that is true."""
        inside: dict[Path, list[Path]] = {path: [] for path in extents}
        for path in extents:
            if path:
                inside[path[:-1]].append(path)
        self.inside = inside
        """The groups directly in each."""
        self.members: dict[Path, list[Key]] = {}
        """The boxes directly in each."""
        for key in self.grid.cells:
            self.members.setdefault(key.group, []).append(key)
        gutters: dict[Path, list[Gutter]] = {}
        for gutter in self.routes.lane_counts:
            gutters.setdefault(gutter.group, []).append(gutter)
        self.beside = _BESIDE if self.runs_down else _BESIDE + 8
        """On the left of what is in a frame: of what runs to the right, the title is there."""
        self.laned: set[tuple[Path, bool]] = set()
        """The frames, and which sides of them, that lanes are within."""
        reaches: dict[Path, dict[tuple[int, bool], float]] = {}
        for path in sorted(extents, key=len, reverse=True):
            own, reach = extents[path], self.reach if path == () else {}
            reaches[path] = reach
            for each in inside[path]:
                further = reaches.pop(each)
                further |= {(extents[each].left, True): self.left[each], (extents[each].right, False): self.right[each]}
                for side, far in further.items():
                    reach[side] = max(reach.get(side, 0), far)
            for gutter in gutters.get(path, ()):
                side = gutter.column, gutter.is_left
                self.lanes[gutter] = reach.get(side, 0) + _BESIDE
                reach[side] = self.lanes[gutter] + 8 * (self.routes.lane_counts[gutter] - 1)
            for is_left, column in ((True, own.left), (False, own.right)):
                lanes = any((each.column, each.is_left) == (column, is_left) for each in gutters.get(path, ()))
                ends = {each: extents[each].left if is_left else extents[each].right for each in inside[path]}
                if lanes or any((each, is_left) in self.laned and end == column for each, end in ends.items()):
                    self.laned.add((path, is_left))
            self.left[path] = reach.get((own.left, True), 0) + self.beside
            self.right[path] = reach.get((own.right, False), 0) + _BESIDE
            self.top[path] = 1 + max((self.top[i] for i in inside[path] if extents[i].top == own.top), default=0)
            bottoms = (self.bottom[i] for i in inside[path] if extents[i].bottom == own.bottom)
            self.bottom[path] = 1 + max(bottoms, default=0)

    def _place_columns(self) -> None:
        self.centres: list[float] = []
        x = 0.0
        waist = self.grid.waist
        for column in self.columns:
            if column == waist:
                self.centres.append(0.0)
                continue
            x += self.reach.get((column, True), 0)
            self.centres.append(x + self.column_widths[column] / 2)
            x += self.column_widths[column] + self.reach.get((column, False), 0)
            self.width = x
            x += self.grid.apart * self.spacing
        if waist is not None:
            self.centres[waist] = (self.centres[waist - 1] + self.centres[waist + 1]) / 2

    def drawn(self, key: Key) -> float:
        """How much of the width of a box its bands fill: several, which lie along it, have a size of their own."""
        content = self.contents.get(key)
        several = content is not None and len(content.bands) > 1 and not self.runs_down
        return content.height if content is not None and several else self.widths[key]

    @property
    def fits(self) -> bool:
        """Whether a waist is no wider than what it is between."""
        waist = self.grid.waist
        return waist is None or (
            self.left_of(waist) >= self.reach.get((waist, True), 0)
            and self.right_of(waist) + self.reach.get((waist, False), 0) <= self.width
        )

    def left_of(self, column: int) -> float:
        return self.centres[column] - self.column_widths[column] / 2

    def right_of(self, column: int) -> float:
        return self.centres[column] + self.column_widths[column] / 2

    def _place_rows(self) -> None:
        self.tops: dict[tuple[int, int], float] = {}
        self.middles: dict[tuple[int, int], float] = {}
        self.first_tracks: dict[tuple[int, int], float] = {}
        self.ends: dict[tuple[int, int], float] = {}
        """By tower, of which 0 is what is in none, and row."""
        if not self.towers:
            self.height = self._stack(0, self.rows, 0.0)[0]
            return
        first = self.towers[0].extent.top
        last = max(tower.extent.bottom for tower in self.towers)
        _, y = self._stack(0, range(first), 0.0)
        stops = []
        for number, tower in enumerate(self.towers, 1):
            stops.append(self._stack(number, range(first, tower.extent.bottom + 1), y))
        # Below the towers, what they share goes on where the last of them ends.
        lowest = max(self.ends[number, tower.extent.bottom] for number, tower in enumerate(self.towers, 1))
        height = max(stop[0] for stop in stops)
        y = max(stop[1] for stop in stops)
        highest = max(self.first_tracks[number, tower.extent.bottom] for number, tower in enumerate(self.towers, 1))
        for number, tower in enumerate(self.towers, 1):
            if tower.extent.bottom == last:
                self.first_tracks[number, last] = highest
        self.tops[0, first] = min(self.tops[number, first] for number in range(1, len(self.towers) + 1))
        self.ends[0, last] = lowest
        self.first_tracks[0, last] = highest
        tracks = 8 * self.routes.track_counts.get(last, 0)
        height, y = max(height, highest + tracks), max(y, highest + tracks + _ARROW * self.spacing)
        below = range(last + 1, len(self.rows))
        self.height = self._stack(0, below, y)[0] if below else height

    def tower(self, cell: Cell) -> int:
        return next((number for number, tower in enumerate(self.towers, 1) if tower.holds(cell)), 0)

    def tower_around(self, path: Path) -> int:
        towers = enumerate(self.towers, 1)
        return next((number for number, tower in towers if path[: len(tower.group)] == tower.group), 0)

    def _stack(self, tower: int, rows: range, y: float) -> tuple[float, float]:
        """Place rows one below the other; gives where the last tracks end, and where the next row could begin."""
        groups = {path: each for path, each in self.grid.extents.items() if path and self.tower_around(path) == tower}
        heights = dict.fromkeys(self.rows, 0.0)
        said = dict.fromkeys(self.rows, 0.0)
        copies = dict.fromkeys(self.rows, 0.0)
        for key, cell in self.grid.cells.items():
            if self.tower(cell) != tower:
                continue
            heights[cell.row] = max(heights[cell.row], self.heights[key])
            copies[cell.row] = max(copies[cell.row], self.copies.get(key, 0))
            # What runs up has its shape above it, in the room of the row before.
            row = cell.row - 1 if key in self.grid.rising else cell.row
            if key in self.pills and row >= 0:
                said[row] = max(said[row], self.pills[key][1])
        starting, ending = dict.fromkeys(self.rows, 0), dict.fromkeys(self.rows, 0)
        for path, extent in groups.items():
            starting[extent.top] = max(starting[extent.top], self.top[path])
            ending[extent.bottom] = max(ending[extent.bottom], self.bottom[path])
        titled = {each.top for path, each in (self.grid.extents if tower == 0 else groups).items() if path}
        last = y
        for row in rows:
            tracks = self.routes.track_counts.get(row, 0)
            y += 16 * starting[row]
            self.tops[tower, row] = y
            self.middles[tower, row] = y + heights[row] / 2
            y += heights[row] + copies[row]
            y += 4 + said[row] if said[row] else 0
            self.ends[tower, row] = y
            y += 8 * ending[row]
            self.first_tracks[tower, row] = y + 8
            y += 8 * tracks
            last = y
            # A title needs eight pixels above the edge on which it stands.
            y += (8 if row + 1 in titled else _ARROW) * self.spacing
        return last, y


@final
class _Placed:
    """The places of a plan, turned over where the model runs to the right."""

    def __init__(self, plan: _Plan) -> None:
        self.plan = plan
        self._edges: dict[Path, tuple[float, float, float]] = {}
        for path in sorted(plan.inside, key=len, reverse=True):
            if path:
                self._edges[path] = self._side(path, True), self._side(path, False), self._end(path)

    def _turned(self, rectangle: Rectangle) -> Rectangle:
        if self.plan.runs_down:
            return rectangle
        return Rectangle(rectangle.y, rectangle.x, rectangle.height, rectangle.width)

    def _rectangle(self, key: Key) -> Rectangle:
        """Where a box is as if the model ran down."""
        cell, plan = self.plan.grid.cells[key], self.plan
        width, height = plan.widths[key], plan.heights[key]
        middle = plan.middles[plan.tower(cell), cell.row]
        return Rectangle(plan.centres[cell.column] - width / 2, middle - height / 2, width, height)

    def box(self, key: Key) -> Rectangle:
        return self._turned(self._rectangle(key))

    def label(self, key: Key) -> Rectangle:
        plan, cell = self.plan, self.plan.grid.cells[key]
        width, height = plan.pills[key]
        # In a row of boxes of several sizes, the shape stands right below its own box.
        box = self._rectangle(key)
        top = box.y - 4 - height if key in plan.grid.rising else box.bottom + plan.copies.get(key, 0) + 4
        return self._turned(Rectangle(plan.centres[cell.column] - width / 2, top, width, height))

    def border(self, path: Path) -> Border:
        plan, extent = self.plan, self.plan.grid.extents[path]
        left, right, bottom = self._edges[path]
        tower = plan.tower_around(path)
        top = plan.tops[tower, extent.top] - 16 * plan.top[path]
        place = self._turned(Rectangle(left, top, right - left, bottom - top))
        # An arrow comes in at the middle of the first column.
        return Border(place, plan.centres[extent.left] - left if plan.runs_down else place.width)

    def _end(self, path: Path) -> float:
        """The lower edge of a frame: a padding below what is in it, whatever else its last row holds outside."""
        plan = self.plan
        row = plan.grid.extents[path].bottom
        ends = [self._edges[inner][2] for inner in plan.inside[path] if plan.grid.extents[inner].bottom == row]
        for key in plan.members.get(path, ()):
            if plan.grid.cells[key].row == row:
                said = 4 + plan.pills[key][1] if key in plan.pills else 0
                ends.append(self._rectangle(key).bottom + plan.copies.get(key, 0) + said)
        return max(ends) + 8

    def _side(self, path: Path, is_left: bool) -> float:
        """An edge beside a frame: a padding away from what is in it, whatever else its column holds outside; lanes are
        beside the whole column."""
        plan, extent = self.plan, self.plan.grid.extents[path]
        sides = [self._edges[inner][0 if is_left else 1] for inner in plan.inside[path]]
        for key in plan.members.get(path, ()):
            half = max(plan.drawn(key), plan.pills.get(key, (0, 0))[0]) / 2
            sides.append(plan.centres[plan.grid.cells[key].column] + (-half if is_left else half))
        side = min(sides) - plan.beside if is_left else max(sides) + _BESIDE
        if (path, is_left) not in plan.laned:
            return side
        if is_left:
            return min(side, plan.left_of(extent.left) - plan.left[path])
        return max(side, plan.right_of(extent.right) + plan.right[path])

    def courses(self) -> Iterator[Course]:
        """The ways from box to box; those through a fork begin with the way to it."""
        to_forks = {route.link.target: route for route in self.plan.routes.all if route.link.target.kind is Kind.FORK}
        for route in self.plan.routes.all:
            link = route.link
            if link.target in to_forks:
                continue
            before = to_forks.get(link.source)
            # A fork is a point; where the way to it had to arrive beside it, it goes there level.
            first = [] if before is None else self._points(before)
            if before is not None and before.port == 0:
                first.pop()
            turned = (point if self.plan.runs_down else point[::-1] for point in (*first, *self._points(route)))
            source = link.source if before is None else before.link.source
            yield Course(source, link.target, tuple(Point(x, y) for x, y in turned), route.skips, route.input)

    def _points(self, route: Route) -> list[tuple[float, float]]:
        """The corners of a route, as if the model ran down."""
        plan, source, target = self.plan, route.link.source, route.link.target
        start, end = self._rectangle(source), self._rectangle(target)
        first, last = plan.grid.cells[source].row, plan.grid.cells[target].row - 1
        arrival = end.centre.x + route.port
        stop: tuple[float, float] = arrival, end.y
        if target in plan.contents and plan.contents[target].is_round:
            stop = on_outline(Point(arrival, end.y), end, down=True)
        corners: list[tuple[float, float]]
        if route.way is Way.DOWN:
            corners = []
        elif route.way is Way.UP:
            return [(start.centre.x, start.y), (end.centre.x, end.bottom)]
        elif route.way is Way.ACROSS:
            return [(start.right, start.centre.y), (end.x, end.centre.y)]
        elif route.way is Way.SIDE:
            corners = [(start.centre.x, end.centre.y)]
            stop = (end.right if start.centre.x > end.centre.x else end.x, end.centre.y)
        elif route.lane is not None:
            _, column, is_left = gutter = route.lane.gutter
            away = plan.lanes[gutter] + 8 * route.lane.number
            side = plan.left_of(column) - away if is_left else plan.right_of(column) + away
            upper = self._track(first, source, source)
            if route.enters_side:
                corners = [(start.centre.x, upper), (side, upper), (side, end.centre.y)]
                stop = (end.x if is_left else end.right, end.centre.y)
            else:
                lower = self._track(last, source, target)
                corners = [(start.centre.x, upper), (side, upper), (side, lower), (arrival, lower)]
        else:
            early = route.way is Way.ACROSS_THEN_DOWN
            y = self._track(first if early else last, source, source if early else target)
            corners = [(start.centre.x, y), (arrival, y)]
        return [(start.centre.x, start.bottom), *corners, stop]

    def _track(self, channel: int, value: Key, end: Key) -> float:
        """Where a value runs level in a channel, above or below one of the ends of a route."""
        plan = self.plan
        tower = plan.tower(Cell(channel, plan.grid.cells[end].column))
        return plan.first_tracks[tower, channel] + 8 * plan.routes.tracks[channel, value]
