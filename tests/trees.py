"""Trees written down shortly, for tests of what the syntaxes give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archspec.diagnostics import Report
from archspec.source import Hole, Source
from archspec.syntax import text, yaml
from archspec.syntax.read import decode
from archspec.syntax.tree import Fields, Items, Scalar, Tree


def plain(tree: Tree) -> Any:
    """A tree as strings, lists and dictionaries; a hole as `...`."""
    match tree:
        case Scalar(content):
            return content
        case Items(items):
            return [plain(each) for each in items]
        case Fields(entries):
            return {entry.key.text: plain(entry.value) for entry in entries}
        case Hole():
            return ...


def scalars(tree: Tree) -> Iterator[Scalar]:
    """The words of a tree, keys that were written included, in order."""
    match tree:
        case Scalar():
            yield tree
        case Items(items):
            for each in items:
                yield from scalars(each)
        case Fields(entries):
            for entry in entries:
                yield entry.key
                yield from scalars(entry.value)


def read(content: str | bytes, syntax: str) -> tuple[Fields | None, list[str]]:
    """The tree of a text and the codes of what is wrong with it."""
    report = Report()
    data = content if isinstance(content, bytes) else content.encode()
    source = decode(data, f"spec.{syntax}", report)
    tree = None if source is None else (text if syntax == "arch" else yaml).parse_file(source, report)
    return tree, [each.code for each in report]


def tree_of(content: str | bytes, syntax: str) -> Fields:
    """The tree of a text with which nothing is wrong."""
    tree, codes = read(content, syntax)
    assert tree is not None
    assert not codes
    return tree


def expression_scalar(content: str) -> Scalar:
    source = Source("expression", content)
    return Scalar(content, source.whole())
