"""Braces that do not fit, told by how the lines are indented: which one is missing, and which is one too many.

The parser misses a brace long after the place where it should stand. The lines say sooner what is meant: what stands in
braces is indented further than the line that opens them, and the brace that closes them starts a line as far in as that
one. Imported only where a text cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, final

from msgspec import Struct

from archspec.syntax.fault import brackets

DEFINITIONS: Final = ("model", "block", "cell", "variant", "use")
"""The words that start a definition."""


@final
class Misfit(Struct, frozen=True):
    """A brace that is not closed where its lines end, or one that closes nothing that is open there."""

    place: int
    """What stands where the brace should be, or is the one too many."""

    opened: int | None
    """The brace that is not closed; none, where one is too many."""


def misfit(text: str) -> Misfit | None:
    """The first brace that does not fit, as far as the lines tell."""
    open_braces: list[int] = []
    indented: set[int] = set()
    depth = 0
    for place, sign in _signs(text):
        own = _indent(text, place)
        around = _indent(text, open_braces[-1]) if open_braces else -1
        if sign == "{":
            open_braces.append(place)
        elif sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
        elif sign != "}":
            if own > around and open_braces:
                indented.add(open_braces[-1])
            # Where nobody indents what is in braces, the lines tell nothing, but for those that start a definition.
            elif open_braces and depth <= 0 and (open_braces[-1] in indented or sign in DEFINITIONS):
                return Misfit(place, open_braces[-1])
        elif not open_braces:
            return Misfit(place, None)
        else:
            is_first = not text[text.rfind("\n", 0, place) + 1 : place].strip()
            if is_first and own > around:
                return Misfit(place, None)
            if is_first and own < around and any(_indent(text, each) == own for each in open_braces):
                return Misfit(place, open_braces[-1])
            open_braces.pop()
    return Misfit(len(text.rstrip()), open_braces[-1]) if open_braces else None


def closed_before(text: str, place: int) -> str | None:
    """The text with a brace behind what stands before a place, as long as it was; `None` where there is no room."""
    if text.startswith(_CLOSING, place) and text[place - 1 : place] == " ":
        return f"{text[: place - 1]}}}{text[place:]}"
    end = len(_spoken(text[:place]).rstrip())
    if end >= len(text.rstrip()):
        return f"{text}\n}}"
    # A line needs the line break before it.
    is_needed = text[end] == "\n" and "\n" not in text[end + 1 : place] and text[place : place + 1] != "}"
    if is_needed and text[end + 1] == " ":
        return f"{text[:end]}}}\n{text[end + 2 :]}"
    return None if is_needed or not text[end].isspace() else f"{text[:end]}}}{text[end + 1 :]}"


def definition_at(text: str, start: int) -> int | None:
    """The word of the definition whose first line, or whose doc, a place stands in."""
    match = _HEADER.match(text, text.rfind("\n", 0, start) + 1)
    return None if match is None else match.start("word")


def extent_of(text: str, start: int) -> tuple[int, int]:
    """Where the definition with its word at a place starts, or its doc, and where it ends: with its braces or line."""
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    depth = 0
    for place, symbol in brackets(text):
        if place < start:
            continue
        if depth == 0 and place >= end:
            break
        depth += 1 if symbol in "([{" else -1
        if depth <= 0:
            end = max(end, place + 1) if symbol != "}" else place + 1
            if symbol == "}":
                break
    first = text.rfind("\n", 0, start) + 1
    doc = _DOC.search(text, max(first - _LONGEST_DOC, 0), first)
    return first if doc is None else doc.start(), end


def _signs(text: str) -> Iterator[tuple[int, str]]:
    """The brackets and braces of a text, and the words with which its lines start, in their order."""
    words = [(match.start("word"), match["word"] or _LINE) for match in _STARTS.finditer(_spoken(text))]
    yield from sorted([*brackets(text), *words])


def _spoken(text: str) -> str:
    """The text with blanks for its comments and for what stands in quotes."""
    return _SILENT.sub(lambda match: _INK.sub(" ", match.group()), text)


def _indent(text: str, place: int) -> int:
    """How far in the line of a place starts; where it goes on from a bracket in one before it, how far in that does."""
    first = text.rfind("\n", 0, place) + 1
    before = text[first:place]
    if text[place : place + 1] == "{" and (closing := _CLOSED_LATER.match(before)) is not None:
        depth = 0
        for at in range(first + closing.end() - 1, max(first - _LONGEST_LIST, -1), -1):
            depth += (text[at] in ")]") - (text[at] in "([")
            if depth == 0:
                return _indent(text, at)
    line = text[first : place + 1]
    return len(line) - len(line.lstrip())


_CLOSING: Final = ("else", "shortcut")
"""The words before which a brace stands in the same line."""

_CLOSED_LATER: Final = re.compile(r".*[)\]](?=\s*\Z)")
_LONGEST_LIST: Final = 5_000

_SILENT: Final = re.compile(r'#[^\n]*|"""(?:\\.|[^\\])*?"""|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_DOC: Final = re.compile(r'("(\\.|[^"\\\n])*"|"""(\\.|[^\\])*?""")\s*\Z')
_LONGEST_DOC: Final = 2_000
_INK: Final = re.compile(r"\S")
_WORD: Final = r"(?P<word>(model|block|cell)(?=[ \t]+\w+\s*[({=])|variant(?=[ \t]+\w+[ \t]*=)|use(?=[ \t]+[\w\"]))"
_STARTS: Final = re.compile(r"^[ \t]*(?P<word>[^\W\d]\w*|(?=\())", re.MULTILINE)
_LINE: Final = " "
"""What stands for the start of a line with a bracket, which comes behind it in order."""

_HEADER: Final = re.compile(rf'[ \t]*("(\\.|[^"\\\n])*"\s*\n[ \t]*|"""(\\.|[^\\])*?"""\s*\n[ \t]*)?{_WORD}')
