"""A difference in Markdown, for the description of a change that is to be reviewed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archspec.difference import Difference, Kind, Total, wording
from archspec.difference.wording import MACS, TO


def written(difference: Difference) -> str:
    old, new = difference.names
    parts = [[f"### {_code(old)} {TO} {_code(new)}"]]
    if not difference:
        parts.append([_escaped(wording.same(difference))])
    else:
        parts += [_totals(difference), _facts(difference), _layers(difference)]
        parts += [_affected(difference), _notes(difference)]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _totals(difference: Difference) -> list[str]:
    return _table(("total", "before", "after", "change"), [_total(each) for each in wording.totals(difference)])


def _total(total: Total) -> list[str]:
    old, new = (_escaped(wording.of_total(total, each)) for each in (total.old, total.new))
    more = "" if total.numbers is None else wording.signed(total.change or 0, total.unit, is_short=total.name == MACS)
    part = f" ({wording.percent(total)})" if wording.percent(total) else ""
    unit = " in bytes" if total.unit and total.numbers is None else ""
    return [f"{total.name}{unit}", old, new, f"{more}{part}" or ("" if old != new else "the same")]


def _facts(difference: Difference) -> list[str]:
    return [
        f"- {_escaped(each.name)}: {_code(wording.arrow(each))}{_word(each.old, each.new)}" for each in difference.facts
    ]


def _word(old: str | None, new: str | None) -> str:
    return " is new" if old is None else " is no more" if new is None else ""


def _layers(difference: Difference) -> list[str]:
    rows = []
    for each in difference.done:
        said = [wording.headline(each), wording.shapes(each), wording.places(each)]
        told = "<br>".join(_escaped(line) for line in said if line)
        rows.append([each.kind.value, _code(each.place), told, *wording.costs(difference, each)])
    return _table(("", "layer", "what", "parameters", MACS), rows) if rows else []


def _affected(difference: Difference) -> list[str]:
    changes = difference.of(Kind.AFFECTED)
    if not changes:
        return []
    number = sum(len(each.uses) for each in changes)
    rows = [
        [
            _code(each.place),
            "<br>".join(_escaped(line) for line in (wording.shapes(each), wording.places(each)) if line),
            *wording.costs(difference, each),
        ]
        for each in changes
    ]
    table = _table(("layer", "output", "parameters", MACS), rows)
    title = f"{number} layer{'' if number == 1 else 's'} affected by that"
    return [f"<details><summary>{title}</summary>", "", *table, "", "</details>"]


def _notes(difference: Difference) -> list[str]:
    notes = (wording.weights(difference), wording.counted(difference), wording.assumed(difference))
    return [f"- {_escaped(note)}" for note in notes if note]


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    numbers = ("before", "after", "change", "parameters", MACS)
    signs = ["---:" if title in numbers else ":---" for title in titles]
    return [_row(titles), _row(signs), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """In a span of code, which holds what it does not end."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    inside = f" {text} " if longest else text
    return f"{fence}{inside}{fence}".replace("|", "\\|").replace("\n", " ")


def _escaped(text: str) -> str:
    return "".join(_signs(text))


def _signs(text: str) -> Iterator[str]:
    for sign in text.replace("\n", " "):
        yield f"\\{sign}" if sign in "\\`*_|<[~#&" else sign
