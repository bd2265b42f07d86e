"""The layout: from a graph to a picture with every place in it.

Rows, columns and ways come from `grid` and `route`; here each gets its length. Between two rows there is room, from
top to bottom, for the shapes of the values that start there, the lower edges of groups, the tracks of edges, the upper
edges of groups with their titles, and the arrowheads.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Final, final

from archspec.graph import Graph, Path
from archspec_diagram import font, wording
from archspec_diagram.content import SHAPE, Content, contents_of, shapes_of
from archspec_diagram.furniture import headings_of, legend_of
from archspec_diagram.grid import Grid, grid_of
from archspec_diagram.picture import Box, Edge, Frame, Line, Picture, Pill, Point, Rectangle, Run
from archspec_diagram.route import Route, Routes, Way, routes_of
from archspec_diagram.structure import Key, Kind, structure_of

MARGIN: Final = 24
_NARROWEST: Final = 144
"""Boxes are at least this wide, so that a chain of short names has the proportions of a chain."""

_BESIDE: Final = 16
"""Between a box and the frame around it, or a lane beside it."""

_ARROW: Final = 12
_PILL: Final = 16
_TITLE: Final = 9.5


def layout(graph: Graph) -> Picture:
    structure = structure_of(graph)
    grid = grid_of(structure)
    routes = routes_of(structure, grid)
    contents = contents_of(graph)
    shapes = shapes_of(graph)
    plan = _Plan(grid, routes, contents, shapes)

    headings, below = headings_of(graph, MARGIN, max(plan.width, 240))
    legend_top = below + 8 + plan.height + 24
    families = {content.family: None for content in contents.values() if content.family is not None}
    wide = max(plan.width, *(line.at.x - MARGIN + font.width_of(line.runs, line.size) for line in headings))
    legend, bottom = legend_of(tuple(families), MARGIN, legend_top, max(wide, 240))
    right = max(
        [MARGIN + wide, *(entry.line.at.x + font.width_of(entry.line.runs, entry.line.size) for entry in legend)]
    )
    width = ceil((right + MARGIN) / 8) * 8
    placed = _Placed(plan, (width - plan.width) / 2, below + 8)
    return Picture(
        width=width,
        height=ceil((bottom + MARGIN) / 8) * 8,
        name=wording.clean(graph.name),
        description=wording.description(graph),
        headings=headings,
        boxes=tuple(placed.box(key) for key in structure.keys),
        frames=tuple(placed.frame(path) for path in structure.groups),
        edges=tuple(placed.edge(route) for route in routes.all),
        pills=tuple(placed.pill(key) for key in structure.keys if key in shapes),
        legend=legend,
    )


@final
class _Plan:
    """The lengths of columns, gutters, rows and channels, counted from the upper left corner of the layers."""

    def __init__(self, grid: Grid, routes: Routes, contents: Mapping[Key, Content], shapes: Mapping[Key, str]) -> None:
        self.grid, self.routes, self.contents, self.shapes = grid, routes, contents, shapes
        self._measure_columns()
        self._nest()
        self._place_columns()
        self._place_rows()

    def _measure_columns(self) -> None:
        whole = self.grid.extents[()]
        self.columns, self.rows = range(whole.right + 1), range(whole.bottom + 1)
        self.pills = {key: ceil((font.width(text, SHAPE) + 16) / 8) * 8 for key, text in self.shapes.items()}
        self.widths = {key: content.width for key, content in self.contents.items()}
        for route in self.routes.all:
            target = route.link.target
            self.widths[target] = max(self.widths[target], 2 * abs(route.port) + 24)
        stretched = [0.0 for _ in self.columns]
        self.column_widths = [0.0 for _ in self.columns]
        for key, cell in self.grid.cells.items():
            if self.contents[key].stretches:
                stretched[cell.column] = max(stretched[cell.column], self.widths[key], _NARROWEST)
        for key, cell in self.grid.cells.items():
            if self.contents[key].stretches:
                self.widths[key] = stretched[cell.column]
            needed = max(self.widths[key], self.pills.get(key, 0))
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
            self.left[path] = _BESIDE + max((self.left[i] for i in inner if extents[i].left == own.left), default=0)
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
            x += _BESIDE * 2

    def right_of(self, column: int) -> float:
        return self.centres[column] + self.column_widths[column] / 2

    def _place_rows(self) -> None:
        groups = {path: extent for path, extent in self.grid.extents.items() if path}
        heights = [0.0 for _ in self.rows]
        said = [False for _ in self.rows]
        for key, cell in self.grid.cells.items():
            heights[cell.row] = max(heights[cell.row], self.contents[key].height)
            said[cell.row] = said[cell.row] or key in self.shapes
        self.middles: list[float] = []
        self.tops: list[float] = []
        self.bottoms: list[float] = []
        self.first_tracks: dict[int, float] = {}
        self.ends: dict[int, float] = {}
        y = 0.0
        for row in self.rows:
            starting = max((self.top[path] for path, extent in groups.items() if extent.top == row), default=0)
            ending = max((self.bottom[path] for path, extent in groups.items() if extent.bottom == row), default=0)
            tracks = self.routes.track_counts.get(row, 0)
            y += 16 * starting
            self.tops.append(y)
            self.middles.append(y + heights[row] / 2)
            y += heights[row]
            self.bottoms.append(y)
            y += 4 + _PILL if said[row] else 0
            self.ends[row] = y
            y += 8 * ending
            self.first_tracks[row] = y + 8
            y += 8 * tracks
            last = y
            # A title needs eight pixels above the edge on which it stands.
            after = any(extent.top == row + 1 for extent in groups.values())
            y += 8 if after else _ARROW
        self.height = last


@final
class _Placed:
    """A plan at its place in the picture."""

    def __init__(self, plan: _Plan, left: float, top: float) -> None:
        self.plan, self.x, self.y = plan, left, top

    def _rectangle(self, key: Key) -> Rectangle:
        cell, plan = self.plan.grid.cells[key], self.plan
        width, height = plan.widths[key], plan.contents[key].height
        centre = self.x + plan.centres[cell.column]
        return Rectangle(centre - width / 2, self.y + plan.middles[cell.row] - height / 2, width, height)

    def box(self, key: Key) -> Box:
        return self.plan.contents[key].at(key, self._rectangle(key))

    def pill(self, key: Key) -> Pill:
        cell, width = self.plan.grid.cells[key], self.plan.pills[key]
        centre, top = self.x + self.plan.centres[cell.column], self.y + self.plan.bottoms[cell.row] + 4
        at = Point(centre, round(top + _PILL / 2 + SHAPE * 0.36, 2))
        line = Line((Run(self.plan.shapes[key]),), SHAPE, at)
        return Pill(key.identity, Rectangle(centre - width / 2, top, width, _PILL), line)

    def frame(self, path: Path) -> Frame:
        plan, extent = self.plan, self.plan.grid.extents[path]
        left = plan.centres[extent.left] - plan.column_widths[extent.left] / 2 - plan.left[path]
        right = plan.right_of(extent.right) + plan.right[path]
        top = plan.tops[extent.top] - 16 * plan.top[path]
        bottom = plan.ends[extent.bottom] + 8 * plan.bottom[path]
        rectangle = Rectangle(self.x + left, self.y + top, right - left, bottom - top)
        name = wording.clean(path[-1])
        run = Run(font.shortened(name, _TITLE, rectangle.width - 32, bold=True), bold=True)
        start = rectangle.x + 12
        line = Line((run,), _TITLE, Point(start, round(rectangle.y + _TITLE * 0.36, 2)), starts=True)
        halo = Rectangle(start - 4, rectangle.y - 6, font.width_of((run,), _TITLE) + 8, 12)
        return Frame(Key(Kind.GROUP, path).identity, rectangle, line, halo, wording.clean(".".join(path)))

    def edge(self, route: Route) -> Edge:
        plan, source, target = self.plan, route.link.source, route.link.target
        start, end = self._rectangle(source), self._rectangle(target)
        first, last = plan.grid.cells[source].row, plan.grid.cells[target].row - 1
        arrival = end.centre.x + route.port
        if route.way is Way.DOWN:
            corners = []
        elif route.lane is not None:
            begin, _ = plan.lanes[route.lane.group, route.lane.column]
            side = self.x + plan.right_of(route.lane.column) + begin + 8 * route.lane.number
            upper, lower = self._track(first, source), self._track(last, source)
            corners = [(start.centre.x, upper), (side, upper), (side, lower), (arrival, lower)]
        else:
            y = self._track(first if route.way is Way.ACROSS_THEN_DOWN else last, source)
            corners = [(start.centre.x, y), (arrival, y)]
        ends = (start.centre.x, start.bottom), (arrival, end.y)
        points = tuple(Point(*each) for each in (ends[0], *corners, ends[1]))
        return Edge(source.identity, target.identity, points, skips=route.lane is not None)

    def _track(self, channel: int, source: Key) -> float:
        return self.y + self.plan.first_tracks[channel] + 8 * self.plan.routes.tracks[channel, source]
