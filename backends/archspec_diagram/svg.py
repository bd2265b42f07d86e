"""Pictures as SVG: plain elements with plain attributes, since what turns SVG into PNG and PDF knows little else.

For pages there are classes beside them, by which a stylesheet can change colours, as the one that is put in does where
a reader prefers dark pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from archspec_diagram.picture import (
    Box,
    Curve,
    Ellipse,
    Ink,
    Mark,
    Paint,
    Part,
    Picture,
    Point,
    Polygon,
    Polyline,
    Rectangle,
    Text,
    inks,
)

_ROOT: Final = "archspec"
"""The class of the whole, so that the styles of one picture in a page touch nothing else there."""


def svg(picture: Picture, *, plain: bool = False) -> str:
    """The picture as text; a plain one has no classes and styles, and is what other formats are made of."""
    return "\n".join(_Writer(picture, plain).document()) + "\n"


class _Writer:
    def __init__(self, picture: Picture, plain: bool) -> None:
        self.picture, self.plain = picture, plain

    def document(self) -> Iterator[str]:
        picture = self.picture
        width, height = number(picture.width), number(picture.height)
        box = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        names = "" if self.plain else f' class="{_ROOT}"'
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" {box}{names} role="img" '
            f'aria-labelledby="title description" font-family={quoteattr(picture.font)}>'
        )
        yield f'<title id="title">{escape(picture.name)}</title>'
        yield f'<desc id="description">{escape(picture.description)}</desc>'
        if not self.plain:
            yield from self._styles()
        sheet = Rectangle(0, 0, picture.width, picture.height)
        yield from self._mark(Box(sheet, Paint(picture.paper)))
        for mark in picture.marks:
            yield from self._mark(mark)
        yield "</svg>"

    def _styles(self) -> Iterator[str]:
        """The colours on dark paper, by the classes that say which colour a thing has."""
        yield "<style>@media (prefers-color-scheme: dark) {"
        for name, ink in sorted(inks(self.picture).items()):
            yield f".{_ROOT} .fill-{name} {{ fill: {ink.dark}; }} .{_ROOT} .stroke-{name} {{ stroke: {ink.dark}; }}"
        yield "}</style>"

    def _mark(self, mark: Mark) -> Iterator[str]:
        match mark:
            case Part():
                names = "" if self.plain else f" class={quoteattr(mark.kind)}"
                yield f"<g id={quoteattr(mark.identity)}{names}>"
                if mark.tip:
                    yield f"<title>{escape(mark.tip)}</title>"
                for each in mark.marks:
                    yield from self._mark(each)
                yield "</g>"
            case Text():
                yield self._text(mark)
            case Box():
                round_ = f' rx="{number(mark.rounding)}"' if mark.rounding else ""
                yield f"<rect {_place(mark.rectangle)}{round_} {self._paint(mark.paint)}/>"
            case Ellipse():
                centre = f'cx="{number(mark.centre.x)}" cy="{number(mark.centre.y)}"'
                radii = f'rx="{number(mark.across)}" ry="{number(mark.down)}"'
                yield f"<ellipse {centre} {radii} {self._paint(mark.paint)}/>"
            case Polygon():
                yield f'<polygon points="{_points(mark.points)}" {self._paint(mark.paint)}/>'
            case Polyline():
                yield f'<polyline points="{_points(mark.points)}" {self._paint(mark.paint)}/>'
            case Curve():
                start, *rest = mark.points
                yield f'<path d="M{_points((start,))} C{_points(tuple(rest))}" {self._paint(mark.paint)}/>'

    def _paint(self, paint: Paint) -> str:
        said = [f'fill="{paint.fill.light if paint.fill else "none"}"']
        if paint.stroke is not None:
            said.append(f'stroke="{paint.stroke.light}" stroke-width="{number(paint.width)}"')
        if paint.dash:
            said.append(f'stroke-dasharray="{" ".join(map(number, paint.dash))}"')
        return " ".join(said) + self._classes(paint.fill, paint.stroke)

    def _classes(self, fill: Ink | None, stroke: Ink | None = None) -> str:
        names = [f"fill-{fill.name}"] if fill else []
        names += [f"stroke-{stroke.name}"] if stroke else []
        return "" if self.plain or not names else f' class="{" ".join(names)}"'

    def _text(self, text: Text) -> str:
        line, at = text.line, text.line.at
        anchor = "start" if line.starts else "middle"
        spans = []
        for run in line.runs:
            weight = ' font-weight="bold"' if run.bold else ""
            quiet = self.picture.quiet
            paint = f' fill="{quiet.light}"{self._classes(quiet)}' if run.quiet else ""
            said = escape(run.text)
            spans.append(f"<tspan{weight}{paint}>{said}</tspan>" if weight or paint else said)
        place = f'x="{number(at.x)}" y="{number(at.y)}" font-size="{number(line.size)}"'
        turn = f' transform="rotate({number(text.turned)} {number(at.x)} {number(at.y)})"' if text.turned else ""
        ink = f'fill="{text.ink.light}"{self._classes(text.ink)}'
        return f'<text {place}{turn} text-anchor="{anchor}" {ink}>{"".join(spans)}</text>'


def _place(rectangle: Rectangle) -> str:
    return (
        f'x="{number(rectangle.x)}" y="{number(rectangle.y)}" '
        f'width="{number(rectangle.width)}" height="{number(rectangle.height)}"'
    )


def _points(points: tuple[Point, ...]) -> str:
    return " ".join(f"{number(point.x)},{number(point.y)}" for point in points)


def number(value: float) -> str:
    """At most two digits behind the point, and none where there is nothing to say."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
