"""Findings for people: the message, the lines it speaks of with carets below them, and the cure.

Messages are not broken into lines: a terminal does that as it needs to, and what is copied from it stays whole. Lines
of a spec are cut to what fits, since carets below a line that the terminal has broken would point at nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias, final

from msgspec import Struct

from archspec.diagnostics import Diagnostic, Report, Severity
from archspec.render import characters
from archspec.render.characters import TAB, UNICODE
from archspec.render.total import counted, total
from archspec.source import Source, Span

WIDEST: Final = 120
"""Of a line with more columns only the part around the finding is shown."""

NARROWEST: Final = 40
"""However narrow a terminal is, this much of a line is shown."""

CUT: Final = "..."
"""Stands for what is left out of a line."""


@final
class Style(Struct, frozen=True):
    """The escape sequences of a terminal, or empty strings."""

    error: str = ""
    warning: str = ""
    frame: str = ""
    strong: str = ""
    second: str = ""
    plain: str = ""


PLAIN: Final = Style()
COLOURED: Final = Style(
    error="\x1b[1;31m",
    warning="\x1b[1;33m",
    frame="\x1b[1;34m",
    strong="\x1b[1m",
    second="\x1b[1;34m",
    plain="\x1b[0m",
)


@final
class Screen(Struct, frozen=True):
    """What findings are shown on."""

    style: Style = PLAIN
    encoding: str = UNICODE
    """What it lacks is shown by its number."""

    columns: int = WIDEST + 40
    """How wide it is."""

    def shown(self, text: str) -> str:
        return characters.shown(text, self.encoding)

    def width(self, text: str) -> int:
        return characters.width(text, self.encoding)

    def room(self, margin: int) -> int:
        """How many columns of a line are shown, behind a margin for its number."""
        return max(NARROWEST, min(WIDEST, self.columns - margin - len(f" | {CUT}{CUT}")))


Width: TypeAlias = Callable[[str], int]
"""How many columns a part of a line takes."""


@final
class _Mark(NamedTuple):
    """A stretch of one line with what is said of it."""

    source: Source
    line: int
    start: int
    """Where it starts in the line, and where it ends there."""

    end: int
    goes_on: bool
    """Whether lines below belong to it too."""

    label: str
    is_first: bool


def _mark(span: Span, label: str, *, is_first: bool) -> _Mark:
    """What is marked of a place: of one that goes over several lines, the part in the first."""
    line, column = span.first()
    start, length = column - 1, len(span.source.line(line))
    end = max(start, min(start + span.end - span.start, length))
    return _Mark(span.source, line, start, end, "\n" in span.text.rstrip(), label, is_first)


def render(report: Report, screen: Screen | None = None, files: int = 1) -> str:
    """All findings of a report, with a count at the end; of several files, that tells how many were checked."""
    screen = screen or Screen()
    findings = list(report)
    counts = total(report, files) if files > 1 else counted(findings)
    closing = f"{screen.style.strong}{counts}{screen.style.plain}"
    if not findings:
        return f"{closing}\n" if files > 1 else ""
    tells = "tells more" if len({each.code for each in findings}) == 1 else "tells more of the first"
    closing += f"; `archspec explain {findings[0].code}` {tells}"
    return "\n".join((*(_finding(each, screen) for each in findings), closing)) + "\n"


def _finding(diagnostic: Diagnostic, screen: Screen) -> str:
    style = screen.style
    colour = style.error if diagnostic.severity is Severity.ERROR else style.warning
    head = f"{colour}{diagnostic.severity}[{diagnostic.code}]{style.plain}"
    lines = [f"{head}{style.strong}: {screen.shown(diagnostic.message())}{style.plain}"]
    marks = [_mark(diagnostic.span, diagnostic.label(), is_first=True)]
    marks += [_mark(each.span, each.label, is_first=False) for each in diagnostic.places()]
    margin = max(len(str(mark.line)) for mark in marks)
    lines += _excerpts(marks, margin, colour, screen)
    said = [("note", note) for note in diagnostic.notes()]
    said += [("help", diagnostic.help())] if diagnostic.help() else []
    if said and diagnostic.span.source.text:
        lines.append(f"{' ' * margin} {style.frame}|{style.plain}")
    for title, words in said:
        first, *rest = map(screen.shown, words.split("\n"))
        lines.append(f"{' ' * margin} {style.frame}={style.plain} {style.strong}{title}{style.plain}: {first}")
        lines += [f"{' ' * margin}   {' ' * len(title)}  {line}".rstrip() for line in rest]
    return "\n".join(lines) + "\n"


def _excerpts(marks: list[_Mark], margin: int, colour: str, screen: Screen) -> list[str]:
    style = screen.style
    lines: list[str] = []
    for source in dict.fromkeys(mark.source for mark in marks):
        here = [mark for mark in marks if mark.source is source]
        arrow = "-->" if here[0].is_first else ":::"
        place = f"{source.name}:{here[0].line}:{here[0].start + 1}" if source.text else source.name
        lines.append(f"{' ' * margin}{style.frame}{arrow}{style.plain} {screen.shown(place)}")
        if source.text:
            lines.append(f"{' ' * margin} {style.frame}|{style.plain}")
            lines += _lines_of(source, here, margin, colour, screen)
    return lines


def _lines_of(source: Source, marks: list[_Mark], margin: int, colour: str, screen: Screen) -> list[str]:
    """The lines of one source that are marked, in their order, with dots where lines are left out."""
    style, room = screen.style, screen.room(margin)
    side = f"{' ' * margin} {style.frame}|{style.plain}"
    lines: list[str] = []
    previous: int | None = None
    for number in sorted({mark.line for mark in marks}):
        if previous is not None and number > previous + 1:
            lines.append(f"{style.frame}{CUT[: margin + 2]}{style.plain}")
        previous = number
        text = source.line(number)
        here = sorted([mark for mark in marks if mark.line == number], key=lambda mark: mark.start)
        is_plain = len(text) <= room and characters.is_plain(text)
        shown, width = (str, len) if is_plain else (screen.shown, screen.width)
        for start, end, seen in _stretches(text, here, room, width):
            prefix, suffix = (CUT if start else ""), (CUT if end < len(text) else "")
            excerpt = f"{prefix}{shown(text[start:end])}{suffix}"
            lines.append(f"{style.frame}{number:>{margin}} |{style.plain} {excerpt}".rstrip())
            # Two marks at one place would hide each other: each has a row of its own.
            for mark in seen:
                gap = len(prefix) + width(text[start : mark.start])
                sign = ("^" if mark.is_first else "-") * max(width(text[mark.start : min(mark.end, end)]), 1)
                sign += CUT if mark.goes_on else ""
                label = f" {screen.shown(mark.label)}" if mark.label else ""
                row = f"{' ' * gap}{colour if mark.is_first else style.second}{sign}{label}"
                lines.append(f"{side} {row}{style.plain}".rstrip())
    return lines


def _stretches(text: str, marks: list[_Mark], room: int, width: Width) -> Iterator[tuple[int, int, list[_Mark]]]:
    """The parts of a line that are shown, each with its marks: all of it, or what is around marks that are together."""
    if len(text) <= TAB * room and width(text) <= room:
        yield 0, len(text), marks
        return
    left = marks
    while left:
        start, end = _around(text, left[0].start, room, width)
        seen = [mark for mark in left if mark is left[0] or (start <= mark.start and mark.end <= end)]
        yield start, end, seen
        left = [mark for mark in left if mark not in seen]


def _around(text: str, place: int, room: int, width: Width) -> tuple[int, int]:
    """The part of a line that has a place in its middle and takes no more columns than there is room for."""
    near = text[max(place - room, 0) : place + room]
    if characters.is_plain(near):  # One column each, as in most lines.
        start = max(place - room // 2, 0)
        return start, min(start + room, len(text))
    start, columns = place, 0
    while start > 0 and columns < room // 2 and place - start < TAB * room:
        start -= 1
        columns += width(text[start])
    while start < place and width(text[start]) == 0:
        start += 1  # A mark that stands above a letter is not shown without it.
    end = place
    while end < len(text) and end - start < TAB * room and columns + width(text[end]) <= room:
        columns += width(text[end])
        end += 1
    return start, end
