"""The YAML syntax.

Only the events of the parser are used: which key, which scalar, where. What a scalar means is for the language to say,
not for YAML 1.1, and so none of its traps exists here: `no` is a word, `1e-5` a number, `1:30` and `010` no numbers at
all. The tree is built without recursion, so that depth is a limit that we set and not the end of a stack.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, final

import yaml
from msgspec import Struct

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
from archspec.diagnostics import Report
from archspec.source import Hole, Source, Span
from archspec.syntax.fault import Fault
from archspec.syntax.parsing import DEEPEST
from archspec.syntax.stumble import Stumble, told
from archspec.syntax.text import parse_line
from archspec.syntax.tree import (
    BESIDE_OP,
    HOLDING,
    UNREADABLE,
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

if TYPE_CHECKING:
    from archspec.syntax.mending import Mended

MOST_NODES: Final = 200_000
"""A file has no more scalars, lists and mappings than this, aliases counted each time they are used."""

LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_file(source: Source, report: Report) -> Fields | None:
    """The tree of a YAML file, or `None` where it has none; what is wrong goes to the report."""
    try:
        tree = _tree(source, report)
    except Fault as fault:
        report.add(fault.finding)
        return None
    if tree is None or isinstance(tree, Hole):
        return None
    if not isinstance(tree, Fields):
        if _DEFINITION.search(source.text):
            report.add(InvalidYaml(source.span(0, len(source.text.partition(chr(10))[0])), "it has no keys", _IS_TEXT))
            return None
        report.add(WrongKind(tree.span, "a spec", "a mapping with keys such as `model` and `layers`", kind_of(tree)))
        return None
    return _with_blocks(tree, report)


def _tree(source: Source, report: Report) -> Tree | None:
    """The tree of a file as far as it is YAML, or `None` where nothing of it can be read; raises `Fault`."""
    own = Report()
    try:
        tree = _Composer(source, own).compose()
    except yaml.YAMLError as error:
        return _tree_without_faults(source, error, report)
    for each in own:
        report.add(each)
    return tree


def _tree_without_faults(source: Source, error: yaml.YAMLError, report: Report) -> Tree | None:
    from archspec.syntax.mending import mended

    first = _stumble(source.text) or _stumbled(error, None)
    if _DEFINITION.search(source.text):
        place, problem = told(source.text, first)
        report.add(InvalidYaml(source.span(place, place + 1), problem, _IS_TEXT))
        return None
    readable, faults = mended(source, first, _stumble)
    for lines, stumble in faults:
        place, problem = told(lines.text, stumble)
        span = lines.span(place, place + 1)
        report.add(InvalidYaml(span, problem, _colon_before(source, span.start)))
    if readable is None:
        return None
    for gone in readable.hidden():
        report.hide(gone)
    own = Report()
    tree = _Composer(source, own, readable).compose()
    for each in own:
        report.add(each)
    return tree


def _stumble(text: str) -> Stumble | None:
    """Where a text is no YAML, if it is none."""
    parse: Any = yaml.parse
    quoted: Any = None
    documents = 0
    try:
        for event in parse(text, Loader=LOADER):
            if isinstance(event, yaml.ScalarEvent) and event.style in ("'", '"'):
                quoted = event
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                return None
    except yaml.YAMLError as error:
        return _stumbled(error, quoted)
    return None


def _stumbled(error: yaml.YAMLError, quoted: Any) -> Stumble:
    """Where the parser stopped, and where that starts which is not closed, if that is so."""
    mark, context = (getattr(error, name, None) for name in ("problem_mark", "context_mark"))
    mark = mark or context
    place = mark.index if mark is not None else int(getattr(error, "position", 0))
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "")
    reading = str(getattr(error, "context", None) or "")
    if context is not None and ("flow" in reading or "quoted scalar" in reading):
        return Stumble(place, problem, context.index)
    is_spoilt = quoted is not None and quoted.start_mark.line < quoted.end_mark.line
    if is_spoilt and mark is not None and quoted.end_mark.line == mark.line:
        return Stumble(place, problem, quoted.start_mark.index)  # It ends where the next one was to start.
    if context is not None and "simple key" in reading:
        return Stumble(context.index, problem)
    return Stumble(place, problem)


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
class _Open(Struct):
    """A list or mapping that is still being read."""

    start: int
    is_mapping: bool
    is_flow: bool
    anchor: str | None
    nodes_before: int
    items: list[Tree] = []
    entries: dict[str, Entry] = {}
    key: Scalar | Hole | None = None
    is_partial: bool = False
    """Whether there is more in it than its entries."""


@final
class _Composer:
    """Builds the tree from the events of the YAML parser."""

    def __init__(self, source: Source, report: Report, mended: Mended | None = None) -> None:
        self.source = source
        self.report = report
        self.mended = mended
        self.text = source.text if mended is None else mended.text
        self.stack: list[_Open] = []
        self.root: Tree | None = None
        self.anchors: dict[str, tuple[Tree, int]] = {}
        self.open_anchors: set[str] = set()
        self.nodes = 0
        self.end = 0
        """Where the last word ended. A block ends there, and not at the start of the next thing, as the parser says."""

    def compose(self) -> Tree:
        """The tree; raises `Fault`, and what the parser raises where the text is no YAML."""
        documents = 0
        parse: Any = yaml.parse
        for event in parse(self.text, Loader=LOADER):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.report.add(SeveralDocuments(self.span(*self.extent(event))))
                    break
            self.take(event)
        if self.root is None or (isinstance(self.root, Scalar) and not self.root.text):
            raise Fault(EmptySpec(self.source.span(0, 0)))
        return self.root

    def span(self, start: int, end: int) -> Span:
        """The place of what stands in the text that is read."""
        return self.source.span(start, end) if self.mended is None else self.mended.span(start, end)

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            start, end = self.extent(event)
            self.count(1, start, end)
            self.end = end
            tree = self.scalar(event, start, end)
            self.anchor(event.anchor, tree, 1)
            self.add(tree)
        elif isinstance(event, yaml.AliasEvent):
            self.alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            start, end = self.extent(event)
            self.count(1, start, end)
            if len(self.stack) >= DEEPEST:
                raise Fault(TooDeep(self.span(start, start + 1), DEEPEST))
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            anchor = event.anchor
            self.stack.append(_Open(start, is_mapping, bool(event.flow_style), anchor, self.nodes - 1))
            if anchor is not None:
                self.open_anchors.add(anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.close(event)

    def extent(self, event: Any) -> tuple[int, int]:
        """The place of a scalar, list or mapping, without the anchor before it and the blank lines after it."""
        start, end = event.start_mark.index, event.end_mark.index
        while (each := _PROPERTY.match(self.text, start, end)) is not None:
            start = each.end()
            if each[1].startswith("!") and event.tag != "!":
                self.report.add(YamlTag(self.span(*each.span(1)), each[1]))
        return start, start + len(self.text[start:end].rstrip())

    def scalar(self, event: Any, start: int, end: int) -> Tree:
        """What is written, or a hole where it was taken out."""
        span = self.span(start, end)
        if self.mended is not None and event.value == UNREADABLE and self.mended.is_gone(start):
            return Hole(span)
        return Scalar(event.value, span, is_quoted=event.style in ("'", '"'))

    def close(self, event: Any) -> None:
        done = self.stack.pop()
        if done.is_flow:
            self.end = event.end_mark.index
        span = self.span(done.start, max(self.end, done.start))
        tree: Tree = Fields(tuple(done.entries.values()), span) if done.is_mapping else Items(tuple(done.items), span)
        if done.is_partial:
            tree = Hole(span)
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
            parent.key = self.key(tree, parent)
        else:
            key = parent.key
            if isinstance(key, Scalar):
                entry = Entry(key, tree)
                first = parent.entries.get(key.text)
                parent.entries[key.text] = entry if first is None else one_of(first, entry)
            parent.key = None

    def key(self, tree: Tree, parent: _Open) -> Scalar | Hole:
        """The key that stands before a value. Of a mapping with one that is none, nobody knows what is in it."""
        if isinstance(tree, Scalar) and (tree.text != "<<" or tree.is_quoted):
            if (first := parent.entries.get(tree.text)) is not None:
                self.report.add(DuplicateKey(tree.span, tree.text, first.key.span))
            return tree
        if isinstance(tree, Scalar):
            self.report.add(YamlTag(tree.span, tree.text))
        elif not isinstance(tree, Hole):
            self.report.add(WrongKind(tree.span, "a key", "a word", kind_of(tree)))
        parent.is_partial = True
        return Hole(tree.span)

    def anchor(self, name: str | None, tree: Tree, nodes: int) -> None:
        if name is not None:
            self.anchors[name] = tree, nodes

    def alias(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        span = self.span(start, end)
        self.end = end
        if event.anchor in self.anchors and event.anchor not in self.open_anchors:
            tree, nodes = self.anchors[event.anchor]
            self.count(nodes, start, end)
            self.add(tree)
            return
        if event.anchor in self.open_anchors:
            self.report.add(AliasExpansion(span, f"`*{event.anchor}` stands inside what it stands for"))
        elif self.mended is None or not self.mended.takes_out(f"&{event.anchor}"):
            self.report.add(InvalidYaml(span, f"nothing is marked `&{event.anchor}` before this"))
        self.add(Hole(span))

    def count(self, nodes: int, start: int, end: int) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            problem = f"written out, this file has more than {MOST_NODES:,} values"
            raise Fault(AliasExpansion(self.span(start, end), problem))


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


def composed(source: Source) -> Tree:
    """The tree of a YAML file as YAML has it, the lines of layers in it unread; raises `Fault`."""
    try:
        return _Composer(source, Report()).compose()
    except yaml.YAMLError as error:
        place, problem = told(source.text, _stumbled(error, None))
        raise Fault(InvalidYaml(source.span(place, place + 1), problem)) from None
