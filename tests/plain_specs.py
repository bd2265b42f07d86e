"""Specs as plain values of Python, and where something stands in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from archspec.ops import OPS
from archspec.syntax.tree import HOLDING, LINES, NO_OPS, Fields, Items, Scalar, Tree
from tests.random_specs import tree

Plain: TypeAlias = Any
"""A tree as Python has it: texts, lists and dictionaries; a scalar stays one where it is quoted."""


def plain_of(found: Tree) -> Plain:
    match found:
        case Scalar(text, is_quoted=is_quoted):
            return found if is_quoted else text
        case Items(items):
            return [plain_of(each) for each in items]
        case Fields(entries):
            return {entry.key.text: plain_of(entry.value) for entry in entries}
    raise AssertionError("a right spec has no holes")


def fields_of(plain: Plain) -> Fields:
    found = tree(plain)
    assert isinstance(found, Fields)
    return found


def parts(plain: Plain) -> tuple[dict[str, Plain], ...]:
    """The model, and its blocks and cells."""
    return (plain, *plain.get("blocks", {}).values(), *plain.get("cells", {}).values())


def lines(plain: Plain) -> Iterator[list[Plain]]:
    """The lists of layers of a spec: lines in braces, and steps joined by arrows."""
    for group in parts(plain):
        for key in LINES:
            yield from _lists(group.get(key))


def _lists(layers: Plain) -> Iterator[list[Plain]]:
    if not isinstance(layers, list):
        return
    yield layers
    for each in layers:
        if isinstance(each, list):
            yield from _lists(each)
        elif isinstance(each, dict):
            for key, inner in each.items():
                if key in (*HOLDING, "from"):
                    yield from _lists(inner)


def places(plain: Plain) -> list[tuple[list[Plain], int]]:
    """Where a layer stands: the list, and its place in that."""
    return [(found, index) for found in lines(plain) for index in range(len(found))]


def word_of(layer: Plain) -> str | None:
    """The op of a layer, or the block that it uses; `None` where it is no use of one."""
    if isinstance(layer, str):
        return layer
    if isinstance(layer, dict):
        return next((key for key in layer if key not in NO_OPS), None)
    return None


def ops_of(plain: Plain) -> list[tuple[list[Plain], int, str]]:
    """The layers whose op is one of ours."""
    found = ((steps, index, word_of(steps[index])) for steps, index in places(plain))
    return [(steps, index, word) for steps, index, word in found if word is not None and word in OPS]


def settings_of(layer: Plain, word: str) -> dict[str, Plain]:
    """What is written for the settings of a layer, by name or place."""
    given = layer.get(word, {}) if isinstance(layer, dict) else {}
    return dict(given) if isinstance(given, dict) else {"1": given}


def with_op(layer: Plain, word: str, given: Mapping[str, Plain], new: str | None = None) -> Plain:
    """A layer with other settings, or another op."""
    beside = {key: each for key, each in layer.items() if key != word} if isinstance(layer, dict) else {}
    return {new or word: dict(given), **beside}


def names_of(plain: Plain) -> list[str]:
    """What values are called anywhere in a spec."""
    found = []
    for group in parts(plain):
        found += [*group.get("inputs", {}), *group.get("state", {})]
    for steps, index in places(plain):
        if isinstance(steps[index], dict) and "name" in steps[index]:
            name = steps[index]["name"]
            found += [name] if isinstance(name, str) else name
    return [each for each in found if isinstance(each, str) and each != "_"]
