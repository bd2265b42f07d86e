"""A text that starts with a word for which there is no room, such as `blok` for `block`, is read behind some blanks.

A text stays as long as it is where something of it is mended, so that each place in it is where it was; at its very
start, nothing can make way for a longer word. So the text is read as that of another source, which has blanks before
it, and all places are moved back to where they are in the right one.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Final, TypeVar, final

from msgspec import Struct
from msgspec.structs import asdict, replace

from archspec.catalog.text import SyntaxFault
from archspec.diagnostics import Diagnostic
from archspec.source import Hole, Source, Span
from archspec.syntax.braces import DEFINITIONS
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree

BLANKS: Final = 8
"""No word with which a definition starts is longer."""


def lacks_room(finding: Diagnostic) -> bool:
    """Whether a finding is about a word at the start of a text which is shorter than what it is meant for."""
    if not isinstance(finding, SyntaxFault) or finding.suggestion not in DEFINITIONS:
        return False
    return finding.span.start < len(str(finding.suggestion)) - len(finding.span.text)


_F = TypeVar("_F", bound=Diagnostic)


@final
class Padded(Struct, frozen=True):
    """A source, and what stands for it: the same with blanks before it."""

    source: Source
    behind: Source

    @classmethod
    def of(cls, source: Source, text: str) -> Padded:
        return cls(source, Source(source.name, " " * BLANKS + text))

    def place(self, span: Span) -> Span:
        """Where something is in the source itself."""
        if span.source is not self.behind:
            return span
        return self.source.span(max(span.start - BLANKS, 0), max(span.end - BLANKS, 0))

    def finding(self, finding: _F) -> _F:
        """A finding of the text behind blanks, about the source itself."""
        facts = asdict(finding).items()
        moved: dict[str, Any] = {name: self.place(fact) for name, fact in facts if isinstance(fact, Span)}
        return replace(finding, **moved)

    def fields(self, fields: Fields) -> Fields:
        return Fields(tuple(map(self.entry, fields.entries)), self.place(fields.span))

    def entry(self, entry: Entry) -> Entry:
        return Entry(self.scalar(entry.key), self.tree(entry.value))

    def scalar(self, scalar: Scalar) -> Scalar:
        # What the parser made of it has the other places, and so it is read again.
        return dataclasses.replace(scalar, span=self.place(scalar.span), parsed=None)

    def tree(self, tree: Tree) -> Tree:
        match tree:
            case Scalar():
                return self.scalar(tree)
            case Items():
                return Items(tuple(map(self.tree, tree.items)), self.place(tree.span))
            case Fields():
                return self.fields(tree)
            case Hole():
                return Hole(self.place(tree.span))
