"""The Tree: what both syntaxes give, and the last stage that sees how a spec was written.

A tree has the form of the YAML file: scalars, items and fields, each with its place. Behind it nothing knows which
syntax was used, so that every later feature works for both, with the same lines and carets.

Layers have one form whichever way they were written:

- a word: an op without settings, or at the start of a chain the name of a value;
- `{conv: {channels: 64, kernel: 3}}`: an op with its settings; a single value that needs no name stands alone, as in
  `{avgpool: 2}`, and beside other settings under its position, as in `{conv: {1: 64, kernel: 3}}`;
- `{chain: [...]}`: steps joined by arrows; `{layers: [...]}`: lines in braces; both mostly with a `name`;
- a list: steps joined by arrows, without a name;
- `{add: {}, branches: [...]}`: an op that is fed by each of its branches;
- `{residual: [...], shortcut: [...]}`: the sum of two, of which the second may be missing;
- `{repeat: 3, layers: [...]}`, `{for: [a, b], in: ..., layers: [...]}`, `{if: ..., then: [...], else: [...]}`;
- `{value: gate * x + 1}`: a formula of values.

Beside its op, a layer has the `name` of its value (several, where the op gives several), or is an `output`, perhaps
only `when` training, or the `next` value of a state of a cell. `from` says what flows into it where that is not what
the step before gives: a list of names, formulas, layers, and steps joined by arrows.

A file has the keys of its model (`model`, `doc`, `params`, `inputs`, `init`, `layers`, `expect`), and beside them:

- `use`: the files whose blocks and cells it knows, such as `[blocks/se.arch, std.se]`;
- `blocks`, `cells` and `variants` by their names. A cell has a `state` beside its `inputs`: shapes by their names;
- `rename`: what files call weights, by what the model calls them, such as `{encoder.layers.*: transformer.h.*}`.

A parameter is its default, or `{type: number, min: 0, default: 1.0}`; words among which it is stand under `values`.
Initialisers have the form of an op's settings: `init: normal(std=0.02)`, `init: {1: kaiming, bias: zeros}`. What is
expected is `{output: [B, 10]}`, or a list of conditions and of `{that: ..., message: ...}`.

What could not be read is a hole, and what stands around it is read all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeAlias, final

from msgspec import Struct

from archspec.source import Hole, Span
from archspec.spelling import closest


@final
@dataclass(frozen=True)
class Scalar:
    """A word, number, expression or text, as it was written."""

    text: str
    span: Span = field(compare=False, repr=False)
    is_quoted: bool = field(default=False, compare=False)

    is_mended: bool = field(default=False, compare=False)
    """Whether it stands for a text that is as long, of which something could not be read."""

    parsed: object = field(default=None, compare=False, repr=False)
    """What the parser made of it when it read what is around it, so that it need not do so again."""

    def place(self, start: int, end: int) -> Span:
        """The place of the characters `start` to `end` of the text; of all of it where the source differs from it."""
        offset = self._offset
        return self.span if offset is None else Span(self.span.source, offset + start, offset + end)

    @cached_property
    def _offset(self) -> int | None:
        """Where the text begins in the source, when it stands there character for character."""
        written = self.span.text
        if written == self.text or self.is_mended:
            return self.span.start
        if self.is_quoted and written[1:-1] == self.text:
            return self.span.start + 1
        return None


@final
@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple[Tree, ...]
    span: Span = field(compare=False, repr=False)


@final
class Entry(Struct, frozen=True):
    """A key with its value."""

    key: Scalar
    value: Tree


@final
@dataclass(frozen=True, eq=False)
class Fields:
    """Keys with their values. Each key occurs once; two are equal when they say the same in whatever order."""

    entries: tuple[Entry, ...]
    span: Span = field(repr=False)

    @cached_property
    def _by_key(self) -> dict[str, Entry]:
        return {entry.key.text: entry for entry in self.entries}

    def entry(self, key: str) -> Entry | None:
        return self._by_key.get(key)

    def get(self, key: str) -> Tree | None:
        entry = self._by_key.get(key)
        return None if entry is None else entry.value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Fields):
            return NotImplemented
        mine, theirs = self._by_key, other._by_key
        return mine.keys() == theirs.keys() and all(mine[key].value == theirs[key].value for key in mine)

    def __hash__(self) -> int:
        return hash(frozenset(self._by_key))


def one_of(first: Entry, second: Entry) -> Entry:
    """What two entries with one key are taken for: where they say different things, nobody knows which is meant."""
    if first.value == second.value:
        return first
    return Entry(first.key, Hole(first.value.span.until(second.value.span)))


Tree: TypeAlias = Scalar | Items | Fields | Hole

UNREADABLE: Final = "__"
"""The word that stands in a mended text for what could not be read."""

LINES: Final = ("layers", "chain")
"""The keys that hold the layers of a group."""

HOLDING: Final = (*LINES, "branches", "residual", "shortcut", "then", "else")
"""The keys that hold layers."""

BESIDE_OP: Final = ("name", "output", "when", "next", "from")
"""The keys that a layer may have beside its op."""

NO_OPS: Final = (*BESIDE_OP, *HOLDING, "value", "repeat", "for", "in", "if")
"""The keys that a mapping has for what it is itself, and that therefore are the name of no op."""


def holds_layers(entry: Entry) -> bool:
    """Whether a key is one of those that hold layers, or is misspelt and stands before what no other key can hold."""
    if entry.key.text in HOLDING:
        return True
    items = entry.value.items if isinstance(entry.value, Items) else ()
    return any(isinstance(each, Fields) for each in items) and closest(entry.key.text, LINES) is not None


def is_blank(tree: Tree) -> bool:
    """Whether nothing is written where a value belongs, as behind the colon of `relu:`."""
    return isinstance(tree, Scalar) and not tree.text and not tree.is_quoted


def kind_of(tree: Tree) -> str:
    """What a tree is, in a message."""
    if isinstance(tree, Scalar):
        return "nothing" if is_blank(tree) else f"`{tree.text}`" if len(tree.text) <= SHORT else "a text"
    return "a list" if isinstance(tree, Items) else "a mapping"


SHORT: Final = 40
"""A text that is no longer than this is named in a message."""


def locate(tree: Tree, location: Sequence[str | int]) -> Span:
    """The place in a tree that a pydantic error location names.

    Parts of the location that name no key and no item, such as the tag of a union, are passed over.
    """
    for part in location:
        if isinstance(tree, Fields) and isinstance(part, str):
            tree = tree.get(part) or tree
        elif isinstance(tree, Items) and isinstance(part, int) and part < len(tree.items):
            tree = tree.items[part]
    return tree.span
