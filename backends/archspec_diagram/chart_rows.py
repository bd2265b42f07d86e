"""Charts that run to the right in rows: what is wider than a page is cut where one arrow alone leads on.

Nothing is cut that an arrow passes by: where values go side by side to the end, a row stays a row; the arrows of one
value, which part behind the cut, are one there. Of groups, only
those are cut that are wider than a page by themselves; each part has a frame of its own, and the first has the name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import ceil
from typing import Final, final

from msgspec.structs import replace

from archspec_diagram import font
from archspec_diagram.chart import Card, Chart, Edge, Frame, Pill
from archspec_diagram.furniture import legend_of
from archspec_diagram.picture import Line, Point, Rectangle
from archspec_diagram.rows import BETWEEN, FITTING, PAGE

_MARGIN: Final = 24.0

_ALONE: Final = 1.12
"""So many times as wide as what cannot be cut may a row be, so that the little before it need not stand alone."""

_GAIN: Final = 0.88
"""A chart is left as it is if the widest row would still be so wide a part of it."""

_BELOW: Final = 22.0
"""How far below the name the first row is."""

_PADDING: Final = 8.0
"""Between the frame around a part of a group and what is in it."""

_NAME: Final = 8.0
"""How much more room there is at the upper edge of such a frame."""

_LANE: Final = 14.0
"""How far beside the rows the line from one to the next is."""


def in_rows(chart: Chart) -> Chart:
    """The chart as it is, or, where it is too wide and can be cut, in rows."""
    if chart.width <= FITTING * PAGE:
        return chart
    cuts = dict(_cuts(chart))  # An arrow is cut once at most, since what it leads over is no gap.
    places = [0.0, *cuts.values(), chart.width]
    widest = max(end - start for start, end in pairwise(places))
    limit = max(FITTING * PAGE - 2 * (_MARGIN + _LANE), _ALONE * widest)
    # As much is in a row as there is room for.
    chosen: dict[Edge, float] = {}
    starts = [0.0]
    for (edges, place), after in zip(cuts.items(), places[2:], strict=True):
        if after - starts[-1] > limit:
            chosen |= dict.fromkeys(edges, place)
            starts.append(place)
    if max(end - start for start, end in pairwise([*starts, chart.width])) > _GAIN * chart.width:
        return chart
    frames = tuple(part for frame in chart.frames for part in _parts(frame, chart, starts))
    return _Rows(replace(chart, frames=frames), chosen, starts).placed()


def _is_cut(frame: Frame) -> bool:
    return frame.rectangle.width > PAGE and frame.badge is None


def _boxes(chart: Chart, frames: Iterable[Frame]) -> list[Rectangle]:
    cards = [card.rectangle for card in chart.cards]
    return cards + [frame.rectangle for frame in frames] + [pill.rectangle for pill in chart.pills]


def _row(starts: Sequence[float], x: float) -> int:
    return sum(start <= x for start in starts) - 1


def _parts(frame: Frame, chart: Chart, starts: Sequence[float]) -> Iterator[Frame]:
    """The frame, or the frames around those parts of it that are in a row each."""
    place = frame.rectangle
    whole = [each for each in chart.frames if not _is_cut(each)]
    rows: dict[int, list[Rectangle]] = {}
    for box in _boxes(chart, whole):
        if place.contains(box):
            rows.setdefault(_row(starts, box.x), []).append(box)
    if not _is_cut(frame) or len(rows) < 2:
        yield frame
        return
    inner = sum(_is_cut(each) and each is not frame and place.contains(each.rectangle) for each in chart.frames)
    room = _PADDING * (inner + 1)
    for number, (row, boxes) in enumerate(sorted(rows.items())):
        left = place.x if number == 0 else max(min(box.x for box in boxes) - room, starts[row])
        right = place.right if number == len(rows) - 1 else max(box.right for box in boxes) + room
        # Lanes of skips are inside too, and the name is above.
        lanes = [
            point.y
            for edge in chart.edges
            for point in edge.points
            if left < point.x < right and _row(starts, point.x) == row
        ]
        top = max(min([box.y for box in boxes] + lanes) - room - _NAME, place.y)
        bottom = min(max([box.bottom for box in boxes] + lanes) + room, place.bottom)
        part = replace(frame, rectangle=Rectangle(left, top, right - left, bottom - top))
        if number == 0:
            title, halo = frame.title, frame.halo
            at = Point(title.at.x, title.at.y + top - place.y)
            halo = Rectangle(halo.x, halo.y + top - place.y, halo.width, halo.height)
            yield replace(part, title=replace(title, at=at), halo=halo)
            continue
        title = replace(frame.title, runs=(), at=Point(left, top))
        yield replace(part, identity=f"{frame.identity}.row{row}", title=title, halo=Rectangle(left, top, 0, 0))


def _cuts(chart: Chart) -> Iterator[tuple[tuple[Edge, ...], float]]:
    """The arrows of one value that lead on alone, each with the place where the row may be cut."""
    gaps: list[tuple[float, float]] = []
    end: float | None = None
    whole = [frame for frame in chart.frames if not _is_cut(frame)]
    for box in sorted(_boxes(chart, whole), key=lambda box: box.x):
        if end is not None and box.x > end:
            gaps.append((end, box.x))
        end = box.right if end is None else max(end, box.right)
    for left, right in gaps:
        place = min(left + 1, (left + right) / 2)  # Whatever begins behind it belongs to what comes next.
        over = [edge for edge in chart.edges if edge.points[0].x < place < edge.points[-1].x]
        beside = [edge for edge in chart.edges if any(_passes(pair, place) for pair in pairwise(edge.points))]
        levels = {(edge.source, _height(edge, place)) for edge in over}
        if beside == over and len(levels) == 1 and None not in next(iter(levels)):
            yield tuple(over), place


def _passes(pair: tuple[Point, Point], place: float) -> bool:
    return min(pair[0].x, pair[1].x) <= place <= max(pair[0].x, pair[1].x)


def _height(edge: Edge, place: float) -> float | None:
    """How high an arrow is where the row is cut, if it passes there once, and runs across."""
    passing = [pair for pair in pairwise(edge.points) if _passes(pair, place)]
    return passing[0][0].y if len(passing) == 1 and passing[0][0].y == passing[0][1].y else None


@final
class _Rows:
    """The rows of a chart that is cut at some arrows."""

    def __init__(self, chart: Chart, places: Mapping[Edge, float], starts: Sequence[float]) -> None:
        self.chart, self.places, self.starts = chart, places, starts
        left = [
            min(box.x for box in _boxes(chart, chart.frames) if _row(self.starts, box.x) == row)
            for row in range(len(starts))
        ]
        # All rows begin behind the line that leads to them from the left.
        self.across = [_MARGIN + _LANE - each for each in left]
        self.down = self._downs()
        self.right = (
            max(box.right + self.across[_row(self.starts, box.x)] for box in _boxes(chart, chart.frames)) + _LANE
        )
        edges = (point.x + self.across[row] for row, point in self._points())
        self.right = max([self.right, *edges])

    def _points(self) -> Iterator[tuple[int, Point]]:
        """The corners of arrows, with the rows that they are in."""
        for edge in self.chart.edges:
            for point in edge.points:
                yield _row(self.starts, point.x), point

    def _downs(self) -> list[float]:
        tops, bottoms = [[0.0] * len(self.starts) for _ in range(2)]
        for row in range(len(self.starts)):
            boxes = [box for box in _boxes(self.chart, self.chart.frames) if _row(self.starts, box.x) == row]
            heights = [point.y for number, point in self._points() if number == row]
            tops[row] = min([box.y for box in boxes] + heights)
            bottoms[row] = max([box.bottom for box in boxes] + heights)
        # The first row is right below the name, whatever had room above it in rows that are elsewhere now.
        downs = [max(line.at.y for line in self.chart.headings) + _BELOW - tops[0]]
        for row in range(1, len(self.starts)):
            downs.append(downs[-1] + bottoms[row - 1] - tops[row] + 2 * BETWEEN)
        self.betweens = [downs[row] + bottoms[row] + BETWEEN for row in range(len(self.starts))]
        return downs

    def placed(self) -> Chart:
        chart = self.chart
        families = tuple(entry.family for entry in chart.legend)
        lowest = self.betweens[-1] - BETWEEN
        legend, bottom = legend_of(families, _MARGIN, lowest + 24, self.right - _MARGIN)
        lines = [*chart.headings, *(entry.line for entry in legend)]
        ends = (line.at.x + font.width_of(line.runs, line.size) for line in lines)
        return replace(
            chart,
            width=ceil((max(self.right, *ends) + _MARGIN) / 8) * 8,
            height=ceil((bottom + _MARGIN) / 8) * 8,
            cards=tuple(map(self._card, chart.cards)),
            frames=tuple(map(self._frame, chart.frames)),
            edges=tuple(map(self._edge, chart.edges)),
            pills=tuple(map(self._pill, chart.pills)),
            legend=legend,
        )

    def _point(self, point: Point, row: int) -> Point:
        return Point(point.x + self.across[row], point.y + self.down[row])

    def _box(self, box: Rectangle, row: int) -> Rectangle:
        return Rectangle(*self._point(Point(box.x, box.y), row), box.width, box.height)

    def _line(self, line: Line, row: int) -> Line:
        return replace(line, at=self._point(line.at, row))

    def _card(self, card: Card) -> Card:
        row = _row(self.starts, card.rectangle.x)
        lines = tuple(self._line(line, row) for line in card.lines)
        return replace(card, rectangle=self._box(card.rectangle, row), lines=lines)

    def _pill(self, pill: Pill) -> Pill:
        row = _row(self.starts, pill.rectangle.x)
        return replace(pill, rectangle=self._box(pill.rectangle, row), line=self._line(pill.line, row))

    def _frame(self, frame: Frame) -> Frame:
        row = _row(self.starts, frame.rectangle.x)
        return replace(
            frame,
            rectangle=self._box(frame.rectangle, row),
            title=self._line(frame.title, row),
            halo=self._box(frame.halo, row),
            badge=None if frame.badge is None else self._line(frame.badge, row),
            badge_box=None if frame.badge_box is None else self._box(frame.badge_box, row),
        )

    def _edge(self, edge: Edge) -> Edge:
        place = self.places.get(edge)
        if place is None:
            row = _row(self.starts, edge.points[0].x)
            return replace(edge, points=tuple(self._point(point, row) for point in edge.points))
        # It leads around to the next row.
        row = _row(self.starts, edge.points[0].x)
        height = _height(edge, place) or 0.0
        first, then = self._point(Point(place, height), row).y, self._point(Point(place, height), row + 1).y
        way = (
            Point(self.right, first),
            Point(self.right, self.betweens[row]),
            Point(_MARGIN, self.betweens[row]),
            Point(_MARGIN, then),
        )
        before = (self._point(point, row) for point in edge.points if point.x < place)
        after = (self._point(point, row + 1) for point in edge.points if point.x > place)
        return replace(edge, points=(*before, *way, *after))
