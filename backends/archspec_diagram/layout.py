"""The layout: from a view to a chart with every place in it.

An engine says where boxes, labels and frames are, and how arrows run; what they say, and what stands around them, is
told here.
"""

from __future__ import annotations

from math import ceil
from typing import Final

from archspec.drawing import Drawing, Engine
from archspec_diagram import font, wording
from archspec_diagram.chart import Chart, Edge, Frame, Pill
from archspec_diagram.content import SHAPE, contents_of, shapes_of
from archspec_diagram.furniture import headings_of, legend_of
from archspec_diagram.picture import Line, Point, Rectangle, Run
from archspec_diagram.places import Border
from archspec_diagram.view import Container, View

MARGIN: Final = 24
_TITLE: Final = 9.5


def layout(view: View, drawing: Drawing, spacing: float = 1.0) -> Chart:
    contents, shapes = contents_of(view, drawing.label), shapes_of(view, drawing.label)
    labels = {key: ceil((font.width(text, SHAPE) + 16) / 8) * 8 for key, text in shapes.items()}
    if drawing.layout is Engine.DOT:
        from archspec_diagram.dot_layout import dot_places

        places = dot_places(view.structure, contents, labels, drawing.direction, spacing)
    else:
        from archspec_diagram.plan import own_places

        says_more = any(each.badge or each.is_highlighted for each in view.containers.values())
        direction = drawing.direction
        places = own_places(view.structure, contents, labels, direction, spacing, frames_say_more=says_more)

    headings, below = headings_of(view.graph, drawing.variant, MARGIN, max(places.width, 240))
    legend_top = below + 8 + places.height + 24
    families = {band.family: None for content in contents.values() for band in content.bands if band.family is not None}
    wide = max(places.width, *(line.at.x - MARGIN + font.width_of(line.runs, line.size) for line in headings))
    legend, bottom = legend_of(tuple(families), MARGIN, legend_top, max(wide, 240))
    right = max(
        [MARGIN + wide, *(entry.line.at.x + font.width_of(entry.line.runs, entry.line.size) for entry in legend)]
    )
    width = ceil((right + MARGIN) / 8) * 8
    left, top = (width - places.width) / 2, below + 8

    def at(place: Rectangle) -> Rectangle:
        return Rectangle(left + place.x, top + place.y, place.width, place.height)

    edges = []
    for course in places.courses:
        source, target = contents[course.source], contents[course.target]
        points = tuple(Point(round(left + x, 2), round(top + y, 2)) for x, y in course.points)
        training = source.item.in_training_only or target.item.in_training_only
        ends = source.bands[-1].identity, target.bands[0].identity
        letters = wording.letters(target.item) if drawing.label is None else ()
        letter = letters[course.input] if letters else ""
        edges.append(Edge(*ends, points, course.skips, training, letter))
    keys, groups = view.structure.keys, view.structure.groups
    borders = {path: places.borders[path] for path in groups if path in places.borders}
    return Chart(
        width=width,
        height=ceil((bottom + MARGIN) / 8) * 8,
        name=wording.clean(view.graph.name),
        description=wording.description(view.graph),
        headings=headings,
        cards=tuple(card for key in keys for card in contents[key].at(at(places.boxes[key]))),
        frames=tuple(
            _frame(view.containers[path], Border(at(border.rectangle), border.clear))
            for path, border in borders.items()
        ),
        edges=tuple(edges),
        pills=tuple(
            _pill(view.items[key].identity, shapes[key], at(places.labels[key])) for key in keys if key in shapes
        ),
        legend=legend,
    )


def _pill(source: str, shape: str, place: Rectangle) -> Pill:
    at = Point(place.centre.x, round(place.centre.y + SHAPE * 0.36, 2))
    return Pill(source, place, Line((Run(shape),), SHAPE, at))


def _frame(container: Container, border: Border) -> Frame:
    place = border.rectangle
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
        # What is said besides stays clear of arrows.
        runs = more if font.width_of(more, _TITLE) <= min(room - 8, border.clear - 24) else runs
    line = Line(runs, _TITLE, Point(start, round(place.y + _TITLE * 0.36, 2)), starts=True)
    wide = font.width_of(runs, _TITLE)
    return Frame(
        container.identity,
        place,
        line,
        Rectangle(start - 4, place.y - 6, wide + 8 if wide else 0, 12),
        container.tip,
        badge,
        badge_box,
        container.in_training_only,
        container.is_highlighted,
    )
