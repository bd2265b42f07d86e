"""Comments and blank lines: what a Tree does not know of its source.

A comment that stands on a line of its own belongs to what comes next; one at the end of a line belongs to what stands
before it there. Inside brackets it belongs to what the brackets are part of.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Final, final

from msgspec import Struct

from archspec.rewrite.spacing import spaced
from archspec.source import Source, Span
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree, holds_layers
from archspec.syntax.yaml import composed


@final
class Comment(Struct, frozen=True):
    """A comment, from its `#` to the end of its line."""

    text: str
    place: int
    """Where it stands in the source; inside brackets, where that starts which the brackets are part of."""

    is_behind: bool = False
    """Whether it stands at the end of a line."""

    is_inside: bool = False
    """Whether it stands in brackets."""

    has_blank: bool = False
    """Whether the line above it is blank."""

    owners: tuple[int, ...] = ()
    """Where those blocks of YAML start that it stands at the end of, the innermost first, as its indent tells."""


@final
class Notes(Struct, frozen=True):
    """What is known of a source beside its Tree."""

    source: Source
    comments: tuple[Comment, ...]
    has_braces: bool
    """Whether bodies end with a brace, rather than where the indent does."""

    def is_behind_blank(self, offset: int) -> bool:
        """Whether something starts a line, and the line above is blank."""
        start = self.source.text.rfind("\n", 0, offset) + 1
        if start == 0 or _INDENT.fullmatch(self.source.text, start, offset) is None:
            return False
        above = self.source.text.rfind("\n", 0, start - 1) + 1
        return not self.source.text[above : start - 1].strip()

    def are_in(self, place: Span) -> bool:
        """Whether comments stand at a place."""
        return any(place.start <= each.place < place.end for each in self.comments)


_INDENT: Final = re.compile(
    r"[ \t(-]*((input|state|init|rename|expect|output|next|use|model|block|cell|variant)[ \t]+[(]*)?[\"']?"
)
"""What stands in a line before the first word that is the user's."""

_NOTHING_BEFORE: Final = re.compile(r"(---|\.\.\.|%.*)?[ \t?:-]*")


def _comment(source: Source, start: int) -> Comment:
    """The comment that starts at a place."""
    text = source.text
    line = text.rfind("\n", 0, start) + 1
    above = text.rfind("\n", 0, max(line - 1, 0)) + 1
    is_behind = _NOTHING_BEFORE.fullmatch(text, line, start) is None
    has_blank = line > 0 and not is_behind and not text[above : line - 1].strip()
    end = text.find("\n", start)
    written = text[start : end if end >= 0 else len(text)].rstrip()
    return Comment(written, start, is_behind, has_blank=has_blank)


# ------------------------------------------------------------------------------------------------------ the text form

_TOKENS: Final = re.compile(r'#[^\n]*|"""(?:\\.|[^\\])*?"""|"(?:\\.|[^"\\\n])*"|[()\[\]{}]', re.DOTALL)


def of_text(source: Source) -> Notes:
    """The comments of a `.arch` file."""
    return Notes(source, tuple(_of_text(source)), has_braces=True)


def _of_text(source: Source) -> Iterator[Comment]:
    opened: list[tuple[str, int]] = []
    for match in _TOKENS.finditer(source.text):
        symbol = match.group()
        if symbol.startswith("#"):
            comment = _comment(source, match.start())
            outermost = None
            for bracket, start in reversed(opened):
                if bracket == "{":
                    break
                outermost = start
            if outermost is not None:
                comment = Comment(comment.text, _word_before(source.text, outermost), is_inside=True)
            yield comment
        elif symbol in "([{":
            opened.append((symbol, match.start()))
        elif symbol in ")]}" and opened:
            opened.pop()


def _word_before(text: str, bracket: int) -> int:
    """Where the word starts that a bracket belongs to; if it belongs to none, where it stands itself."""
    end = bracket
    while end > 0 and text[end - 1] in " \t\n":
        end -= 1
    start = end
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    return start if start < end else bracket


# --------------------------------------------------------------------------------------------------------------- YAML


def of_yaml(source: Source) -> Notes:
    """The comments of a YAML file that can be read."""
    layout = _Layout(source)
    layout.definition(composed(source))
    return Notes(source, tuple(sorted(layout.comments(), key=lambda each: each.place)), has_braces=False)


@final
class _Layout:
    """Where the scalars, lists and mappings of a YAML file stand."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.texts: dict[int, int] = {}
        """Where those scalars start and end in which a `#` is no comment: in quotes, or in a block of lines."""

        self.flow: dict[int, int] = {}
        """Where lists and mappings in brackets start and end."""

        self.blocks: dict[int, set[int]] = {}
        """Where lists and mappings start that are told by their indent, under where they end."""

        self.scalar_ends: set[int] = set()
        self.in_lines: list[Comment] = []

    def definition(self, tree: Tree, *, has_layers: bool = True) -> None:
        """A file, block, cell or variant."""
        for entry in self.entries(tree, self.value):
            key, part = entry.key.text, entry.value
            if key in ("blocks", "cells", "variants"):
                for each in self.entries(part, self.value):
                    self.definition(each.value, has_layers=key != "variants")
            elif key == "expect":
                self.conditions(part)
            elif key == "rename":
                for each in self.entries(part, self.value):
                    self.text(each.value)
            elif has_layers and holds_layers(entry):
                self.layers(part)
            elif key == "doc":
                self.text(part)
            else:
                self.value(part)

    def conditions(self, tree: Tree) -> None:
        for item in self.items(tree, self.value):
            for entry in self.entries(item, self.value):
                (self.text if entry.key.text == "message" else self.value)(entry.value)

    def layers(self, tree: Tree) -> None:
        if isinstance(tree, Scalar):
            self.scalar(tree, is_code=True)
        for item in self.items(tree):
            self.layers(item)
        for entry in self.entries(tree):
            (self.layers if holds_layers(entry) or entry.key.text == "from" else self.value)(entry.value)

    def value(self, tree: Tree) -> None:
        if isinstance(tree, Scalar):
            self.scalar(tree, is_code=not tree.is_quoted and spaced(tree.text) != tree.text)
        for part in (*self.items(tree), *(entry.value for entry in self.entries(tree))):
            self.value(part)

    def text(self, tree: Tree) -> None:
        if isinstance(tree, Scalar):
            self.scalar(tree, is_code=False)
        else:
            self.value(tree)

    def items(self, tree: Tree, otherwise: Callable[[Tree], None] | None = None) -> tuple[Tree, ...]:
        """The items of a list."""
        if isinstance(tree, Items):
            self.collection(tree.span)
            return tree.items
        if otherwise is not None:
            otherwise(tree)
        return ()

    def entries(self, tree: Tree, otherwise: Callable[[Tree], None] | None = None) -> tuple[Entry, ...]:
        """The entries of a mapping, the keys of which hold no comments."""
        if isinstance(tree, Fields):
            self.collection(tree.span)
            for entry in tree.entries:
                self.scalar(entry.key, is_code=False)
            return tree.entries
        if otherwise is not None:
            otherwise(tree)
        return ()

    def scalar(self, scalar: Scalar, *, is_code: bool) -> None:
        """Lines of layers and expressions may hold comments of their own, where YAML lets a text hold a `#` at all."""
        start, end = scalar.span.start, scalar.span.end
        self.scalar_ends.add(end)
        if self.source.text[start : start + 1] not in ("'", '"', "|", ">") or start in self.texts:
            return
        self.texts[start] = end
        for match in _TOKENS.finditer(scalar.text) if is_code else ():
            if match.group().startswith("#"):
                self.in_lines.append(Comment(match.group().rstrip(), start, is_inside=True))

    def collection(self, span: Span) -> None:
        if self.source.text[span.start : span.start + 1] in ("[", "{"):
            self.flow[span.start] = span.end
        else:
            self.blocks.setdefault(span.end, set()).add(span.start)

    def comments(self) -> Iterator[Comment]:
        yield from self.in_lines
        placing = _Placing(self)
        text, position = self.source.text, 0
        for start, end in (*sorted(self.texts.items()), (len(text), len(text))):
            for match in _YAML_COMMENT.finditer(text, position, start):
                yield placing.placed(_comment(self.source, match.start()))
            header = _BLOCK_HEADER.match(text, start)
            if header is not None:
                yield placing.placed(_comment(self.source, header.end()))
            position = max(position, end)


@final
class _Placing:
    """Tells which lists and mappings comments stand in, or at the end of."""

    def __init__(self, layout: _Layout) -> None:
        self.text = layout.source.text
        self.blocks = layout.blocks
        self.ends = sorted({*layout.scalar_ends, *layout.flow.values(), *layout.blocks})
        self.outermost: list[tuple[int, int]] = []
        for start, end in sorted(layout.flow.items()):
            if not self.outermost or start >= self.outermost[-1][1]:
                self.outermost.append((start, end))
        self.written = [match.start("written") for match in _WRITTEN_LINE.finditer(self.text)]

    def placed(self, comment: Comment) -> Comment:
        found = bisect_right(self.outermost, (comment.place, 0)) - 1
        if found >= 0 and comment.place < self.outermost[found][1]:
            return Comment(comment.text, self.outermost[found][0], is_inside=True)
        column = self.column(comment.place)
        following = bisect_right(self.written, comment.place)
        below = self.column(self.written[following]) if following < len(self.written) else -1
        before = bisect_right(self.ends, comment.place) - 1
        if comment.is_behind or column <= below or before < 0:
            return comment
        # Of those that end there together, the one further in starts later.
        ended = sorted(self.blocks.get(self.ends[before], ()), reverse=True)
        owners = tuple(start for start in ended if self.column(start) <= column)
        return Comment(comment.text, comment.place, has_blank=comment.has_blank, owners=owners)

    def column(self, offset: int) -> int:
        return offset - self.text.rfind("\n", 0, offset) - 1


_YAML_COMMENT: Final = re.compile(r"(?:^|(?<=[ \t]))#[^\n]*", re.MULTILINE)
_BLOCK_HEADER: Final = re.compile(r"[|>][0-9+-]*[ \t]+(?=#)")
_WRITTEN_LINE: Final = re.compile(r"^[ \t]*(?P<written>[^ \t\n#])", re.MULTILINE)
