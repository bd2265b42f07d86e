"""A difference for a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final, final

from msgspec import Struct

from archspec.difference import Change, Difference, Kind, Total, wording
from archspec.difference.wording import MACS, SIGNS, TO
from archspec.render.text import PLAIN, Screen

WIDTH: Final = 100
"""How wide it is where nobody says how wide it may be."""

MOST_AFFECTED: Final = 5
"""Of layers to which nothing was done, no more are shown unless all are asked for."""

_WIDEST_NAME: Final = 28
_LEAST_ROOM: Final = 30


@final
class Colours(Struct, frozen=True):
    """The escape sequences for what was added, removed or changed, or empty strings."""

    signs: dict[str, str]
    quiet: str = ""
    strong: str = ""
    plain: str = ""

    def of(self, sign: str, text: str) -> str:
        return f"{self.signs.get(sign, '')}{text}{self.plain}" if sign in self.signs else text


NO_COLOURS: Final = Colours({})
COLOURS: Final = Colours(
    {"+": "\x1b[32m", "-": "\x1b[31m", "~": "\x1b[33m", "^": "\x1b[33m", "=": "\x1b[36m", "*": "\x1b[33m"},
    quiet="\x1b[2m",
    strong="\x1b[1m",
    plain="\x1b[0m",
)


def written(difference: Difference) -> str:
    return shown(difference, Screen(), WIDTH)


def shown(difference: Difference, screen: Screen, width: int, *, is_whole: bool = False) -> str:
    """A difference on a screen; with all layers that are affected where it is to be whole."""
    return _Writer(difference, screen, width, is_whole=is_whole).text()


@final
class _Writer:
    def __init__(self, difference: Difference, screen: Screen, width: int, *, is_whole: bool) -> None:
        self.difference, self.screen, self.width, self.is_whole = difference, screen, width, is_whole
        self.colours = NO_COLOURS if screen.style == PLAIN else COLOURS

    def text(self) -> str:
        difference = self.difference
        if not difference:
            return self._line(wording.same(difference)) + "\n"
        parts = [self._head(), self._facts(), self._layers(), self._affected(), self._totals(), self._notes()]
        return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines) + "\n"

    def _line(self, text: str) -> str:
        if self.screen.encoding == "ascii":
            text = text.replace(TO, "->")
        return self.screen.shown(text) if "\x1b" not in text else text

    def _quiet(self, text: str) -> str:
        return f"{self.colours.quiet}{self._line(text)}{self.colours.plain}"

    def _head(self) -> Iterator[str]:
        old, new = self.difference.names
        yield f"{self.colours.strong}{self._line(f'{old} {TO} {new}')}{self.colours.plain}"

    def _facts(self) -> Iterator[str]:
        facts = self.difference.facts
        left = min(max((len(each.name) for each in facts), default=0), _WIDEST_NAME)
        for fact in facts:
            mark = wording.sign(fact)
            yield from self._entry(mark, fact.name, [wording.arrow(fact)], left, ("", ""))

    # ---------------------------------------------------------------------------------------------------- layers

    def _layers(self) -> Iterator[str]:
        rows = []
        before = ""
        for each in self.difference.done:
            where = wording.places(each)
            said = [wording.headline(each), wording.shapes(each), where]
            if where and where == before:
                said = [f"{said[0]}, in the same {len(each.uses)} uses", said[1]]
            rows.append((each, [line for line in said if line]))
            before = where
        yield from self._table(rows)

    def _affected(self) -> Iterator[str]:
        changes = self.difference.of(Kind.AFFECTED)
        if not changes:
            return
        yield self._quiet("affected by that")
        least = changes if self.is_whole else changes[:MOST_AFFECTED]
        rows = []
        for each in least:
            said = ": ".join(filter(None, (wording.headline(each), wording.shapes(each))))
            rows.append((each, [said, wording.places(each)] if self.is_whole and len(each.uses) > 1 else [said]))
        yield from self._table(rows, is_quiet=True)
        left = sum(len(each.uses) for each in changes[len(least) :])
        if left:
            yield self._quiet(f"  and {left} more layers; `--all` shows them")

    def _table(self, rows: Sequence[tuple[Change, list[str]]], *, is_quiet: bool = False) -> Iterator[str]:
        names = [each.place for each, _ in rows]
        left = min(max(map(len, names), default=0), _WIDEST_NAME)
        amounts = [wording.costs(self.difference, each) for each, _ in rows]
        # What is a formula has no room in a column.
        amounts = [(one if len(one) <= 14 else "", other if len(other) <= 10 else "") for one, other in amounts]
        widths = [max((len(each[column]) for each in amounts), default=0) for column in (0, 1)]
        right = [(one.rjust(widths[0]), other.rjust(widths[1])) for one, other in amounts]
        if any(widths) and not is_quiet:
            titles = [title if width else "" for title, width in zip(("parameters", MACS), widths, strict=True)]
            widths = [max(width, len(title)) if width else 0 for width, title in zip(widths, titles, strict=True)]
            right = [(one.strip().rjust(widths[0]), other.strip().rjust(widths[1])) for one, other in right]
            head = "  ".join(title.rjust(width) for title, width in zip(titles, widths, strict=True) if width)
            yield self._quiet(head.rjust(self.width))
        for (change, said), name, pair in zip(rows, names, right, strict=True):
            yield from self._entry(SIGNS[change.kind], name, said, left, pair, is_quiet=is_quiet)

    def _entry(
        self, mark: str, name: str, said: Sequence[str], left: int, right: tuple[str, str], *, is_quiet: bool = False
    ) -> Iterator[str]:
        """A sign, a name, what is said of it in as many lines as it takes, and amounts at the right edge."""
        amounts = "  ".join(each for each in right if each)
        room = max(self.width - left - 4 - (len(amounts) + 2 if amounts else 0), _LEAST_ROOM)
        lines = _wrapped(said[0], room) or [""]
        first, rest = lines[0], lines[1:]
        for each in said[1:]:
            rest += _wrapped(each, max(self.width - left - 4, _LEAST_ROOM))
        if len(name) > left:
            yield self.colours.of(mark, self._line(f"{mark} {name}"))
            start = " " * (left + 4)
        else:
            start = self.colours.of(mark, self._line(f"{mark} {name:<{left}}")) + "  "
        body = self._line(first)
        gap = " " * max(self.width - left - 4 - len(first) - len(amounts), 2) if amounts.strip() else ""
        yield f"{start}{body}{gap}{amounts if amounts.strip() else ''}".rstrip()
        for each in rest:
            yield " " * (left + 4) + self._quiet(each)

    # ---------------------------------------------------------------------------------------------------- totals

    def _totals(self) -> Iterator[str]:
        rows = [self._total(each) for each in wording.totals(self.difference)]
        short = [row for row in rows if len(row) == 5]
        widths = [max(len(row[column]) for row in short) for column in range(5)] if short else []
        for row in rows:
            if len(row) < 5:
                for each in row:
                    yield from (self._line(line) for line in _wrapped(each, self.width, indent=6))
                continue
            cells = (
                row[0].ljust(widths[0]),
                *(cell.rjust(each) for cell, each in zip(row[1:], widths[1:], strict=True)),
            )
            line = f"{cells[0]}  {cells[1]} {TO} {'  '.join(cells[2:])}".rstrip()
            yield self._line(line)

    def _total(self, total: Total) -> tuple[str, ...]:
        old, new = wording.of_total(total, total.old), wording.of_total(total, total.new)
        if total.numbers is not None:
            more = wording.signed(total.change or 0, total.unit, is_short=total.name == MACS) or "the same"
            return total.name, old, new, more, wording.percent(total)
        unit = f" in {total.unit}" if total.unit else ""
        return f"{total.name}{unit}", f"    {old}", f"  {TO} {new}" if old != new else "  the same"

    def _notes(self) -> Iterator[str]:
        difference = self.difference
        if note := wording.weights(difference):
            yield from wrap(self._line(note), self.width, subsequent_indent="  ", break_long_words=False)
        if note := wording.assumed(difference):
            yield self._quiet(note)
        yield f"{self.colours.strong}{self._line(wording.counted(difference))}{self.colours.plain}"


def _wrapped(text: str, width: int, indent: int = 2) -> list[str]:
    """In lines that do not break within brackets."""
    whole = _BRACKETS.sub(lambda found: found[0].replace(" ", _NO_BREAK), text)
    lines = wrap(whole, width, subsequent_indent=indent * " ", break_long_words=False, break_on_hyphens=False)
    return [each.replace(_NO_BREAK, " ") for each in lines]


_BRACKETS: Final = re.compile(r"\[[^\[\]]*\](?: → \[[^\[\]]*\])?")
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
