"""A spec that begins as a copy of another: under a name of its own, with the settings of a variant as its defaults.

Only what is changed is; the comments and the order of the other are kept. A copy with other defaults has no variants:
these are other sizes of what it was, under names that others know.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import final

from msgspec import Struct
from msgspec.structs import replace

from archspec.rewrite.comments import Notes
from archspec.source import Span
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree


@final
class Beginning(Struct, frozen=True):
    """What a copy is called, and what it is a copy of."""

    name: str

    variant: str | None = None
    """The variant that it is, if it is one of a variant."""

    idle: frozenset[str] = frozenset()
    """The blocks and cells that are left out, since only other variants used them."""

    defaults: Mapping[str, str] = {}
    """What parameters are by default, where they are something else than in the other."""

    def of(self, tree: Fields) -> Fields:
        """The tree of the copy."""
        return _begun(tree, self)

    def notes_of(self, tree: Fields, notes: Notes) -> Notes:
        """What is known of the source of the tree beside it, as far as it is about the copy."""
        variants = tree.entry("variants")
        return _without(variants, notes, tree) if self.is_other and variants is not None else notes

    @property
    def is_other(self) -> bool:
        """Whether it has other defaults than what it is a copy of."""
        return self.variant is not None or bool(self.defaults)


def _begun(tree: Fields, copy: Beginning) -> Fields:
    chosen = next((each.value for each in _entries(tree.get("variants")) if each.key.text == copy.variant), None)
    own = {each.key.text: each.value for each in _entries(chosen)}
    settings = dict(_by_name(_entries(own.get("set")), tree))
    settings.update({name: Scalar(value, tree.span) for name, value in copy.defaults.items()})
    expected = own.get("expect")
    entries = []
    for entry in tree.entries:
        match entry.key.text, entry.value:
            case "model", Scalar() as model:
                entries.append(Entry(entry.key, dataclasses.replace(model, text=copy.name)))
            case "params", Fields() as declared:
                entries.append(Entry(entry.key, _with_defaults(declared, settings)))
            case "expect", here if expected is not None:
                place = Span(here.span.source, here.span.end, here.span.end)
                both = (*_conditions(here), *(_put(each, place) for each in _conditions(expected)))
                entries.append(Entry(entry.key, Items(both, here.span)))
                expected = None
            case (("blocks" | "cells"), Fields() as defined):
                used = tuple(each for each in defined.entries if each.key.text not in copy.idle)
                entries += [Entry(entry.key, Fields(used, defined.span))] if used else []
            case key, _ if key != "variants" or not copy.is_other:
                entries.append(entry)
    if expected is not None:
        body = (tree.get("layers") or tree).span
        place = Span(body.source, body.end, body.end)
        entries.append(Entry(Scalar("expect", place), _put(expected, place)))
    return Fields(tuple(entries), tree.span)


def _without(variants: Entry, notes: Notes, tree: Fields) -> Notes:
    spans = [variants.key.span, variants.value.span]
    spans += [span for each in _entries(variants.value) for span in (each.key.span, each.value.span)]
    first, last = min(each.start for each in spans), max(each.end for each in spans)
    text = notes.source.text
    # What stands between the model and its variants is about these; inside its braces it is about the model.
    others = (each.value.span.end for each in tree.entries if each is not variants)
    start = max(end for end in (0, *others, text.rfind("\n}\n", 0, first)) if end <= first)
    end = text.find("\n", last)
    comments = (each for each in notes.comments if not start <= each.place < (len(text) if end < 0 else end))
    return replace(notes, comments=tuple(comments))


def _by_name(settings: tuple[Entry, ...], tree: Fields) -> dict[str, Tree]:
    """Settings by the names of the parameters, also those that are told by their position."""
    names = [each.key.text for each in _entries(tree.get("params"))]
    keys = (each.key.text for each in settings)
    named = (names[int(key) - 1] if key.isdecimal() and 0 < int(key) <= len(names) else key for key in keys)
    return {key: each.value for key, each in zip(named, settings, strict=True)}


def _with_defaults(declared: Fields, settings: Mapping[str, Tree]) -> Fields:
    entries = []
    for entry in declared.entries:
        given, value = settings.get(entry.key.text), entry.value
        if given is not None and isinstance(value, Fields):
            value = _with_default(value, given)
        elif given is not None:
            value = _put(given, value.span)
        entries.append(Entry(entry.key, value))
    return Fields(tuple(entries), declared.span)


def _with_default(declared: Fields, given: Tree) -> Fields:
    """A parameter with a type, which may have had no default."""
    default = _put(given, declared.span if (old := declared.get("default")) is None else old.span)
    others = (each for each in declared.entries if each.key.text != "default")
    key = declared.entry("default") or Entry(Scalar("default", declared.span), default)
    return Fields((*others, Entry(key.key, default)), declared.span)


def _conditions(tree: Tree) -> tuple[Tree, ...]:
    """What is expected as a list of conditions, also where it stands as equations."""
    if isinstance(tree, Items):
        return tree.items
    return tuple(map(_condition, _entries(tree))) or (tree,)


def _condition(equation: Entry) -> Scalar:
    value = equation.value
    text = value.text if isinstance(value, Scalar) else value.span.text
    return Scalar(f"{equation.key.text} == {text}", equation.key.span.until(value.span))


def _put(tree: Tree, place: Span) -> Tree:
    """The same, as if it were written at a place: that is where the comments around it are looked for."""
    match tree:
        case Items(items):
            return Items(tuple(_put(each, place) for each in items), place)
        case Fields(entries):
            moved = (Entry(dataclasses.replace(each.key, span=place), _put(each.value, place)) for each in entries)
            return Fields(tuple(moved), place)
        case Scalar():
            return dataclasses.replace(tree, span=place)
    return tree


def _entries(tree: Tree | None) -> tuple[Entry, ...]:
    return tree.entries if isinstance(tree, Fields) else ()
