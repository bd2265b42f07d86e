"""Pictures as PDF of one page: lines stay lines and text stays text, which can be searched and copied."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final, final

from archspec.backend import MissingLibraryError
from archspec_diagram import font
from archspec_diagram.picture import (
    Box,
    Curve,
    Ellipse,
    Mark,
    Paint,
    Part,
    Picture,
    Point,
    Polygon,
    Polyline,
    Rectangle,
    Text,
)

SCALE: Final = 0.75
"""Points for each pixel, where nothing else is asked for: a pixel of a page is three quarters of a point."""

_REGULAR: Final = "Vera"
_BOLD: Final = "VeraBold"


def pdf(picture: Picture, scale: float | None = None) -> bytes:
    files = font.files()
    try:
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFont
        from reportlab.pdfgen.canvas import Canvas
    except ImportError as error:
        raise MissingLibraryError("PDF needs reportlab; install it with `pip install 'archspec-nn[draw]'`") from error
    for name, file in zip((_REGULAR, _BOLD), files, strict=True):
        pdfmetrics.registerFont(TTFont(name, file))
    factor = SCALE if scale is None else scale
    written = BytesIO()
    # `invariant` leaves out the time of day, so that the same picture gives the same bytes.
    canvas = Canvas(written, (picture.width * factor, picture.height * factor), invariant=1, pageCompression=1)
    canvas.setTitle(picture.name)
    canvas.setSubject(picture.description)
    canvas.setCreator("archspec")
    # A page of PDF counts from its lower edge.
    canvas.transform(factor, 0, 0, -factor, 0, picture.height * factor)
    writer = _Writer(canvas, picture)
    writer.mark(Box(Rectangle(0, 0, picture.width, picture.height), Paint(picture.paper)))
    for mark in picture.marks:
        writer.mark(mark)
    canvas.showPage()
    canvas.save()
    return written.getvalue()


@final
class _Writer:
    def __init__(self, canvas: Any, picture: Picture) -> None:
        self.canvas, self.picture = canvas, picture

    def mark(self, mark: Mark) -> None:
        canvas = self.canvas
        match mark:
            case Part():
                for each in mark.marks:
                    self.mark(each)
            case Text():
                self._text(mark)
            case Box():
                place = mark.rectangle
                draws = self._paint(mark.paint)
                rounding = min(mark.rounding, place.width / 2, place.height / 2)
                if rounding:
                    canvas.roundRect(place.x, place.y, place.width, place.height, rounding, **draws)
                else:
                    canvas.rect(place.x, place.y, place.width, place.height, **draws)
            case Ellipse():
                draws = self._paint(mark.paint)
                centre = mark.centre
                canvas.ellipse(
                    centre.x - mark.across, centre.y - mark.down, centre.x + mark.across, centre.y + mark.down, **draws
                )
            case Polygon() | Polyline():
                self._line(mark.points, mark.paint, closes=isinstance(mark, Polygon))
            case Curve():
                draws = self._paint(mark.paint)
                path = canvas.beginPath()
                path.moveTo(*mark.points[0])
                for first in range(1, len(mark.points), 3):
                    one, two, end = mark.points[first : first + 3]
                    path.curveTo(*one, *two, *end)
                canvas.drawPath(path, **draws)

    def _line(self, points: tuple[Point, ...], paint: Paint, *, closes: bool) -> None:
        draws = self._paint(paint)
        path = self.canvas.beginPath()
        path.moveTo(*points[0])
        for point in points[1:]:
            path.lineTo(*point)
        if closes:
            path.close()
        self.canvas.drawPath(path, **draws)

    def _paint(self, paint: Paint) -> dict[str, int]:
        """Take up these colours; gives which of fill and stroke are drawn."""
        if paint.fill is not None:
            self.canvas.setFillColor(paint.fill.light)
        if paint.stroke is not None:
            self.canvas.setStrokeColor(paint.stroke.light)
            self.canvas.setLineWidth(paint.width)
        self.canvas.setDash(list(paint.dash))
        return {"fill": int(paint.fill is not None), "stroke": int(paint.stroke is not None)}

    def _text(self, text: Text) -> None:
        canvas, line = self.canvas, text.line
        wide = font.width_of(line.runs, line.size)
        canvas.saveState()
        canvas.translate(*line.at)
        canvas.rotate(text.turned)
        canvas.scale(1, -1)
        x = 0.0 if line.starts else -wide / 2
        for run in line.runs:
            canvas.setFillColor((self.picture.quiet if run.quiet else text.ink).light)
            canvas.setFont(_BOLD if run.bold else _REGULAR, line.size)
            canvas.drawString(x, 0, run.text)
            x += font.width(run.text, line.size, bold=run.bold)
        canvas.restoreState()
