"""Going on behind what cannot be read, so that one missing bracket does not hide ten other mistakes.

The line that cannot be read is taken out of the text, and a word that stands for a layer of which nothing is known is
put in its place; the text stays as long as it is, so that every place in it is still where it was. What stands before
it in the line, such as a name, is kept, and so are braces that are opened there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from archspec.diagnostics import Diagnostic
from archspec.source import Source, Span

UNREADABLE: Final = "__"
"""The word for what cannot be read. Nothing is told of the places where it stands."""

MOST_LINES: Final = 20
"""So many lines are taken out of a text at most."""

MOST_READ: Final = 400_000
"""So many characters are read again at most, in all."""

_KEPT: Final = re.compile(r"[ \t]*(->|(\w+([ \t]*,[ \t]*\w+)*[ \t]*=(?![=>])))?[ \t]*")
_DEFINITION: Final = re.compile(r"[ \t]*((model|block|cell|variant|use)\b|\")")
_DECLARATION: Final = re.compile(r"[ \t]*(input|state|output|next|rename)\b")
_CONTINUATION: Final = re.compile(r"[ \t]*([^\w\s(\")\]}-]|-(?!>))")
"""The start of a line that is part of the one before it."""

_GOES_ON: Final = re.compile(r"\n[ \t]*([+*/%,)\]]|-(?!>))[^\n]*")
"""A line that is part of the one before it, other than by an arrow."""


def without_fault(source: Source, text: str, finding: Diagnostic) -> tuple[str, Span] | None:
    """The text without the line of a finding, and the place of what was taken out; `None` where that leads nowhere."""
    place = min([finding.span, *(each.span for each in finding.related() if each.span.source is source)], key=_start)
    if place.text == "{" and finding.span.start >= len(text.rstrip()):
        return f"{text}\n}}", source.span(len(text), len(text))  # The last brace of a text is missing.
    line = place.line()
    while line.start > 0 and _CONTINUATION.match(line.text):
        line = source.span(line.start - 1, line.start).line()
    if _DEFINITION.match(line.text) or _DECLARATION.match(line.text):
        return None  # What is declared there, everything else speaks of.
    kept = _KEPT.match(line.text)
    first = line.start + (0 if kept is None else kept.end())
    end = place.line().end - place.line().text.endswith("\n")
    while (more := _GOES_ON.match(text, end)) is not None:
        end = more.end()
    gone = text[first:end]
    brace = " {" if gone.rstrip().endswith("{") else ""
    if gone.count("}") > gone.count("{") or len(gone) < len(UNREADABLE) + len(brace):
        return None
    return f"{text[:first]}{(UNREADABLE + brace).ljust(len(gone))}{text[end:]}", source.span(first, end)


def follows(finding: Diagnostic, gone: Sequence[Span]) -> bool:
    """Whether a finding may be there only because of a line that was taken out.

    That is so in this line, in what goes on from it, and where the next definition seems to be inside of the one that
    the line is in, as its braces are not closed.
    """
    line = finding.span.first().line
    for each in gone:
        opened = {")": "(", "]": "["}.get(finding.span.text)
        is_closed = opened is not None and each.text.count(opened) > each.text.count(finding.span.text)
        goes_on = is_closed or each.text.rstrip().endswith(("(", "[", ",", "="))
        if each.first().line <= line <= each.last().line + goes_on:
            return True
    return _DEFINITION.match(finding.span.line().text) is not None


def _start(span: Span) -> int:
    return span.start
