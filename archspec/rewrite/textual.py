"""What YAML can say in a way that the text form has not, said as the text form says it.

`{linear: 10, from: x}` is `x -> linear(10)` there, and `{relu: {}}` is `relu`. What would mean another thing is left as
it is, and cannot be written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, final

from msgspec import Struct

from archspec.syntax.tree import HOLDING, NO_OPS, Entry, Fields, Items, Scalar, Tree, is_blank

VERSION: Final = "1"
"""The version of the language, which a YAML file names and a `.arch` file does not."""

_LABELS: Final = ("name", "output", "next")
_MAY_BE_EMPTY: Final = (
    "doc",
    "use",
    "params",
    "inputs",
    "state",
    "expect",
    "blocks",
    "cells",
    "variants",
    "set",
    "rename",
)


def textual_tree(tree: Fields) -> Fields:
    """The same file, said as the text form says it."""
    version = tree.get("archspec")
    if isinstance(version, Scalar) and version.text == VERSION:
        tree = _without(tree, "archspec")
    return _definition(tree, frozenset(_names_in(_without(tree, "rename"))))


def _definition(tree: Fields, names: frozenset[str]) -> Fields:
    """A file, model, block, cell or variant without what says nothing."""
    changed = (_part(entry, names) for entry in tree.entries if not _is_nothing(entry))
    return Fields(tuple(changed), tree.span)


def _is_nothing(entry: Entry) -> bool:
    match entry.value:
        case Fields(entries):
            is_empty = not entries
            if entry.key.text == "init":
                return is_empty
        case Items(items):
            is_empty = not items
        case _:
            is_empty = is_blank(entry.value)
    return is_empty and entry.key.text in _MAY_BE_EMPTY


def _part(entry: Entry, names: frozenset[str]) -> Entry:
    key, tree = entry.key.text, entry.value
    if key == "layers" and isinstance(tree, Items):
        return Entry(entry.key, _Layers(names).lines(tree))
    if key == "chain" and isinstance(tree, Items):
        chain = _Layers(names).chain(tree)
        is_nested = len(chain.items) == 1 and isinstance(chain.items[0], Items)
        return Entry(entry.key, chain.items[0] if is_nested else chain)
    if key in ("blocks", "cells", "variants") and isinstance(tree, Fields):
        definitions = (
            Entry(each.key, _definition(each.value, names) if isinstance(each.value, Fields) else each.value)
            for each in tree.entries
        )
        return Entry(entry.key, Fields(tuple(definitions), tree.span))
    return entry


def _names_in(tree: Tree) -> Iterator[str]:
    """The names that values, layers and parameters are given anywhere in a tree."""
    for item in tree.items if isinstance(tree, Items) else ():
        yield from _names_in(item)
    for entry in tree.entries if isinstance(tree, Fields) else ():
        value = entry.value
        if entry.key.text in _LABELS:
            words = value.items if isinstance(value, Items) else (value,)
            yield from (each.text for each in words if isinstance(each, Scalar))
        if entry.key.text in ("inputs", "state", "params") and isinstance(value, Fields):
            yield from (each.key.text for each in value.entries)
        yield from _names_in(value)


def _without(tree: Fields, *keys: str) -> Fields:
    return Fields(tuple(each for each in tree.entries if each.key.text not in keys), tree.span)


@final
class _Layers(Struct, frozen=True):
    """Layers of one file, whose words may be these names."""

    names: frozenset[str]

    def lines(self, tree: Items) -> Items:
        return Items(tuple(map(self.line, tree.items)), tree.span)

    def line(self, tree: Tree) -> Tree:
        """A layer that has a line of its own."""
        if isinstance(tree, Items):
            return self.line(tree.items[0]) if len(tree.items) == 1 else self.chain(tree)
        if not isinstance(tree, Fields):
            return tree
        tree = self.inside(tree)
        label = next((entry for entry in tree.entries if entry.key.text in _LABELS), None)
        source = tree.get("from")
        if isinstance(source, Items) and len(source.items) == 1:
            source = source.items[0]
        if source is not None and self.may_start(source, label):
            return self.started(tree, source)
        steps = tree.entry("chain")
        if steps is not None and isinstance(steps.value, Items):
            return self.unchained(tree, steps, steps.value, label)
        return tree if label is not None and label.key.text == "name" else self.as_word(tree)

    def may_start(self, source: Tree, label: Entry | None) -> bool:
        """Whether a chain may start with what flows into a layer: a value, or layers in a chain without a name."""
        if isinstance(source, Scalar):
            return self.is_name(source)
        return not isinstance(source, Items | Scalar) and label is None

    def started(self, tree: Fields, source: Tree) -> Tree:
        """A layer that is the end of a chain, which starts with what flows in."""
        labels = tuple(each for each in tree.entries if each.key.text in (*_LABELS, "when"))
        step = self.step(_without(tree, *_LABELS, "when", "from"), is_start=False)
        chain = Items((self.step(source, is_start=True), step), tree.span)
        if not labels:
            return chain
        return Fields((*labels, Entry(Scalar("chain", chain.span), chain)), tree.span)

    def unchained(self, tree: Fields, entry: Entry, steps: Items, label: Entry | None) -> Tree:
        """A chain without a name is its steps; one of a single step is a group, which the text form has for one."""
        if label is None and len(tree.entries) == 1:
            return self.line(steps)
        only = steps.items[0] if len(steps.items) == 1 else None
        is_value = isinstance(only, Scalar) and (only.text in NO_OPS or (label and label.key.text != "name"))
        if only is None or is_value:
            return tree
        rest = (Entry(Scalar("layers", entry.key.span), each.value) if each is entry else each for each in tree.entries)
        return Fields(tuple(rest), tree.span)

    def as_word(self, tree: Fields) -> Tree:
        """An op without settings, unless its word would be taken for a value."""
        ops = [each for each in tree.entries if each.key.text not in (*_LABELS, "when")]
        is_bare = len(ops) == 1 and isinstance(ops[0].value, Fields) and not ops[0].value.entries
        if not is_bare or ops[0].key.text in (*self.names, *NO_OPS):
            return tree
        if len(tree.entries) == 1:
            return ops[0].key
        steps = Entry(Scalar("chain", tree.span), Items((ops[0].key,), tree.span))
        return Fields(tuple(steps if each is ops[0] else each for each in tree.entries), tree.span)

    def chain(self, tree: Items) -> Items:
        steps = (self.step(each, is_start=index == 0) for index, each in enumerate(tree.items))
        return Items(tuple(steps), tree.span)

    def step(self, tree: Tree, *, is_start: bool) -> Tree:
        """A layer in a chain: what needs a line of its own has one in braces."""
        if isinstance(tree, Items) and len(tree.items) == 1 and not self.is_name(tree.items[0]):
            return self.step(tree.items[0], is_start=is_start)
        changed = self.line(tree)
        if isinstance(changed, Items):
            return changed if is_start else self.in_braces(changed)
        if not isinstance(changed, Fields):
            return changed
        keys = {entry.key.text for entry in changed.entries}
        is_free = keys.isdisjoint(_LABELS) and (is_start or keys.isdisjoint(("from", "value")))
        # Behind an arrow the name of a layer means that layer, and in braces it does not.
        return changed if is_free or keys & self.names else self.in_braces(changed)

    def is_name(self, tree: Tree) -> bool:
        return isinstance(tree, Scalar) and tree.text in self.names

    def in_braces(self, tree: Tree) -> Fields:
        return Fields((Entry(Scalar("layers", tree.span), Items((tree,), tree.span)),), tree.span)

    def inside(self, tree: Fields) -> Fields:
        """A layer with the layers in it changed."""
        return Fields(tuple(Entry(each.key, self.under(each.key.text, each.value)) for each in tree.entries), tree.span)

    def under(self, key: str, tree: Tree) -> Tree:
        if key == "chain" and isinstance(tree, Items):
            return self.chain(tree)
        if key in HOLDING and isinstance(tree, Items):
            return self.lines(tree)
        if key == "from" and isinstance(tree, Items):
            return Items(tuple(self.step(each, is_start=True) for each in tree.items), tree.span)
        return tree
