"""Going on behind what cannot be read, so that one missing bracket does not hide ten other mistakes.

The line that cannot be read is taken out of the text, and a word that stands for a layer of which nothing is known is
put in its place; the text stays as long as it is, so that every place in it is still where it was. What stands before
it in the line, such as a name, is kept, and so are braces that are opened there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from archspec.catalog.text import SyntaxFault, UnclosedBracket
from archspec.diagnostics import Diagnostic
from archspec.source import Source, Span
from archspec.syntax.braces import DEFINITIONS, closed_before, extent_of
from archspec.syntax.elsewhere import ONE_ARROW, WORDS, as_meant, is_inside, with_arrows, without_ends
from archspec.syntax.tree import UNREADABLE

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


def mended(text: str, finding: Diagnostic) -> str | None:
    """The text with what is meant, where a finding tells that; what is not as long as it is moves only blanks."""
    start, end = finding.span.start, finding.span.end
    match finding:
        case UnclosedBracket(opening="{"):
            return closed_before(text, start)
        case SyntaxFault(found="}") if finding.problem and finding.cure:
            return f"{text[:start]} {text[end:]}"
        case SyntaxFault(suggestion="->"):
            changed = with_arrows(text, start, end)
            return None if changed == text else changed
        case SyntaxFault(found="->", cure=cure) if cure == ONE_ARROW:
            line = finding.span.line()
            return text[: line.start] + _ARROWS.sub(r"  \1", text[line.start : line.end]) + text[line.end :]
        case SyntaxFault(found=";") if finding.span.text == ";":
            return without_ends(text)
        case SyntaxFault(suggestion=str(word)) if word in (*WORDS, *DEFINITIONS):
            more = len(word) - (end - start)
            if more <= 0:
                return text[:start] + word.ljust(end - start) + text[end:]
            return text[: start - more] + word + text[end:] if text[:start].endswith(" " * (more + 1)) else None
        case SyntaxFault(cure=str(cure)) if cure:
            return as_meant(text, start)
    return None


_ARROWS: Final = re.compile(r"->([ \t]*)(?=->)")


def apart(text: str, finding: Diagnostic) -> tuple[str, str] | None:
    """The text without a definition that stands in another one, and the text of that alone, both as long as it is.

    A definition whose first word is misspelt is taken apart as well: alone, it has room before it for the right one.
    """
    if not (isinstance(finding, SyntaxFault) and finding.problem):
        return None
    word = finding.suggestion if finding.suggestion in DEFINITIONS else finding.span.text
    more = len(str(word)) - len(finding.span.text)
    if word not in DEFINITIONS or finding.span.start < more:
        return None
    start, end = extent_of(text, finding.span.start)
    before, behind = text[: finding.span.start - more], text[finding.span.end : end]
    left = _blank(text[start:end])
    if word == "model" and is_inside(text, start):
        left = f"{UNREADABLE}{left[len(UNREADABLE) :]}"  # Nobody knows what the one around it is made of.
    return text[:start] + left + text[end:], _blank(before) + str(word) + behind + _blank(text[end:])


def _blank(text: str) -> str:
    return _INK.sub(" ", text)


_INK: Final = re.compile(r"\S")


def without_fault(source: Source, text: str, finding: Diagnostic) -> tuple[str, Span] | None:
    """The text without the line of a finding, and the place of what was taken out; `None` where that leads nowhere."""
    place = min([finding.span, *(each.span for each in finding.related() if each.span.source is source)], key=_start)
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
    return bool(gone) and _DEFINITION.match(finding.span.line().text) is not None


def _start(span: Span) -> int:
    return span.start
