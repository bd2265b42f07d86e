"""One Tree of several that say the same: the form that both syntaxes are written from.

Expressions have their usual blanks, and texts of several lines no indent that all of them share. What YAML lets stand
alone where a list belongs becomes a list; a list of one where one belongs becomes that one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from inspect import cleandoc
from typing import Final

from archspec.diagnostics import Report
from archspec.expression import Binary, Name
from archspec.rewrite.spacing import spaced
from archspec.source import Span
from archspec.syntax.fault import WORD, Fault
from archspec.syntax.parsing import nodes, parse
from archspec.syntax.text import parse_expression
from archspec.syntax.tree import BESIDE_OP, Entry, Fields, Items, Scalar, Tree, holds_layers, is_blank
from archspec.syntax.values import ValueReader

_Change = Callable[[Tree], Tree]

REST: Final = "..."
"""What stands for any axes in a shape."""


def canonical_tree(tree: Fields) -> Fields:
    """The same file, model, block, cell or variant, in the form that it is written in."""
    return _changed(tree, lambda entry: _KEYS.get(entry.key.text, _same)(entry.value))


def _changed(tree: Fields, change: Callable[[Entry], Tree]) -> Fields:
    return Fields(tuple(Entry(entry.key, change(entry)) for entry in tree.entries), tree.span)


def _same(tree: Tree) -> Tree:
    return tree


def _each(change: _Change) -> _Change:
    """The change of every value under a key of the user's."""
    return lambda tree: _changed(tree, lambda entry: change(entry.value)) if isinstance(tree, Fields) else tree


def _list(tree: Tree) -> Tree:
    return Items((tree,), tree.span) if isinstance(tree, Scalar) and not is_blank(tree) else tree


def _definition(tree: Tree) -> Tree:
    if is_blank(tree):
        return Fields((), tree.span)
    return canonical_tree(tree) if isinstance(tree, Fields) else tree


def doc(tree: Tree) -> Tree:
    """A text; one of several lines starts at its first word, ends at its last, and is indented no more than it must."""
    if isinstance(tree, Scalar) and "\n" in tree.text:
        return replace(tree, text=cleandoc("\n" + tree.text))
    return tree


# ---------------------------------------------------------------------------------------------------------- values


def value(tree: Tree) -> Tree:
    """What stands in a setting, as the text form gives it."""
    if isinstance(tree, Items):
        return Items(tuple(map(value, tree.items)), tree.span)
    if not isinstance(tree, Scalar) or tree.is_quoted or not tree.text or WORD.fullmatch(tree.text):
        return tree
    try:
        (expression,) = nodes(parse(tree, "value"))
    except Fault:
        return replace(tree, text=spaced(tree.text))
    return _spaced(ValueReader(tree, Report()).value(expression))


def _spaced(tree: Tree) -> Tree:
    if isinstance(tree, Items):
        return Items(tuple(map(_spaced, tree.items)), tree.span)
    if isinstance(tree, Scalar) and not tree.is_quoted:
        return replace(tree, text=spaced(tree.text))
    return tree


def _settings(tree: Tree) -> Tree:
    """The settings of an op: a single one without a name stands alone."""
    if not isinstance(tree, Fields):
        return value(tree)
    changed = _each(value)(tree)
    alone = tree.get("1") if len(tree.entries) == 1 else None
    return changed if alone is None or isinstance(alone, Fields) else value(alone)


def _parameter(tree: Tree) -> Tree:
    return _each(value)(tree) if isinstance(tree, Fields) else value(tree)


def _shape(tree: Tree) -> Tree:
    if isinstance(tree, Fields):
        shape = tree.get("shape")
        if len(tree.entries) > 1 or shape is None:
            return _changed(tree, lambda entry: value(entry.value) if entry.key.text == "shape" else entry.value)
        tree = shape
    return value(tree)


def _name(tree: Tree) -> Tree:
    """A text that means the same in quotes."""
    return replace(tree, is_quoted=False) if isinstance(tree, Scalar) and tree.text else tree


def _expectations(tree: Tree) -> Tree:
    """Equations as fields where all are such and no name comes twice; else a list of conditions."""
    if isinstance(tree, Fields):
        return _each(value)(tree)
    if not isinstance(tree, Items):
        return tree
    conditions = tuple(map(_condition, tree.items))
    equations = [entry for each in conditions if (entry := _equation(each)) is not None]
    if conditions and len({entry.key.text for entry in equations}) == len(conditions):
        return Fields(tuple(equations), tree.span)
    return Items(conditions, tree.span)


def _condition(tree: Tree) -> Tree:
    if not isinstance(tree, Fields):
        return value(tree)
    that = tree.get("that")
    if len(tree.entries) == 1 and that is not None:
        return value(that)
    return _changed(tree, lambda entry: value(entry.value) if entry.key.text == "that" else entry.value)


_EQUATION: Final = re.compile(r"([^\W\d]\w*) == (.+)")


def _equation(tree: Tree) -> Entry | None:
    equation = _EQUATION.fullmatch(tree.text) if isinstance(tree, Scalar) and not tree.is_quoted else None
    if equation is None:
        return None
    try:
        expression = parse_expression(Scalar(equation.string, tree.span))
    except Fault:
        return None
    match expression:
        case Binary("==", Name(name)) if name == equation[1]:
            place = tree.span.source.span(tree.span.start, tree.span.start)
            return Entry(Scalar(name, place), value(Scalar(equation[2], tree.span)))
    return None


# ---------------------------------------------------------------------------------------------------------- layers


def _layers(tree: Tree) -> Tree:
    """The layers under a key: a list, even where there is but one, or none."""
    if is_blank(tree):
        return Items((), tree.span)
    items = tree.items if isinstance(tree, Items) else (tree,)
    return Items(tuple(map(_layer, items)), tree.span)


def _layer(tree: Tree) -> Tree:
    match tree:
        case Items(items, span):
            return Items(tuple(map(_layer, items)), span)
        case Fields():
            changed = _changed(tree, lambda entry: _part(entry, tree))
            return _with_then(changed)
    return tree


def _part(entry: Entry, layer: Fields) -> Tree:
    """What stands under a key of a layer."""
    key, tree = entry.key.text, entry.value
    if holds_layers(entry):
        return _layers(tree)
    if key == "from":
        sources = tuple(map(_layer, tree.items)) if isinstance(tree, Items) else (_layer(tree),)
        is_word = len(sources) == 1 and isinstance(sources[0], Scalar)
        return sources[0] if is_word else Items(sources, tree.span)
    if key == "name" and isinstance(tree, Items) and len(tree.items) == 1:
        return tree.items[0]
    if key == "for" and is_construct(layer, "for") and isinstance(tree, Scalar):
        return Items((tree,), tree.span)
    return tree if key in BESIDE_OP or key == "for" else _settings(tree)


def _with_then(layer: Fields) -> Fields:
    """A choice with both sides that the text form has."""
    if not is_construct(layer, "if") or layer.entry("then") is not None:
        return layer
    nothing = Span(layer.span.source, layer.span.start, layer.span.start)
    return Fields((*layer.entries, Entry(Scalar("then", nothing), Items((), nothing))), layer.span)


PARTS: Final = {
    "residual": ("residual", "shortcut"),
    "repeat": ("layers",),
    "for": ("in", "layers"),
    "if": ("then", "else"),
}
"""The constructs, each with the keys by which one knows that it is no op of this name."""


def is_construct(layer: Fields, kind: str) -> bool:
    return layer.entry(kind) is not None and any(layer.entry(key) is not None for key in PARTS[kind])


_KEYS: Final[dict[str, _Change]] = {
    "use": _list,
    "doc": doc,
    "params": _each(_parameter),
    "inputs": _each(_shape),
    "state": _each(_shape),
    "init": _settings,
    "layers": _layers,
    "chain": _layers,
    "expect": _expectations,
    "rename": _each(_name),
    "set": _each(value),
    "blocks": _each(_definition),
    "cells": _each(_definition),
    "variants": _each(_definition),
}
