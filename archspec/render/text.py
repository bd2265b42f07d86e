"""Findings for people: the message, the lines it speaks of with carets below them, and the cure.

What a spec holds goes to a terminal here. Characters that would move the cursor, change colours or turn the direction
of writing are shown as U+FFFD, so that no spec can make its findings look like something else.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final, final

from archspec.diagnostics import Diagnostic, Report, Severity
from archspec.source import Source, Span

TAB: Final = 4
"""A tab is shown as this many spaces."""

WIDEST: Final = 120
"""Of a longer line only the part around the finding is shown."""


@final
@dataclass(frozen=True)
class Style:
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
@dataclass(frozen=True)
class _Mark:
    """A stretch of one line with what is said of it."""

    span: Span
    label: str
    is_first: bool


def render(report: Report, style: Style = PLAIN) -> str:
    """All findings of a report, with a count at the end."""
    findings = list(report)
    if not findings:
        return ""
    parts = [_finding(each, style) for each in findings]
    return "\n".join((*parts, _summary(findings, style))) + "\n"


def _summary(findings: list[Diagnostic], style: Style) -> str:
    counts = []
    for severity in Severity:
        number = sum(each.severity is severity for each in findings)
        if number:
            counts.append(f"{number} {severity}{'s' if number > 1 and severity is not Severity.ADVICE else ''}")
    tells = "tells more" if len({each.code for each in findings}) == 1 else "tells more of the first"
    return f"{style.strong}{', '.join(counts)}{style.plain}; `archspec explain {findings[0].code}` {tells}"


def _finding(diagnostic: Diagnostic, style: Style) -> str:
    colour = style.error if diagnostic.severity is Severity.ERROR else style.warning
    head = f"{colour}{diagnostic.severity}[{diagnostic.code}]{style.plain}"
    lines = [f"{head}{style.strong}: {_shown(diagnostic.message())}{style.plain}"]
    marks = [_Mark(diagnostic.span, diagnostic.label(), is_first=True)]
    marks += [_Mark(each.span, each.label, is_first=False) for each in diagnostic.related()]
    margin = max(len(str(mark.span.first().line)) for mark in marks)
    lines += _excerpts(marks, margin, colour, style)
    if diagnostic.help():
        if diagnostic.span.source.text:
            lines.append(f"{' ' * margin} {style.frame}|{style.plain}")
        lines.append(
            f"{' ' * margin} {style.frame}={style.plain} {style.strong}help{style.plain}: {_shown(diagnostic.help())}"
        )
    return "\n".join(lines) + "\n"


def _excerpts(marks: list[_Mark], margin: int, colour: str, style: Style) -> list[str]:
    lines: list[str] = []
    sources: list[Source] = list(dict.fromkeys(mark.span.source for mark in marks))
    for source in sources:
        here = [mark for mark in marks if mark.span.source is source]
        line, column = here[0].span.first()
        arrow = "-->" if here[0].is_first else ":::"
        place = f"{source.name}:{line}:{column}" if source.text else source.name
        lines.append(f"{' ' * margin}{style.frame}{arrow}{style.plain} {_shown(place)}")
        if source.text:
            lines.append(f"{' ' * margin} {style.frame}|{style.plain}")
            lines += _lines_of(source, here, margin, colour, style)
    return lines


def _lines_of(source: Source, marks: list[_Mark], margin: int, colour: str, style: Style) -> list[str]:
    """The lines of one source that are marked, in their order, with dots where lines are left out."""
    lines: list[str] = []
    previous: int | None = None
    for number in sorted({mark.span.first().line for mark in marks}):
        if previous is not None and number > previous + 1:
            lines.append(f"{style.frame}{'...'[: margin + 2]}{style.plain}")
        previous = number
        here = sorted((mark for mark in marks if mark.span.first().line == number), key=lambda mark: mark.span.start)
        # Two marks at one place would hide each other: each has a row of its own.
        text, rows = _row(source, number, here)
        lines.append(f"{style.frame}{number:>{margin}} |{style.plain} {text}".rstrip())
        for mark, row in zip(here, rows, strict=True):
            paint = colour if mark.is_first else style.second
            lines.append(f"{' ' * margin} {style.frame}|{style.plain} {paint}{row}{style.plain}".rstrip())
    return lines


def _row(source: Source, number: int, marks: list[_Mark]) -> tuple[str, list[str]]:
    """A line as it is shown, and a row of carets or dashes with its label for each mark."""
    text = source.line(number)
    line_start = marks[0].span.start - (marks[0].span.first().column - 1)
    first = min(mark.span.start for mark in marks) - line_start
    is_long = len(text) > TAB * WIDEST or _width(text) > WIDEST
    start = max(0, first - WIDEST // 2) if is_long else 0
    end = start + WIDEST if is_long else len(text)
    prefix, suffix = ("..." if start else ""), ("..." if end < len(text) else "")
    rows = []
    for mark in marks:
        begin = max(mark.span.start - line_start, start)
        stop = min(max(mark.span.end - line_start, begin), len(text), end)
        gap = _width(prefix) + _width(text[start:begin])
        width = max(_width(text[begin:stop]), 1)
        label = f" {_shown(mark.label)}" if mark.label else ""
        rows.append(f"{' ' * gap}{('^' if mark.is_first else '-') * width}{label}")
    return f"{prefix}{_shown(text[start:end])}{suffix}", rows


def _shown(text: str) -> str:
    """A text as it may go to a terminal."""
    return "".join(
        " " * TAB if each == "\t" else "\N{REPLACEMENT CHARACTER}" if _is_harmful(each) else each for each in text
    )


def _is_harmful(character: str) -> bool:
    """Whether a character is a control, turns the direction of writing, or cannot be seen at all."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _width(text: str) -> int:
    """How many columns a text takes in a terminal."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if character == "\t":
        return TAB
    if _is_harmful(character):
        return 1
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
