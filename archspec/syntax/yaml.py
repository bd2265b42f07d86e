"""The YAML syntax.

Only the events of the parser are used: which key, which scalar, where. What a scalar means is for the language to say,
not for YAML 1.1, and so none of its traps exists here: `no` is a word, `1e-5` a number, `1:30` and `010` no numbers at
all. The tree is built without recursion, so that depth is a limit that we set and not the end of a stack.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final

import yaml

from archspec.catalog.fields import UnclearLayer, WrongKind
from archspec.catalog.text import (
    AliasExpansion,
    DuplicateKey,
    EmptySpec,
    InvalidYaml,
    SeveralDocuments,
    TooDeep,
    YamlTag,
)
from archspec.diagnostics import Diagnostic, Report
from archspec.source import Hole, Source, Span
from archspec.syntax.fault import Fault
from archspec.syntax.parsing import DEEPEST
from archspec.syntax.text import parse_line
from archspec.syntax.tree import (
    BESIDE_OP,
    HOLDING,
    Entry,
    Fields,
    Items,
    Scalar,
    Tree,
    holds_layers,
    is_blank,
    kind_of,
    one_of,
)

MOST_NODES: Final = 200_000
"""A file has no more scalars, lists and mappings than this, aliases counted each time they are used."""

LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_file(source: Source, report: Report) -> Fields | None:
    """The tree of a YAML file, or `None` where it has none; what is wrong goes to the report."""
    try:
        tree = _Composer(source, report).compose()
    except Fault as fault:
        finding = fault.finding
        if isinstance(finding, InvalidYaml) and _DEFINITION.search(source.text):
            finding = InvalidYaml(finding.span, finding.problem, _IS_TEXT)
        elif isinstance(finding, InvalidYaml) and (cure := _colon_before(source, finding.span.start)):
            finding = InvalidYaml(finding.span, finding.problem, cure)
        report.add(finding)
        return None
    if not isinstance(tree, Fields):
        if _DEFINITION.search(source.text):
            report.add(InvalidYaml(source.span(0, len(source.text.partition(chr(10))[0])), "it has no keys", _IS_TEXT))
            return None
        report.add(WrongKind(tree.span, "a spec", "a mapping with keys such as `model` and `layers`", kind_of(tree)))
        return None
    return _with_blocks(tree, report)


def _colon_before(source: Source, place: int) -> str:
    """What to write where a key stands below a layer that is no key: `- relu` and then `name: a`."""
    line = source.text.rfind("\n", 0, place) + 1
    match = _LAYER.search(source.text[max(line - _LINE, 0) : line])
    key = _KEY.match(source.text, line)
    if match is None or key is None or len(key[1]) <= len(match[1]):
        return ""
    return f"write `{match[2]}:`, with a colon, where something stands below it"


_LINE: Final = 200
_LAYER: Final = re.compile(r"^([ ]*)- ([^\W\d]\w*)[ ]*\n\Z", re.MULTILINE)
_KEY: Final = re.compile(r"([ ]*)[^\W\d]\w*:")

_DEFINITION: Final = re.compile(r"\A(\s|#[^\n]*\n|\"[^\"]*\"\s)*(model|block|cell|use)\s+[^\s:]")
"""How a file in the text form starts."""

_IS_TEXT: Final = "this is the text form of a spec: the name of its file ends in `.arch`"


@final
@dataclass
class _Open:
    """A list or mapping that is still being read."""

    start: int
    is_mapping: bool
    is_flow: bool
    anchor: str | None
    nodes_before: int
    items: list[Tree] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: Scalar | None = None


@final
class _Composer:
    """Builds the tree from the events of the YAML parser."""

    def __init__(self, source: Source, report: Report) -> None:
        self.source = source
        self.report = report
        self.stack: list[_Open] = []
        self.root: Tree | None = None
        self.anchors: dict[str, tuple[Tree, int]] = {}
        self.open_anchors: set[str] = set()
        self.nodes = 0
        self.end = 0
        """Where the last word ended. A block ends there, and not at the start of the next thing, as the parser says."""

    def compose(self) -> Tree:
        documents = 0
        parse: Any = yaml.parse
        try:
            for event in parse(self.source.text, Loader=LOADER):
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        raise Fault(SeveralDocuments(self.extent(event)))
                self.take(event)
        except yaml.YAMLError as error:
            raise Fault(_explained(self.source, error)) from None
        if self.root is None or (isinstance(self.root, Scalar) and not self.root.text):
            raise Fault(EmptySpec(self.source.span(0, 0)))
        return self.root

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            span = self.extent(event)
            self.count(1, span)
        if isinstance(event, yaml.ScalarEvent):
            self.end = span.end
            scalar = Scalar(event.value, span, is_quoted=event.style in ("'", '"'))
            self.anchor(event.anchor, scalar, 1)
            self.add(scalar)
        elif isinstance(event, yaml.AliasEvent):
            self.alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(self.stack) >= DEEPEST:
                raise Fault(TooDeep(self.source.span(span.start, span.start + 1), DEEPEST))
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            anchor = event.anchor
            self.stack.append(_Open(span.start, is_mapping, bool(event.flow_style), anchor, self.nodes - 1))
            if anchor is not None:
                self.open_anchors.add(anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.close(event)

    def extent(self, event: Any) -> Span:
        """The place of a scalar, list or mapping, without the anchor before it and the blank lines after it."""
        start, end = event.start_mark.index, event.end_mark.index
        while (each := _PROPERTY.match(self.source.text, start, end)) is not None:
            start = each.end()
            if each[1].startswith("!") and event.tag != "!":
                raise Fault(YamlTag(self.source.span(*each.span(1)), each[1]))
        return self.source.span(start, start + len(self.source.text[start:end].rstrip()))

    def close(self, event: Any) -> None:
        done = self.stack.pop()
        if done.is_flow:
            self.end = event.end_mark.index
        span = self.source.span(done.start, max(self.end, done.start))
        tree: Tree = Fields(tuple(done.entries.values()), span) if done.is_mapping else Items(tuple(done.items), span)
        if done.anchor is not None:
            self.open_anchors.discard(done.anchor)
        self.anchor(done.anchor, tree, self.nodes - done.nodes_before)
        self.add(tree)

    def add(self, tree: Tree) -> None:
        if not self.stack:
            self.root = tree
            return
        parent = self.stack[-1]
        if not parent.is_mapping:
            parent.items.append(tree)
        elif parent.key is None:
            if not isinstance(tree, Scalar):
                raise Fault(WrongKind(tree.span, "a key", "a word", kind_of(tree)))
            first = parent.entries.get(tree.text)
            if tree.text == "<<" and not tree.is_quoted:
                raise Fault(YamlTag(tree.span, tree.text))
            parent.key = tree
            if first is not None:
                self.report.add(DuplicateKey(tree.span, tree.text, first.key.span))
        else:
            key = parent.key.text
            entry = Entry(parent.key, tree)
            first = parent.entries.get(key)
            parent.entries[key] = entry if first is None else one_of(first, entry)
            parent.key = None

    def anchor(self, name: str | None, tree: Tree, nodes: int) -> None:
        if name is not None:
            self.anchors[name] = tree, nodes

    def alias(self, event: Any) -> None:
        span = self.source.span(event.start_mark.index, event.end_mark.index)
        self.end = span.end
        if event.anchor in self.open_anchors:
            raise Fault(AliasExpansion(span, f"`*{event.anchor}` stands inside what it stands for"))
        if event.anchor not in self.anchors:
            raise Fault(InvalidYaml(span, f"nothing is marked `&{event.anchor}` before this"))
        tree, nodes = self.anchors[event.anchor]
        self.count(nodes, span)
        self.add(tree)

    def count(self, nodes: int, span: Span) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            raise Fault(AliasExpansion(span, f"written out, this file has more than {MOST_NODES:,} values"))


def _with_lines(tree: Fields, report: Report) -> Fields:
    """The tree with each text that is a line of layers replaced by the layers that it means."""
    return Fields(tuple(Entry(entry.key, _read(entry, report)) for entry in tree.entries), tree.span)


def _read(entry: Entry, report: Report) -> Tree:
    if entry.key.text == "from":
        return _sources(entry.value, report)
    return _layers(entry.value, report) if holds_layers(entry) else entry.value


def _with_blocks(tree: Fields, report: Report) -> Fields:
    """The tree of a file, with the lines of its model and of its blocks and cells read."""
    entries = tuple(
        Entry(entry.key, Fields(tuple(_block(each, report) for each in entry.value.entries), entry.value.span))
        if entry.key.text in ("blocks", "cells") and isinstance(entry.value, Fields)
        else entry
        for entry in tree.entries
    )
    return _with_lines(Fields(entries, tree.span), report)


def _block(entry: Entry, report: Report) -> Entry:
    return Entry(entry.key, _with_lines(entry.value, report)) if isinstance(entry.value, Fields) else entry


def _layers(tree: Tree, report: Report) -> Tree:
    match tree:
        case Scalar() if not is_blank(tree):
            try:
                return parse_line(tree, report)
            except Fault as fault:
                report.add(fault.finding)
                return Hole(tree.span)
        case Items(items, span) if _is_row(items):
            cure = "its op is a key with its settings, such as `conv: {channels: 64, kernel: 3, stride: 2}`"
            report.add(UnclearLayer(span, (), f"{cure}; what flows in stands under `from`"))
            return Hole(span)
        case Items(items, span):
            return Items(tuple(_layers(item, report) for item in items), span)
        case Scalar() | Hole():
            return tree
        case Fields():
            return _with_lines(_without_empty_arguments(tree), report)


def _is_row(items: Sequence[Tree]) -> bool:
    """Whether a list is a layer in the way of YOLO: `[-1, 1, Conv, [64, 3, 2]]`."""
    words = [each.text if isinstance(each, Scalar) else "" for each in items]
    return len(items) == _ROW and words[1].isdecimal() and words[2][:1].isalpha() and isinstance(items[3], Items)


_ROW: Final = 4


def _sources(tree: Tree, report: Report) -> Tree:
    """What flows into a layer. A line is one such value, though its steps are a list."""
    source = _layers(tree, report)
    is_line = isinstance(tree, Scalar) and not isinstance(source, Scalar)
    return Items((source,), source.span) if is_line else source


def _without_empty_arguments(tree: Fields) -> Fields:
    """`relu:` says the same as `relu: {}`: an op without settings, beside a name."""
    entries = tuple(
        Entry(entry.key, Fields((), entry.key.span))
        if is_blank(entry.value) and entry.key.text not in (*BESIDE_OP, *HOLDING, "in", "value")
        else entry
        for entry in tree.entries
    )
    return Fields(entries, tree.span)


_PROPERTY: Final = re.compile(r"(!<[^>]*>|[&!][^\s,\[\]{}]*)(\s|#[^\n]*)*")
"""An anchor or a tag before a value, with the blanks behind it."""

_TAB: Final = re.compile(r"^[ \t-]*\t", re.MULTILINE)


def _explained(source: Source, error: yaml.YAMLError) -> Diagnostic:
    """What the YAML parser could not read, in the reader's words."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    index = mark.index if mark is not None else getattr(error, "position", 0)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read")
    if "cannot start any token" in problem or "tab" in problem:
        line_start = source.text.rfind("\n", 0, index) + 1
        tab = _TAB.match(source.text, line_start)
        if tab is not None:
            return InvalidYaml(source.span(tab.end() - 1, tab.end()), "a tab cannot indent; use spaces")
        if source.text[index : index + 1] == "\t":
            return InvalidYaml(source.span(index, index + 1), "a tab cannot stand here; use spaces")
    if "unexpected end of stream" in problem:
        index = getattr(getattr(error, "context_mark", None), "index", index)  # where the quote is opened
    cure = next((words for sign, words in _PROBLEMS.items() if sign in problem), problem)
    index = min(index, max(len(source.text.rstrip()) - 1, 0))
    return InvalidYaml(source.span(index, index + 1), cure)


_PROBLEMS: Final = {
    "mapping values are not allowed": "a `:` followed by a space cannot stand here; quote the text or check the indent",
    "did not find expected key": "the indent does not fit the lines above, or a `:` is missing",
    "did not find expected '-' indicator": "the indent does not fit the list above, or a `-` is missing",
    "could not find expected ':'": "a `:` is missing behind the key",
    "did not find expected ',' or": "a `,` or a closing bracket is missing",
    "did not find expected node content": "a value is missing",
    "unexpected end of stream": "a quote is not closed",
    "cannot start any token": "this character cannot start a value; put the text in quotes",
    "did not find expected alphabetic or numeric character": "a text that starts with `*` or `&` stands in quotes",
    "control characters are not allowed": "control characters are not allowed",
}


def composed(source: Source) -> Tree:
    """The tree of a YAML file as YAML has it, the lines of layers in it unread; raises `Fault`."""
    return _Composer(source, Report()).compose()
