"""The layout: from a view to a chart with every place in it.

Rows, columns and ways come from `grid` and `route`; here each gets its length. Between two rows there is room, from
top to bottom, for the shapes of the values that start there, the lower edges of groups, the tracks of edges, the upper
edges of groups with their titles, and the arrowheads.

All of it is told as if the model ran down. Where it runs to the right, boxes and labels are measured with their sides
exchanged, and every place is turned over at the end; the titles of groups then need their room beside and not above.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil, sqrt
from typing import Final, final

from archspec.drawing import Direction, Drawing
from archspec.graph import Path
from archspec_diagram import font, wording
from archspec_diagram.chart import ROUNDING, Card, Chart, Edge, Frame, Pill
from archspec_diagram.content import SHAPE, Content, contents_of, shapes_of
from archspec_diagram.furniture import headings_of, legend_of
from archspec_diagram.grid import Cell, Grid, grid_of
from archspec_diagram.picture import Line, Point, Rectangle, Run
from archspec_diagram.route import Route, Routes, Way, routes_of
from archspec_diagram.structure import Key, Kind, forked
from archspec_diagram.tower import Tower, towers_of
from archspec_diagram.u_form import u_form
from archspec_diagram.view import View

MARGIN: Final = 24
_NARROWEST: Final = 144
"""Boxes are at least this wide, so that a chain of short names has the proportions of a chain."""

_BESIDE: Final = 16
"""Between a box and the frame around it, or a lane beside it."""

_ARROW: Final = 12
_PILL: Final = 16
_TITLE: Final = 9.5


def layout(view: View, drawing: Drawing, spacing: float = 1.0) -> Chart:
    structure, graph = forked(view.structure), view.graph
    contents = contents_of(view, drawing.label)
    forks = {key for key in structure.keys if key.kind is Kind.FORK}
    round_ones = {key for key, content in contents.items() if content.is_round}
    unordered = {key for key, content in contents.items() if content.is_unordered}
    # In a U no frames are drawn, so that nothing may depend on them.
    says_more = any(each.badge or each.is_highlighted for each in view.containers.values())
    found = None if says_more else u_form(structure)
    if found is None:
        grid = grid_of(structure)
        found = grid, routes_of(structure, grid, round_ones, unordered)
    grid, routes = found
    shapes = shapes_of(view)
    towers = towers_of(structure, grid, routes)
    plan = _Plan(grid, routes, towers, contents, shapes, drawing.direction, spacing)
    wide, high = (plan.width, plan.height) if drawing.direction is Direction.DOWN else (plan.height, plan.width)

    headings, below = headings_of(graph, MARGIN, max(wide, 240))
    legend_top = below + 8 + high + 24
    families = {band.family: None for content in contents.values() for band in content.bands if band.family is not None}
    wide_ = max(wide, *(line.at.x - MARGIN + font.width_of(line.runs, line.size) for line in headings))
    legend, bottom = legend_of(tuple(families), MARGIN, legend_top, max(wide_, 240))
    right = max(
        [MARGIN + wide_, *(entry.line.at.x + font.width_of(entry.line.runs, entry.line.size) for entry in legend)]
    )
    width = ceil((right + MARGIN) / 8) * 8
    placed = _Placed(plan, view, (width - wide) / 2, below + 8)
    return Chart(
        width=width,
        height=ceil((bottom + MARGIN) / 8) * 8,
        name=wording.clean(graph.name),
        description=wording.description(graph),
        headings=headings,
        cards=tuple(card for key in structure.keys if key not in forks for card in placed.cards(key)),
        frames=tuple(placed.frame(path) for path in structure.groups if path in grid.extents),
        edges=tuple(placed.edges()),
        pills=tuple(placed.pill(key) for key in structure.keys if key in shapes),
        legend=legend,
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
        shapes: Mapping[Key, str],
        direction: Direction,
        spacing: float,
    ) -> None:
        self.grid, self.routes, self.towers, self.contents, self.shapes = grid, routes, towers, contents, shapes
        self.runs_down = direction is Direction.DOWN
        self.spacing = spacing
        self._measure_columns()
        self._nest()
        self._place_columns()
        self._place_rows()

    def _measure_columns(self) -> None:
        whole = self.grid.extents[()]
        self.columns, self.rows = range(whole.right + 1), range(whole.bottom + 1)
        texts = {key: ceil((font.width(text, SHAPE) + 16) / 8) * 8 for key, text in self.shapes.items()}
        down = self.runs_down
        self.pills = {key: (wide, _PILL) if down else (_PILL, wide) for key, wide in texts.items()}
        """How wide and how long the label of a shape is."""
        self.widths = dict.fromkeys(self.grid.cells, 0.0)  # A fork is a point.
        self.heights = dict.fromkeys(self.grid.cells, 0.0)
        self.widths |= {key: each.width if down else each.height for key, each in self.contents.items()}
        self.heights |= {key: each.height if down else each.width for key, each in self.contents.items()}
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
        self.lanes: dict[tuple[Path, int], tuple[float, float]] = {}
        """Where, right of a column, the lanes of a group begin and end."""
        for path in sorted(extents, key=len, reverse=True):
            own = extents[path]
            inner = [each for each in self.left if len(each) > len(path) and each[: len(path)] == path]
            beside = _BESIDE if self.runs_down else _BESIDE + 8
            self.left[path] = beside + max((self.left[i] for i in inner if extents[i].left == own.left), default=0)
            self.top[path] = 1 + max((self.top[i] for i in inner if extents[i].top == own.top), default=0)
            self.bottom[path] = 1 + max((self.bottom[i] for i in inner if extents[i].bottom == own.bottom), default=0)
            for column in range(own.left, own.right + 1):
                taken = [self.right[each] for each in inner if extents[each].right == column]
                taken += [self.lanes[each, column][1] for each in inner if (each, column) in self.lanes]
                used = max(taken, default=0)
                if count := self.routes.lane_counts.get((path, column)):
                    self.lanes[path, column] = used + _BESIDE, used + _BESIDE + 8 * (count - 1)
                    used = self.lanes[path, column][1]
                self.right[path] = used + _BESIDE

    def _place_columns(self) -> None:
        groups = {path: extent for path, extent in self.grid.extents.items() if path}
        self.centres: list[float] = []
        x = 0.0
        for column in self.columns:
            x += max((self.left[path] for path, extent in groups.items() if extent.left == column), default=0)
            self.centres.append(x + self.column_widths[column] / 2)
            x += self.column_widths[column]
            beside = [self.right[path] for path, extent in groups.items() if extent.right == column]
            beside += [end for (_, each), (_, end) in self.lanes.items() if each == column]
            x += max(beside, default=0)
            self.width = x
            x += self.grid.apart * self.spacing

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
        for key, cell in self.grid.cells.items():
            if self.tower(cell) != tower:
                continue
            heights[cell.row] = max(heights[cell.row], self.heights[key])
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
            y += heights[row]
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
    """A plan at its place in the chart, turned over where the model runs to the right."""

    def __init__(self, plan: _Plan, view: View, left: float, top: float) -> None:
        self.plan, self.view, self.x, self.y = plan, view, left, top

    def _turned(self, rectangle: Rectangle) -> Rectangle:
        if self.plan.runs_down:
            return Rectangle(self.x + rectangle.x, self.y + rectangle.y, rectangle.width, rectangle.height)
        return Rectangle(self.x + rectangle.y, self.y + rectangle.x, rectangle.height, rectangle.width)

    def _rectangle(self, key: Key) -> Rectangle:
        """Where a box is as if the model ran down, from the upper left corner of the plan."""
        cell, plan = self.plan.grid.cells[key], self.plan
        width, height = plan.widths[key], plan.heights[key]
        middle = plan.middles[plan.tower(cell), cell.row]
        return Rectangle(plan.centres[cell.column] - width / 2, middle - height / 2, width, height)

    def cards(self, key: Key) -> tuple[Card, ...]:
        return self.plan.contents[key].at(self._turned(self._rectangle(key)))

    def pill(self, key: Key) -> Pill:
        plan, cell = self.plan, self.plan.grid.cells[key]
        width, height = plan.pills[key]
        # In a row of boxes of several sizes, the shape stands right below its own box.
        box = self._rectangle(key)
        top = box.y - 4 - height if key in plan.grid.rising else box.bottom + 4
        place = self._turned(Rectangle(plan.centres[cell.column] - width / 2, top, width, height))
        at = Point(place.centre.x, round(place.centre.y + SHAPE * 0.36, 2))
        return Pill(self.view.items[key].identity, place, Line((Run(plan.shapes[key]),), SHAPE, at))

    def frame(self, path: Path) -> Frame:
        plan, extent, container = self.plan, self.plan.grid.extents[path], self.view.containers[path]
        left = plan.centres[extent.left] - plan.column_widths[extent.left] / 2 - plan.left[path]
        right = plan.right_of(extent.right) + plan.right[path]
        tower = plan.tower_around(path)
        top = plan.tops[tower, extent.top] - 16 * plan.top[path]
        bottom = plan.ends[tower, extent.bottom] + 8 * plan.bottom[path]
        place = self._turned(Rectangle(left, top, right - left, bottom - top))
        start = place.x + 12
        badge = badge_box = None
        room = place.width - 24
        if container.badge is not None:
            run = Run(container.badge.text, bold=True)
            wide = font.width_of((run,), _TITLE) + 12
            badge_box = Rectangle(place.right - 12 - wide, place.y - 8, wide, 16)
            badge = Line((run,), _TITLE, Point(badge_box.centre.x, round(place.y + _TITLE * 0.36, 2)))
            room -= wide + 8
        name = Run(font.shortened(container.name or container.block, _TITLE, room - 8, bold=True), bold=True)
        runs: tuple[Run, ...] = (name,)
        if container.block and container.name and container.block != container.name:
            more = (name, Run(f" {container.block}", quiet=True))
            # What is said besides stays clear of the arrow that comes in at the middle of the first column.
            first = plan.centres[extent.left] - left - 24 if plan.runs_down else room
            runs = more if font.width_of(more, _TITLE) <= min(room - 8, first) else runs
        line = Line(runs, _TITLE, Point(start, round(place.y + _TITLE * 0.36, 2)), starts=True)
        wide = font.width_of(runs, _TITLE)
        halo = Rectangle(start - 4, place.y - 6, wide + 8 if wide else 0, 12)
        return Frame(
            container.identity,
            place,
            line,
            halo,
            container.tip,
            badge,
            badge_box,
            container.in_training_only,
            container.is_highlighted,
        )

    def edges(self) -> Iterator[Edge]:
        """The arrows from card to card; those through a fork begin with the way to it."""
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
            source = self.plan.contents[link.source if before is None else before.link.source]
            target = self.plan.contents[link.target]
            training = source.item.in_training_only or target.item.in_training_only
            turned = (point if self.plan.runs_down else point[::-1] for point in (*first, *self._points(route)))
            points = tuple(Point(round(self.x + x, 2), round(self.y + y, 2)) for x, y in turned)
            yield Edge(
                source.bands[-1].identity,
                target.bands[0].identity,
                points,
                skips=route.skips,
                in_training_only=training,
            )

    def _points(self, route: Route) -> list[tuple[float, float]]:
        """The corners of a route, as if the model ran down."""
        plan, source, target = self.plan, route.link.source, route.link.target
        start, end = self._rectangle(source), self._rectangle(target)
        first, last = plan.grid.cells[source].row, plan.grid.cells[target].row - 1
        arrival = end.centre.x + route.port
        upper_end = end.y
        if target in plan.contents and plan.contents[target].is_round:
            across, along = end.width / 2, end.height / 2
            rounding = min(across, along, ROUNDING)
            beside = max(abs(route.port) - (across - rounding), 0)
            upper_end = end.centre.y - (along - rounding) - sqrt(max(rounding**2 - beside**2, 0))
        corners: list[tuple[float, float]]
        stop = (arrival, upper_end)
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
            begin, _ = plan.lanes[route.lane.group, route.lane.column]
            side = plan.right_of(route.lane.column) + begin + 8 * route.lane.number
            upper = self._track(first, source, source)
            if route.enters_side:
                corners = [(start.centre.x, upper), (side, upper), (side, end.centre.y)]
                stop = (end.right, end.centre.y)
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
