"""What was parsed as scalars, items and fields of a Tree, each with its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from inspect import cleandoc
from typing import Final, final

from msgspec import Struct

from archspec.catalog.text import DuplicateKey, SyntaxFault
from archspec.diagnostics import Report
from archspec.source import Hole, Span
from archspec.syntax.automaton import Node, Part, Token
from archspec.syntax.parsing import as_node, as_token, nodes, parts
from archspec.syntax.tree import UNREADABLE, Entry, Fields, Items, Scalar, Tree, one_of


@final
class Parsed(Struct, frozen=True):
    """A part of a scalar, as the parser left it."""

    scalar: Scalar
    node: Node


@final
class ValueReader:
    """Turns what was parsed of one scalar into the words, values and settings of a Tree."""

    def __init__(self, scalar: Scalar, report: Report) -> None:
        self.scalar = scalar
        self.report = report

    def place(self, node: Node | Token) -> Span:
        return self.scalar.place(node.start, node.end)

    def word(self, part: Part) -> Scalar:
        token = as_token(part)
        return Scalar(str(token), self.place(token))

    def is_unreadable(self, text: str) -> bool:
        """Whether something stands there that could not be read."""
        return self.scalar.is_mended and UNREADABLE in _WORD.findall(text)

    def refuse(self, place: Span, problem: str, cure: str = "") -> None:
        self.report.add(SyntaxFault(place, "", problem=problem, cure=cure))

    def key(self, text: str, place: Span) -> Scalar:
        """A key that the syntax implies; its place is the statement that implies it."""
        return Scalar(text, place)

    def written(self, node: Node) -> Scalar:
        """A part as it was written, to be read by whoever knows what it should be."""
        # Places in what is mended are not places in what was written.
        parsed = None if self.scalar.is_mended else Parsed(self.scalar, node)
        return Scalar(self.scalar.text[node.start : node.end], self.place(node), parsed=parsed)

    def value(self, part: Part) -> Tree:
        """An expression as it stands in a tree: a list as items, anything else as a scalar."""
        node = as_node(part)
        if node.data in ("list", "shape"):
            return Items(tuple(map(self.value, nodes(node))), self.place(node))
        if node.data == "string":
            return self.string(parts(node)[0])
        found = self.written(node)
        return Hole(found.span) if self.is_unreadable(found.text) else found

    def string(self, part: Part) -> Scalar:
        token = as_token(part)
        return Scalar(unquoted(token), self.place(token), is_quoted=True)

    def settings(self, node: Node) -> Tree:
        """The arguments of an op: one without a name stands for itself."""
        entries = self.arguments(nodes(node))
        if entries is None:
            return Hole(self.place(node))
        alone = len(entries) == 1 and entries[0].key.text == "1"
        return entries[0].value if alone else self.fields(entries, entries[0].key.span.until(entries[-1].value.span))

    def arguments(self, arguments: Sequence[Node]) -> list[Entry] | None:
        """Arguments under their names and, before those, under their positions; `None` where a name is missing."""
        entries: list[Entry] = []
        for position, each in enumerate(arguments, start=1):
            name, expression = parts(each)
            value = self.value(expression)
            if name is None and entries and not entries[-1].key.text.isdecimal():
                self.report.add(nameless(value.span))
                return None
            entries.append(Entry(Scalar(str(position), value.span) if name is None else self.word(name), value))
        return entries

    def fields(self, entries: list[Entry], place: Span) -> Fields:
        """Fields of which each key is kept once; the finding tells of the others."""
        kept: dict[str, Entry] = {}
        for entry in entries:
            first = kept.setdefault(entry.key.text, entry)
            if first is not entry:
                self.report.add(DuplicateKey(entry.key.span, entry.key.text, first.key.span))
                kept[entry.key.text] = one_of(first, entry)
        return Fields(tuple(kept.values()), place)


_NAMELESS: Final = "a value without a name stands after one with a name"


def nameless(place: Span) -> SyntaxFault:
    return SyntaxFault(place, "", problem=_NAMELESS, cure="values without names come first")


def unquoted(token: Token) -> str:
    """The text that stands in quotes; one in three pairs of quotes is freed of the indent that its lines share."""
    quotes = 3 if token.startswith('"""') else 1
    text = _ESCAPE.sub(_unescaped, token[quotes:-quotes])
    return cleandoc(text) if quotes == 3 else text


_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_WORD: Final = re.compile(r"\w+")


def _unescaped(match: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t"}.get(match[1], match[1])
