"""From a chart, which has places, to a picture, which has colours too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archspec_diagram.arrow import HEAD, arrow, behind
from archspec_diagram.chart import ROUNDING, STACKED, Card, Chart, Edge, Entry, Form, Frame, Pill
from archspec_diagram.picture import Box, Line, Mark, Paint, Part, Picture, Point, Polyline, Rectangle, Run, Text
from archspec_diagram.theme import Theme

_DASH: Final = (4.0, 3.0)
"""Of what there is in training alone."""


_LETTER: Final = 8.0
"""Of what a formula calls its inputs."""


def painted(chart: Chart, theme: Theme) -> Picture:
    return Picture(
        width=chart.width,
        height=chart.height,
        name=chart.name,
        description=chart.description,
        paper=theme.paper,
        quiet=theme.quiet,
        font=theme.font,
        marks=tuple(_marks(chart, theme)),
    )


def _marks(chart: Chart, theme: Theme) -> Iterator[Mark]:
    for frame in chart.frames:
        stroke = theme.highlight if frame.is_highlighted else theme.frame
        dash = _DASH if frame.in_training_only else ()
        yield Box(frame.rectangle, Paint(stroke=stroke, width=2 if frame.is_highlighted else 1, dash=dash), 6)
    # The copies behind a card are behind the arrow to it too.
    for card in chart.cards:
        if card.stacks:
            yield from _copies(card, theme)
    # Skips come first, so that where lines meet the straight way is on top.
    for edge, points in sorted(ways(chart), key=lambda way: not way[0].skips):
        yield from _edge(edge, points, theme)
    for pill in chart.pills:
        yield from _pill(pill, theme)
    for card in chart.cards:
        yield _card(card, theme)
    for frame in chart.frames:
        yield Part(frame.identity, "group", frame.tip, tuple(_title(frame, theme)))
    for line in chart.headings:
        yield Text(line, theme.ink)
    for entry in chart.legend:
        yield from _entry(entry, theme)


def _title(frame: Frame, theme: Theme) -> Iterator[Mark]:
    if frame.title.text:
        yield Box(frame.halo, Paint(theme.paper))
        yield Text(frame.title, theme.ink)
    if frame.badge is not None and frame.badge_box is not None:
        yield Box(frame.badge_box, Paint(theme.paper, theme.line), 8)
        yield Text(frame.badge, theme.ink)


def ways(chart: Chart) -> Iterator[tuple[Edge, tuple[Point, ...]]]:
    """The arrows, the straight ones first, each from where it leaves those of the same value before it: a line that is
    drawn twice is darker than others, or of two colours."""
    drawn: dict[tuple[str, Point], list[tuple[Point, ...]]] = {}
    for edge in sorted(chart.edges, key=lambda edge: (edge.skips, edge.in_training_only)):
        before = drawn.setdefault((edge.source, edge.points[0]), [])
        yield edge, behind(edge.points, before)
        before.append(edge.points)


def _edge(edge: Edge, points: tuple[Point, ...], theme: Theme) -> Iterator[Mark]:
    yield from arrow(points, theme.skip if edge.skips else theme.line, _DASH if edge.in_training_only else ())
    if edge.letter:
        yield Text(letter_of(edge), theme.quiet)


def letter_of(edge: Edge) -> Line:
    """The letter beside the head of an arrow: on its right, or above one that runs level."""
    before, tip = edge.points[-2:]
    beside = Point(tip.x + HEAD / 2 + 2, tip.y - 4 if before.y < tip.y else tip.y + 10)
    if before.y == tip.y:
        # The next line that crosses it may be close behind the head.
        beside = Point(tip.x + (5 if before.x > tip.x else -10), tip.y - 4)
    return Line((Run(edge.letter),), _LETTER, beside, starts=True)


def _pill(pill: Pill, theme: Theme) -> Iterator[Mark]:
    yield Box(pill.rectangle, Paint(theme.paper, theme.pill, 0.8), pill.rectangle.height / 2)
    yield Text(pill.line, theme.quiet)


def _outline(card: Card, theme: Theme) -> tuple[Paint, float]:
    """The colours of a card, and how round it is."""
    paint, place = theme.colour(card.family), card.rectangle
    rounding = {Form.LAYER: 4.0, Form.BAR: 3.0, Form.FOLDED: 4.0}.get(
        card.form, min(place.height / 2, place.width / 2, ROUNDING)
    )
    return Paint(paint.fill, paint.stroke, dash=_DASH if card.in_training_only else ()), rounding


def _copies(card: Card, theme: Theme) -> Iterator[Mark]:
    """Two more cards behind one, since it stands for several."""
    box, rounding = _outline(card, theme)
    place = card.rectangle
    for away in (STACKED, STACKED / 2):
        yield Box(Rectangle(place.x + away, place.y - away, place.width, place.height), box, rounding)


def _card(card: Card, theme: Theme) -> Part:
    paint, place = theme.colour(card.family), card.rectangle
    box, rounding = _outline(card, theme)
    marks: list[Mark] = []
    if card.is_highlighted:
        ring = Rectangle(place.x - 2, place.y - 2, place.width + 4, place.height + 4)
        marks.append(Box(ring, Paint(theme.highlight), rounding + 2))
    marks.append(Box(place, box, rounding))
    if card.form is Form.FOLDED:
        # As in flowcharts, the lines at the sides say that there is more inside.
        for x in (place.x + 5, place.right - 5):
            marks.append(Polyline((Point(x, place.y), Point(x, place.bottom)), Paint(stroke=paint.stroke, width=0.8)))
    marks += [Text(line, paint.text) for line in card.lines]
    return Part(card.identity, card.form.value, card.tip, tuple(marks))


def _entry(entry: Entry, theme: Theme) -> Iterator[Mark]:
    paint = theme.colour(entry.family)
    yield Box(entry.swatch, Paint(paint.fill, paint.stroke), 2)
    yield Text(entry.line, theme.quiet)
