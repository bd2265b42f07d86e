"""How a difference is put into words, in whatever form it is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from archspec.difference import Change, Difference, Fact, Kind, Total
from archspec.graph import Path
from archspec.size import Size
from archspec.summary.wording import exact, of_bytes, short

TO: Final = "→"
"""Stands between what was and what is."""

MOST_WAYS: Final = 4
"""Of what differs from use to use, no more ways are told."""

MOST_SHAPES: Final = 2
"""Of shapes, which are long, no more are told."""

MOST_USES: Final = 6
"""Of the uses of a block, no more stretches are named."""

SIGNS: Final = {
    Kind.ADDED: "+",
    Kind.REMOVED: "-",
    Kind.CHANGED: "~",
    Kind.MOVED: "^",
    Kind.RENAMED: "=",
    Kind.REPEATED: "*",
    Kind.AFFECTED: " ",
}


def arrow(fact: Fact) -> str:
    """What was and what is; or the one of them that there is."""
    if fact.old is None or fact.new is None:
        return fact.new or fact.old or ""
    old, new = (_LONG.sub(lambda number: f"{float(number[0]):.4g}", each) for each in (fact.old, fact.new))
    return f"{fact.old} {TO} {fact.new}" if old == new else f"{old} {TO} {new}"


_LONG: Final = re.compile(r"\d+\.\d{6,}")
"""A number with more digits than one takes in."""


def sign(fact: Fact) -> str:
    return SIGNS[Kind.ADDED if fact.old is None else Kind.REMOVED if fact.new is None else Kind.CHANGED]


def headline(change: Change) -> str:
    """What became of it, in one line."""
    old, new = change.what
    use = change.uses[0]
    match change.kind:
        case Kind.ADDED | Kind.REMOVED:
            return _alone(change, new or old)
        case Kind.REPEATED:
            passes = ways(change.facts["passes"])
            return f"{new}: {passes} passes" if new else f"{passes} passes"
        case Kind.RENAMED:
            return f"{arrow(use.facts[0])}{f', {new}' if new else ''}" if len(change.uses) == 1 else _done(change)
        case Kind.AFFECTED:
            return new.partition("(")[0]
    word = new.partition("(")[0]
    if "op" in change.facts or "block" in change.facts:
        return _done(change)
    return f"{word}: {_done(change)}" if word else _done(change)


def _alone(change: Change, what: str) -> str:
    """Something that was added or removed."""
    use = change.uses[0]
    words = what or ("" if use.layers == 1 else "a group")
    if use.layers > 1:
        words += f" of {use.layers} layers"
    if use.behind and len(change.uses) == 1:
        words += f", {'was ' if change.kind is Kind.REMOVED else ''}behind {use.behind}"
    return words


def _done(change: Change) -> str:
    """What was done: settings by their names, and the rest in words."""
    found = []
    for name, facts in change.facts.items():
        if name in ("op", "block"):
            found.append(ways(facts))
        elif name == "name":
            found.append(f"was {facts[0].old}" if len(facts) == 1 else f"was {ways(facts)}")
        elif name == "place":
            found.append(f"{facts[0].new}, was {facts[0].old}")
        else:
            found.append(f"{name} {ways(facts)}")
    return "; ".join(found)


def ways(facts: Sequence[Fact], most: int = MOST_WAYS) -> str:
    """What was and what is, for each way in which it differs."""
    told = ", ".join(_way(each) for each in facts[:most])
    return f"{told}, ..." if len(facts) > most else told


def shapes(change: Change) -> str:
    """What it gives, where that differs."""
    return "; ".join(f"{name} {ways(facts, MOST_SHAPES)}" for name, facts in change.shapes.items())


def _way(fact: Fact) -> str:
    if fact.old is None:
        return f"added: {fact.new}"
    return f"no more: {fact.old}" if fact.new is None else arrow(fact)


def places(change: Change) -> str:
    """Where it is, when it is told of several uses at once."""
    if len(change.uses) == 1:
        return ""
    is_in_block = all(use.home for use in change.uses) and len({use.path[len(use.home) :] for use in change.uses}) == 1
    found = list(stretches(use.home if is_in_block else use.path for use in change.uses))
    told = ", ".join(found[:MOST_USES])
    return f"{'in ' if is_in_block else ''}{len(change.uses)} {'uses' if is_in_block else 'times'}: {told}" + (
        ", ..." if len(found) > MOST_USES else ""
    )


def stretches(paths: Iterable[Path]) -> Iterator[str]:
    """Paths in order, those that differ in one number only and follow each other as one: `layer1.0-2.conv1`."""
    known = [(path, _number(path)) for path in paths]
    for (front, rest), some in groupby(known, key=lambda each: _around(*each)):
        numbers = [int(path[place]) for path, place in some if place is not None]
        if not numbers:
            yield ".".join(front)
            continue
        start = before = numbers[0]
        for number in (*numbers[1:], None):
            if number != before + 1:
                told = str(start) if start == before else f"{start}-{before}"
                yield ".".join((*front, told, *rest))
                start = number or 0
            before = number or 0


def _number(path: Path) -> int | None:
    """Where the last number in a path stands."""
    return next((place for place in range(len(path) - 1, -1, -1) if path[place].isdecimal()), None)


def _around(path: Path, place: int | None) -> tuple[Path, Path]:
    return (path, ()) if place is None else (path[:place], path[place + 1 :])


# --------------------------------------------------------------------------------------------------------- amounts


def amount(size: Size, unit: str = "", *, is_short: bool = False) -> str:
    return of_bytes(size) if unit == "bytes" else short(size) if is_short else exact(size)


def signed(size: Size, unit: str = "", *, is_short: bool = False) -> str:
    """A change, with its sign; nothing where there is none."""
    if not isinstance(size, int):
        return amount(size, unit, is_short=is_short)
    if size == 0:
        return ""
    return f"{'+' if size > 0 else '-'}{amount(abs(size), unit, is_short=is_short)}"


def percent(total: Total) -> str:
    """By how much a total is larger or smaller, where it was not 0."""
    if total.numbers is None or not total.numbers[0]:
        return ""
    old, new = total.numbers
    part = 100 * (new - old) / old
    if new != old and abs(part) < LEAST_PART:
        return f"{part:+.1g} %"
    return "" if new == old else f"{part:+.1f} %"


LEAST_PART: Final = 0.1
"""Less than this is told with the first digit that is not 0."""


def of_total(total: Total, sizes: tuple[Size, ...]) -> str:
    """One side of a total."""
    numbers = [each for each in sizes if isinstance(each, int)]
    if len(numbers) == len(sizes):
        return amount(max(numbers), total.unit, is_short=total.name == MACS)
    if len(sizes) > 1:
        return f"the largest of {len(sizes)} formulas"
    return amount(sizes[0], total.unit, is_short=False)


MACS: Final = "MACs"


def costs(difference: Difference, change: Change) -> tuple[str, str]:
    """How many parameters and multiply-adds more or less a change comes to."""
    pairs = []
    for name in ("parameters", "macs"):
        old, new = getattr(change.before, name), getattr(change.after, name)
        pairs.append(difference.new.of_one(new) - difference.old.of_one(old))
    return signed(pairs[0]), signed(pairs[1], is_short=True)


def totals(difference: Difference) -> Sequence[Total]:
    """The totals that are told: parameters and multiply-adds, and what else differs."""
    return [each for each in difference.totals if each.key in ("parameters", "macs") or each.old != each.new]


def assumed(difference: Difference) -> str:
    """For which batch the totals are, where one that depends on it differs."""
    differs = any(each.old != each.new for each in difference.totals if each.key not in ("parameters", "buffers"))
    sizes = ", ".join(f"{name} = 1" for name in difference.batches)
    return f"MACs and memory are for {sizes}" if sizes and differs else ""


def counted(difference: Difference) -> str:
    """How many changes there are of each kind."""
    words = {
        Kind.ADDED: "added",
        Kind.REMOVED: "removed",
        Kind.CHANGED: "changed",
        Kind.MOVED: "moved",
        Kind.RENAMED: "renamed",
    }
    found = []
    for kind, word in words.items():
        number = sum(max(use.layers, 1) for change in difference.of(kind) for use in change.uses)
        if number:
            found.append(f"{number} {word}")
    told = f"layers: {', '.join(found)}" if found else ""
    if repeats := difference.of(Kind.REPEATED):
        told += f"{'; ' if told else ''}{len(repeats)} {_plural('repeat', len(repeats))} of another length"
    if affected := sum(len(change.uses) for change in difference.of(Kind.AFFECTED)):
        told += f"{'; ' if told else ''}{affected} {_plural('layer', affected)} affected"
    if difference.facts and not told:
        told = "the layers are the same"
    return told


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"


def same(difference: Difference) -> str:
    """What there is to say where nothing differs."""
    summary = difference.new
    macs = summary.of_one(summary.macs)
    return f"no difference: {summary.model}, {exact(summary.parameters)} parameters, {short(macs)} MACs"


def weights(difference: Difference) -> str:
    """That files of weights call layers in another way."""
    found = difference.renamed_weights
    if not found:
        return ""
    told = ", ".join(f"{old} {TO} {new}" for old, new in found[:3])
    subject = "1 layer with weights has" if len(found) == 1 else f"{len(found)} layers with weights have"
    return f"{subject} another name than in files of the old model: {told}{', ...' if len(found) > 3 else ''}"
