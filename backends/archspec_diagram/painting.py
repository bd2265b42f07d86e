"""From a chart, which has places, to a picture, which has colours too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from archspec_diagram.arrow import arrow
from archspec_diagram.chart import ROUNDING, Card, Chart, Edge, Entry, Form, Frame, Pill
from archspec_diagram.picture import Box, Mark, Paint, Part, Picture, Point, Polyline, Rectangle, Text
from archspec_diagram.theme import Theme

_DASH: Final = (4.0, 3.0)
"""Of what there is in training alone."""


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
    for edge in sorted(chart.edges, key=lambda edge: not edge.skips):
        yield from _edge(edge, theme)
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


def _edge(edge: Edge, theme: Theme) -> Iterator[Mark]:
    return arrow(edge.points, theme.skip if edge.skips else theme.line, _DASH if edge.in_training_only else ())


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
    for away in (6, 3):
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
