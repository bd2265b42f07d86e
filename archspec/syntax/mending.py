"""Going on behind what is no YAML, so that one missing bracket does not hide ten other mistakes.

What a line of YAML belongs to, its indent says. So the line at fault is moved to where it fits, or what cannot be read
of it is taken out, and a word that stands for something of which nothing is known is put in its place. Each of several
ways is tried; the first is taken with which the reader comes beyond the line and what stands below it. No line is added
and none removed, so that a place is found again by its line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Final, TypeAlias, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.source import Source, Span
from archspec.syntax.recovery import MOST_LINES, MOST_READ
from archspec.syntax.stumble import Stumble
from archspec.syntax.tree import UNREADABLE

Reader: TypeAlias = Callable[[str], Stumble | None]
"""Reads a text, and says where it cannot go on, if it cannot."""


@final
class Mended(Struct, frozen=True, dict=True):
    """The lines of a file as they are read, and how they came about."""

    source: Source
    lines: tuple[str, ...]
    moved: Mapping[int, int] = {}
    """By how much lines stand further to the right than they were written."""

    gone: tuple[range, ...] = ()
    """The lines of which something was taken out."""

    @cached_property
    def text(self) -> str:
        return "\n".join(self.lines)

    @cached_property
    def starts(self) -> Sequence[int]:
        """Where each line starts in the text."""
        return [0, *accumulate(len(line) + 1 for line in self.lines)]

    def line_of(self, place: int) -> int:
        """The line that an offset in the text stands in, counted from 0."""
        return min(bisect_right(self.starts, place), len(self.lines)) - 1

    def place(self, place: int) -> int:
        """The offset in the source that an offset in the text stands for."""
        number = self.line_of(place)
        line = self.source.line(number + 1)
        column = place - self.starts[number] - self.moved.get(number, 0)
        return self._written[number] + min(max(column, 0), len(line))

    def span(self, start: int, end: int) -> Span:
        first = self.place(start)
        return self.source.span(first, max(self.place(end), first))

    def hidden(self) -> Iterator[Span]:
        """The places of which nothing is known."""
        for lines in self.gone:
            end = self._written[lines.stop - 1] + len(self.source.line(lines.stop))
            yield self.source.span(self._written[lines.start], end)

    def is_gone(self, place: int) -> bool:
        number = self.line_of(place)
        return any(number in lines for lines in self.gone)

    def takes_out(self, word: str) -> bool:
        """Whether a word stands in what was taken out."""
        return any(word in span.text for span in self.hidden())

    @cached_property
    def _written(self) -> Sequence[int]:
        return [0, *accumulate(len(line) + 1 for line in self.source.text.split("\n"))]


def as_written(source: Source) -> Mended:
    """The lines of a file in which nothing is mended yet."""
    return Mended(source, tuple(source.text.split("\n")))


def mended(source: Source, stumble: Stumble, reader: Reader) -> tuple[Mended | None, list[tuple[Mended, Stumble]]]:
    """The lines of a file as they can be read, and each fault with the lines in which it was found.

    There is nothing that can be read where none of the ways to go on leads beyond a fault.
    """
    now, faults = as_written(source), list[tuple[Mended, Stumble]]()
    found: Stumble | None = stumble
    left = MOST_READ
    while found is not None:
        found = _left_open(now, found) or found
        faults.append((now, found))
        sooner: tuple[Mended, Stumble] | None = None
        for candidate, last in _candidates(now, found):
            left -= len(source.text)
            if left < 0 or len(faults) > MOST_LINES:
                return None, faults
            behind = reader(candidate.text)
            if behind is None or candidate.line_of(behind.start) > last:
                now, found = candidate, behind
                break
            # What is wrong with a line may come out behind the one below it.
            if sooner is None and candidate.line_of(behind.start) < now.line_of(found.start):
                sooner = candidate, behind
        else:
            if sooner is None or sooner[0].is_gone(sooner[1].start):
                return None, faults
            now, found = sooner
    return now, faults


def _left_open(now: Mended, stumble: Stumble) -> Stumble | None:
    """The fault of a bracket that is open at the end of a line, where an item of a list stands below it: in brackets,
    there are none, and so it is not the item that is wrong."""
    number = now.line_of(stumble.place)
    if not _is_item(now.lines[number]):
        return None
    least = _indent(now.lines[number])
    for above in range(number - 1, -1, -1):
        line = now.lines[above]
        if not line.strip() or _indent(line) >= least:
            continue
        least = _indent(line)
        if (opened := _OPENED.search(line)) is not None:
            is_closed = any(sign in each for each in now.lines[above + 1 : number] for sign in "]}")
            start = now.starts[above] + opened.start()
            return None if is_closed else replace(stumble, begun=start)
    return None


def _candidates(now: Mended, stumble: Stumble) -> Iterator[tuple[Mended, int]]:
    """The ways to go on, the best first, each with the last line of what the fault spoils."""
    number = now.line_of(stumble.start)
    while number > 0 and not now.lines[number].strip():
        number -= 1
    if "\t" in now.lines[number][: _indent(now.lines[number])]:
        spaces = tuple(_TABS.sub(lambda tabs: " " * len(tabs.group()), line) for line in now.lines)
        yield replace(now, lines=spaces), number
    last = _last_below(now.lines, number)
    if (opened := _OPENED.search(now.lines[number])) is not None:
        closed = f"{now.lines[number].rstrip()}{_CLOSING[opened[0]]}"
        yield replace(now, lines=(*now.lines[:number], closed, *now.lines[number + 1 :])), last
    is_block = stumble.begun is None
    colon = _COLON.search(now.lines[number])
    first_word = now.starts[number] + (_indent(now.lines[number]) if colon is None else colon.start())
    if is_block and stumble.place <= first_word and (colon is not None or _is_item(now.lines[number])):
        for column in _columns(now.lines, number):
            yield _moved(now, range(number, number + 1), column), last
            if last > number:
                yield _moved(now, range(number, last + 1), column), last
    elif is_block and now.text[stumble.place : stumble.place + 1] in ("]", "}"):
        yield _without(now, stumble.place), last
    for written, end in _rewritten(now.lines[number], number, last, is_block=is_block):
        gone = range(number, end + 1)
        lines = (*now.lines[:number], written, *[""] * (end - number), *now.lines[end + 1 :])
        beside = _beside(now.lines, number, last) if end < last else ()
        yield replace(now, lines=lines, gone=(*now.gone, gone, *beside)), last


def _without(now: Mended, place: int) -> Mended:
    """The lines without a bracket that closes nothing."""
    number = now.line_of(place)
    line, column = now.lines[number], place - now.starts[number]
    without = f"{line[:column]} {line[column + 1 :]}"
    return replace(now, lines=(*now.lines[:number], without, *now.lines[number + 1 :]))


def _rewritten(line: str, number: int, last: int, *, is_block: bool) -> Iterator[tuple[str, int]]:
    """What may stand in the place of a line, and up to which line it takes out what stands below it."""
    kept = _KEPT.match(line)
    dashes, key = (kept["dashes"], kept["key"]) if kept is not None else ("", "")
    if is_block and key and last > number:
        yield f"{dashes}{key} {UNREADABLE}", number
        yield f"{dashes}{key}", number
    if key and not dashes.strip():
        yield f"{dashes}{key} {UNREADABLE}", last
    yield f"{dashes}{UNREADABLE}", last
    if is_block:
        yield f"{' ' * _indent(line)}- {UNREADABLE}", last
    else:
        yield f"{dashes}{key} {UNREADABLE},", last
        yield f"{dashes}{UNREADABLE},", last
    yield "", last


def _moved(now: Mended, numbers: range, column: int) -> Mended:
    """The lines with some of them moved, so that the first of these starts at a column."""
    by = column - _indent(now.lines[numbers.start])
    lines, moved = list(now.lines), dict(now.moved)
    for each in numbers:
        if lines[each].strip():
            lines[each] = " " * (_indent(lines[each]) + by) + lines[each].lstrip(" ")
            moved[each] = moved.get(each, 0) + by
    return replace(now, lines=tuple(lines), moved=moved)


def _columns(lines: Sequence[str], number: int) -> list[int]:
    """Where a line may start, by the lines above it, the nearest place first."""
    is_item = _is_item(lines[number])
    own = _indent(lines[number])
    found: dict[int, None] = {}
    least: float = float("inf")
    for line in reversed(lines[:number]):
        if not line.strip() or line.lstrip().startswith("#") or _indent(line) >= least:
            continue
        least = _indent(line)
        dash = _DASHES.match(line, int(least))
        if dash is not None and is_item:
            found[int(least)] = None
        elif not is_item:
            found[int(least) if dash is None else dash.end()] = None
        if least == 0:
            break
    return sorted((each for each in found if each != own), key=lambda each: abs(each - own))[:_MOST_COLUMNS]


def _last_below(lines: Sequence[str], number: int) -> int:
    """The last line of what stands below a line, which is indented further."""
    own = _indent(lines[number])
    is_key = not _is_item(lines[number]) and _COLON.search(lines[number]) is not None
    last = number
    for below in range(number + 1, len(lines)):
        line = lines[below]
        is_listed = is_key and _indent(line) == own and _is_item(line)
        if line.strip():
            if _indent(line) <= own and not is_listed and not _CLOSES.fullmatch(line):
                break
            last = below
    return last


def _beside(lines: Sequence[str], number: int, last: int) -> Iterator[range]:
    """The lines below that of an item which belong to the same mapping as what stands behind its dashes."""
    dashes = _DASHES.match(lines[number], _indent(lines[number]))
    for below in range(number + 1, last + 1):
        if dashes is not None and lines[below].strip() and _indent(lines[below]) == dashes.end():
            yield range(below, below + 1)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _is_item(line: str) -> bool:
    return line.lstrip().startswith("- ")


_MOST_COLUMNS: Final = 3
"""So many places are tried for a line at most."""

_OPENED: Final = re.compile(r"[\[{](?=[ \t]*$)")
"""A bracket that opens at the end of a line."""

_CLOSING: Final = {"[": "]", "{": "}"}

_COLON: Final = re.compile(r":(?=\s|$)")
_TABS: Final = re.compile(r"^[ \t-]*\t[ \t]*")
_DASHES: Final = re.compile(r"(-[ ]+)+")
_CLOSES: Final = re.compile(r"[ \t]*[\]}][\]},]*[ \t]*")
_KEPT: Final = re.compile(r"(?P<dashes>[ ]*(?:-[ ]+)*)(?P<key>(?:[^\W\d]\w*:(?=\s|$))?)")
