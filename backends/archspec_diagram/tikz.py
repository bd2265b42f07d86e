"""Pictures as TikZ: a file that a plain installation of TeX sets as it is, with text that stays text.

It loads nothing but `tikz`, and `geometry` for the size of the page, so that it can be set with `pdflatex`, `lualatex`
and `xelatex`, without a download. For a paper, take the `tikzpicture` and the colours above it. The letters are those
of Computer Modern Sans, which need less room than those that the picture was measured with.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final, final

from archspec.drawing import DrawingError
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
from archspec_diagram.structure import plain
from archspec_diagram.svg import number

SCALE: Final = 0.75
"""Points for each pixel, as in PDF."""

_MOST: Final = 14_000
"""TeX cannot count further than 16383 points."""

_SPECIAL: Final = {
    **{each: f"\\{each}" for each in "#$%&_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "|": r"$|$",
    '"': "{''}",
    # Two of these in a row would become something else.
    "-": "{-}",
    "'": "{'}",
    "`": r"\`{}",
    ",": "{,}",
    "!": "{!}",
    "?": "{?}",
    "–": "{--}",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "−": "$-$",
    "÷": r"$\div$",
    "→": r"$\to$",
    "…": r"\ldots{}",
    "⊙": r"$\odot$",
    "√": r"$\surd$",
    "²": "$^2$",
}

_ACCENTS: Final = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0308": '"',
    "\u030c": "v",
    "\u0327": "c",
}


def tikz(picture: Picture, scale: float | None = None) -> str:
    """The picture as a document of one page.

    Raises:
        DrawingError: TeX cannot set so large a page.
    """
    factor = SCALE if scale is None else scale
    if max(picture.width, picture.height) * factor > _MOST:
        size = f"{picture.width * factor:,.0f} × {picture.height * factor:,.0f}"
        raise DrawingError(f"TeX cannot set a page of {size} points; fold more, draw it smaller, or write PDF")
    return "\n".join(_Writer(picture, factor).document()) + "\n"


@final
class _Writer:
    def __init__(self, picture: Picture, factor: float) -> None:
        self.picture, self.factor = picture, factor

    def document(self) -> Iterator[str]:
        picture = self.picture
        width, height = self._length(picture.width), self._length(picture.height)
        yield "% Drawn by archspec; set with pdflatex, lualatex or xelatex."
        yield r"\RequirePackage{fix-cm}"
        yield r"\documentclass{article}"
        yield rf"\usepackage[paperwidth={width},paperheight={height},margin=0pt]{{geometry}}"
        yield r"\usepackage{tikz}"
        yield r"\pagestyle{empty}"
        yield r"\setlength{\parindent}{0pt}"
        yield r"\setlength{\topskip}{0pt}"
        for _, ink in sorted(inks(picture).items()):
            yield rf"\definecolor{{{_colour(ink)}}}{{HTML}}{{{ink.light[1:].upper()}}}"
        yield "% A character that only the newer engines have: with a font that has it, they show it."
        yield r"\providecommand{\other}[1]{\ifdefined\XeTeXversion#1\else\ifdefined\directlua#1\else?\fi\fi}"
        yield r"\begin{document}"
        yield rf"\begin{{tikzpicture}}[x={self._length(1)},y=-{self._length(1)},"
        yield r"  every node/.style={inner sep=0pt,outer sep=0pt,font=\sffamily}]"
        sheet = Rectangle(0, 0, picture.width, picture.height)
        yield rf"\useasboundingbox {_point(Point(0, 0))} rectangle {_point(Point(sheet.right, sheet.bottom))};"
        yield from self._mark(Box(sheet, Paint(picture.paper)))
        for mark in picture.marks:
            yield from self._mark(mark)
        yield r"\end{tikzpicture}"
        yield r"\end{document}"

    def _mark(self, mark: Mark) -> Iterator[str]:
        match mark:
            case Part():
                # A line of its own: its name is made of plain letters, and cannot end the comment.
                yield f"% {plain(mark.identity).replace(':2e:', '.')}"
                for each in mark.marks:
                    yield from self._mark(each)
            case Text():
                yield self._text(mark)
            case Box():
                place = mark.rectangle
                corner = _point(Point(place.right, place.bottom))
                yield f"{self._path(mark.paint, mark.rounding)} {_point(Point(place.x, place.y))} rectangle {corner};"
            case Ellipse():
                radii = f"x radius={number(mark.across)},y radius={number(mark.down)}"
                yield f"{self._path(mark.paint)} {_point(mark.centre)} ellipse [{radii}];"
            case Polygon():
                yield f"{self._path(mark.paint)} {' -- '.join(map(_point, mark.points))} -- cycle;"
            case Polyline():
                yield f"{self._path(mark.paint)} {' -- '.join(map(_point, mark.points))};"
            case Curve():
                start, *rest = map(_point, mark.points)
                bends = (
                    f" .. controls {one} and {two} .. {end}"
                    for one, two, end in zip(rest[::3], rest[1::3], rest[2::3], strict=True)
                )
                yield f"{self._path(mark.paint)} {start}{''.join(bends)};"

    def _path(self, paint: Paint, rounding: float = 0.0) -> str:
        said = [f"fill={_colour(paint.fill)}"] if paint.fill else []
        if paint.stroke is not None:
            said += [f"draw={_colour(paint.stroke)}", f"line width={self._length(paint.width)}"]
        if paint.dash:
            steps = (f"{word} {self._length(each)}" for word, each in zip(("on", "off") * 9, paint.dash, strict=False))
            said.append(f"dash pattern={' '.join(steps)}")
        if rounding:
            said.append(f"rounded corners={self._length(rounding)}")
        return rf"\path[{','.join(said)}]"

    def _text(self, text: Text) -> str:
        line = text.line
        said = "".join(
            rf"\{'textbf' if run.bold else 'textmd'}{{{escaped(run.text)}}}"
            if not run.quiet
            else rf"\textcolor{{{_colour(self.picture.quiet)}}}{{{escaped(run.text)}}}"
            for run in line.runs
        )
        size = number(line.size * self.factor)
        options = [f"anchor={'base west' if line.starts else 'base'}", f"text={_colour(text.ink)}"]
        options += [f"rotate={number(-text.turned)}"] if text.turned else []
        font = rf"\fontsize{{{size}bp}}{{{size}bp}}\selectfont"
        return rf"\node[{','.join(options)}] at {_point(line.at)} {{{font}{said}}};"

    def _length(self, pixels: float) -> str:
        return f"{number(pixels * self.factor)}bp"


def escaped(text: str) -> str:
    """The text as TeX has to be told of it: letters with accents are made, and what it lacks is marked as such."""
    inner = text.strip(" ")
    before, _, after = text.partition(inner) if inner else (text, "", "")
    # TeX passes over spaces at the edges, and takes several for one.
    edges = (r"\ " * len(before), r"\ " * len(after))
    return "".join(map(_escaped, inner)).replace("  ", r"\ \ ").join(edges)


def _escaped(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii():
        return character if character.isprintable() else " "
    if "α" <= character <= "ω" and character not in "ος":
        return rf"$\{unicodedata.name(character).split()[-1].lower().replace('lamda', 'lambda')}$"
    base, *marks = tuple(unicodedata.normalize("NFD", character))
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks[0] in _ACCENTS:
        return rf"\{_ACCENTS[marks[0]]}{{{base}}}"
    return rf"\other{{{character}}}"


def _colour(ink: Ink) -> str:
    """Under a name that is not likely to be that of another colour of a paper."""
    return f"archspec-{ink.name}"


def _point(point: Point) -> str:
    return f"({number(point.x)},{number(point.y)})"
