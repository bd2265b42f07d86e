"""Pictures as SVG: plain elements with plain attributes, since what turns SVG into PNG and PDF knows little else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from archspec_diagram import font
from archspec_diagram.palette import FRAME, INK, LINE, PAPER, PILL, QUIET, SKIP, colour
from archspec_diagram.picture import Box, Edge, Entry, Form, Frame, Line, Picture, Pill, Point, Rectangle

_HEAD: Final = 6.0
"""The length of an arrowhead."""


def svg(picture: Picture) -> str:
    return "\n".join(_document(picture)) + "\n"


def _document(picture: Picture) -> Iterator[str]:
    size = f'width="{_number(picture.width)}" height="{_number(picture.height)}"'
    box = f'viewBox="0 0 {_number(picture.width)} {_number(picture.height)}"'
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} role="img" aria-labelledby="title description" '
        f'font-family="{font.FAMILIES}">'
    )
    yield f'<title id="title">{escape(picture.name)}</title>'
    yield f'<desc id="description">{escape(picture.description)}</desc>'
    yield f'<rect {_place(Rectangle(0, 0, picture.width, picture.height))} fill="{PAPER}"/>'
    for frame in picture.frames:
        yield f'<rect {_place(frame.rectangle)} rx="6" fill="none" stroke="{FRAME}" stroke-width="1"/>'
    # Skips come first, so that where lines meet the straight way is on top.
    for edge in sorted(picture.edges, key=lambda edge: not edge.skips):
        yield from _edge(edge)
    for pill in picture.pills:
        yield from _pill(pill)
    for each in picture.boxes:
        yield from _box(each)
    for frame in picture.frames:
        yield from _title(frame)
    for line in picture.headings:
        yield _text(line, INK)
    for entry in picture.legend:
        yield from _entry(entry)
    yield "</svg>"


def _edge(edge: Edge) -> Iterator[str]:
    stroke = SKIP if edge.skips else LINE
    tip = edge.points[-1]
    shaft = (*edge.points[:-1], Point(tip.x, tip.y - _HEAD + 1))
    yield f'<polyline points="{_points(shaft)}" fill="none" stroke="{stroke}" stroke-width="1.2"/>'
    head = (tip, Point(tip.x - _HEAD / 2, tip.y - _HEAD), Point(tip.x + _HEAD / 2, tip.y - _HEAD))
    yield f'<polygon points="{_points(head)}" fill="{stroke}"/>'


def _pill(pill: Pill) -> Iterator[str]:
    yield (
        f'<rect {_place(pill.rectangle)} rx="{_number(pill.rectangle.height / 2)}" '
        f'fill="{PAPER}" stroke="{PILL}" stroke-width="0.8"/>'
    )
    yield _text(pill.line, QUIET)


def _box(box: Box) -> Iterator[str]:
    paint = colour(box.family)
    rounding = {Form.LAYER: 4.0, Form.BAR: 3.0}.get(box.form, min(box.rectangle.height / 2, 14))
    yield f"<g id={quoteattr(box.identity)}>"
    yield f"<title>{escape(box.tip)}</title>"
    yield (
        f'<rect {_place(box.rectangle)} rx="{_number(rounding)}" '
        f'fill="{paint.fill}" stroke="{paint.stroke}" stroke-width="1"/>'
    )
    for line in box.lines:
        yield _text(line, paint.text)
    yield "</g>"


def _title(frame: Frame) -> Iterator[str]:
    yield f"<g id={quoteattr(frame.identity)}>"
    yield f"<title>{escape(frame.tip)}</title>"
    yield f'<rect {_place(frame.halo)} fill="{PAPER}"/>'
    yield _text(frame.title, QUIET)
    yield "</g>"


def _entry(entry: Entry) -> Iterator[str]:
    paint = colour(entry.family)
    yield f'<rect {_place(entry.swatch)} rx="2" fill="{paint.fill}" stroke="{paint.stroke}" stroke-width="1"/>'
    yield _text(entry.line, QUIET)


def _text(line: Line, ink: str) -> str:
    anchor = "start" if line.starts else "middle"
    spans = []
    for run in line.runs:
        weight = ' font-weight="bold"' if run.bold else ""
        paint = f' fill="{QUIET}"' if run.quiet else ""
        text = escape(run.text)
        spans.append(f"<tspan{weight}{paint}>{text}</tspan>" if weight or paint else text)
    place = f'x="{_number(line.at.x)}" y="{_number(line.at.y)}" font-size="{_number(line.size)}"'
    return f'<text {place} text-anchor="{anchor}" fill="{ink}">{"".join(spans)}</text>'


def _place(rectangle: Rectangle) -> str:
    return (
        f'x="{_number(rectangle.x)}" y="{_number(rectangle.y)}" '
        f'width="{_number(rectangle.width)}" height="{_number(rectangle.height)}"'
    )


def _points(points: tuple[Point, ...]) -> str:
    return " ".join(f"{_number(point.x)},{_number(point.y)}" for point in points)


def _number(value: float) -> str:
    """At most two digits behind the point, and none where there is nothing to say."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
