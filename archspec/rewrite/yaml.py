"""A Tree as a YAML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.catalog.text import SyntaxFault
from archspec.rewrite import quoting
from archspec.rewrite.lines import WIDTH, Blank, Line, first, is_written, starts
from archspec.rewrite.text import line_of
from archspec.source import Span
from archspec.syntax.fault import Fault
from archspec.syntax.tree import HOLDING, Entry, Fields, Items, Scalar, Tree, holds_layers, is_blank

INDENT: Final = 2

_ORDER: Final = (
    *(
        "archspec",
        "use",
        "model",
        "doc",
        "params",
        "set",
        "inputs",
        "state",
        "blocks",
        "cells",
        "layers",
        "chain",
        "init",
    ),
    *("expect", "rename", "variants"),
)
"""The keys of a file, block, cell or variant, in the order in which they stand."""


@final
class _Role(Struct, frozen=True):
    """What a value is: a text, which means the same in quotes, or an expression, which does not."""

    is_text: bool = False
    under: Mapping[str, _Role] = {}
    """What stands under some keys of a mapping."""

    elsewhere: _Role | None = None
    """What stands under its other keys, where that is no expression."""

    def of(self, key: str) -> _Role:
        return self.under.get(key) or self.elsewhere or _VALUE


_VALUE: Final = _Role()
_TEXT: Final = _Role(is_text=True)
_CONDITIONS: Final = _Role(under={"message": _TEXT})
_DEFINITION: Final = _Role(
    under={
        **dict.fromkeys(("model", "use", "doc"), _TEXT),
        "params": _Role(elsewhere=_Role(under={"type": _TEXT})),
        "inputs": _Role(elsewhere=_Role(under={"element": _TEXT})),
        "rename": _Role(elsewhere=_TEXT),
    }
)
_LAYER: Final = _Role(under=dict.fromkeys(("name", "output", "when", "next", "from", "for"), _TEXT))


def yaml_lines(tree: Fields, *, keeps_blanks: bool) -> list[Line]:
    """The lines of a file; blank lines of the source stand between its keys if that has them as well."""
    lines = list(_Writer(keeps_blanks=keeps_blanks).definition(tree, 0))
    return [replace(lines[0], is_first=False), *lines[1:]]


@final
class _Writer(Struct, frozen=True):
    keeps_blanks: bool

    # Mappings

    def definition(self, tree: Fields, indent: int) -> Iterator[Line]:
        """The keys of a file, block, cell or variant."""
        order = {key: number for number, key in enumerate(_ORDER)}
        entries = sorted(tree.entries, key=lambda each: order.get(each.key.text, len(order)))
        blank = Blank.AS_WRITTEN if self.keeps_blanks else Blank.NEVER
        # In the text form, what is said of a model ends before its variants.
        bodies = [each.value.span for each in entries if _is_body(each)]
        for index, entry in enumerate(entries):
            if entry.key.text == "variants":
                yield self.end(indent, *bodies)
            yield from self.headed(self.part(entry, indent, tree), blank=blank, is_first=index == 0)
        yield self.end(indent, tree.span, *bodies)

    def headed(self, lines: Sequence[Line], *, blank: Blank, is_first: bool = False) -> list[Line]:
        return [replace(lines[0], blank=blank, is_first=is_first), *lines[1:]]

    def end(self, indent: int, *bodies: Span) -> Line:
        """The end of a list or mapping, where comments may stand at its indent."""
        return Line("", indent, closes=bodies, inner=indent)

    def part(self, entry: Entry, indent: int, of: Fields) -> list[Line]:
        """A key of a file, block, cell or variant, with what stands under it."""
        key, tree = entry.key.text, entry.value
        role = _CONDITIONS if key == "expect" and isinstance(tree, Items) else _DEFINITION.of(key)
        if key in ("blocks", "cells", "variants") and isinstance(tree, Fields) and tree.entries:
            return [self.key_line(entry, indent), *self.definitions(tree, indent + INDENT)]
        if key in ("inputs", "state", "expect", "rename") and isinstance(tree, Fields | Items) and _parts(tree):
            return [self.key_line(entry, indent), *self.block(tree, indent + INDENT, role)]
        if key == "params" and isinstance(tree, Fields) and _is_long(tree):
            return [self.key_line(entry, indent), *self.block(tree, indent + INDENT, role)]
        if holds_layers(entry) and isinstance(tree, Items) and tree.items:
            return self.layers(entry, tree, indent)
        if key == "doc" and isinstance(tree, Scalar):
            return [self.doc(entry, tree, indent)]
        lines = self.entry(entry, indent, role)
        doc = of.get("doc")
        if key == "model" and doc is not None and doc.span.start < min(starts(tree)):
            # In the text form, a model starts with what is said of it.
            lines[0] = replace(lines[0], begins=(doc.span.start,))
        return lines

    def definitions(self, tree: Fields, indent: int) -> Iterator[Line]:
        for index, entry in enumerate(tree.entries):
            if isinstance(entry.value, Fields) and entry.value.entries:
                begins = first(entry.key, entry.value)
                yield Line(f"{self.key(entry.key)}:", indent, self.key_starts(entry), begins, is_first=index == 0)
                yield from self.definition(entry.value, indent + INDENT)
            else:
                yield from self.headed(self.entry(entry, indent, _VALUE), blank=_KEEP, is_first=index == 0)
        yield self.end(indent, tree.span)

    def doc(self, entry: Entry, text: Scalar, indent: int) -> Line:
        where = (*self.key_starts(entry), text.span.start)
        lines = quoting.block(text.text, indent + INDENT, keeps_end=False) if "\n" in text.text else None
        if lines is not None:
            return Line(f"doc: {lines}", indent, where, takes_comment=False)
        return Line(f"doc: {self.scalar(text, _TEXT)}", indent, where)

    def key(self, key: Scalar) -> str:
        # Positions are numbers for every reader.
        return key.text if key.text.isdecimal() else quoting.text_scalar(key.text, in_flow=True)

    def key_starts(self, entry: Entry) -> tuple[int, ...]:
        """Where a key starts, and where the brace does that opens what stands under it."""
        key = (entry.key.span.start,) if is_written(entry.key) else ()
        is_body = isinstance(entry.value, Items) and entry.value.span.text.startswith("{")
        return (*key, entry.value.span.start) if is_body and entry.key.text in HOLDING else key

    def key_line(self, entry: Entry, indent: int) -> Line:
        begins = () if is_written(entry.key) else first(entry.value)
        return Line(f"{self.key(entry.key)}:", indent, self.key_starts(entry), begins)

    def entry(self, entry: Entry, indent: int, role: _Role) -> list[Line]:
        """A key with its value: on one line if it can be, else as a block."""
        key, tree = self.key(entry.key), entry.value
        where = (*self.key_starts(entry), *starts(tree))
        if isinstance(tree, Scalar):
            if is_blank(tree):
                return [Line(f"{key}:", indent, where)]
            written = self.scalar(tree, role, indent + INDENT)
            return [Line(f"{key}: {written}", indent, where, takes_comment="\n" not in written)]
        flow = self.flow(tree, role)
        if flow is not None and (indent + len(key) + len(": ") + len(flow) <= WIDTH or not _parts(tree)):
            return [Line(f"{key}: {flow}", indent, where)]
        return [self.key_line(entry, indent), *self.block(tree, indent + INDENT, role)]

    def block(self, tree: Tree, indent: int, role: _Role) -> Iterator[Line]:
        """A list or mapping of values, each on a line of its own if it can be."""
        for index, entry in enumerate(tree.entries if isinstance(tree, Fields) else ()):
            lines = self.entry(entry, indent, role.of(entry.key.text))
            yield from self.headed(lines, blank=_KEEP, is_first=index == 0)
        for index, item in enumerate(tree.items if isinstance(tree, Items) else ()):
            yield from self.dashed(self.item(item, indent + INDENT, role), item, is_first=index == 0)
        yield self.end(indent, tree.span)

    def item(self, tree: Tree, indent: int, role: _Role) -> list[Line]:
        if isinstance(tree, Scalar):
            written = "" if is_blank(tree) else self.scalar(tree, role, indent)
            return [Line(written, indent, tuple(starts(tree)), takes_comment="\n" not in written)]
        flow = self.flow(tree, role)
        is_short = flow is not None and indent + len(flow) <= WIDTH and isinstance(tree, Items)
        if flow is not None and (is_short or not _parts(tree)):
            return [Line(flow, indent, tuple(starts(tree)))]
        return list(self.block(tree, indent, role))

    def dashed(self, lines: Sequence[Line], item: Tree, *, is_first: bool) -> Iterator[Line]:
        """The lines of an item of a list, behind a dash."""
        head = lines[0]
        begins = (*first(item), *head.begins)
        text = f"- {head.text}".rstrip()
        yield replace(head, text=text, indent=head.indent - INDENT, begins=begins, is_first=is_first, blank=_KEEP)
        yield from lines[1:]

    # Values on one line

    def scalar(self, scalar: Scalar, role: _Role, indent: int = 0) -> str:
        """A scalar that stands on its own."""
        text = scalar.text
        if role.is_text:
            return quoting.text_scalar(text, in_flow=False)
        if scalar.is_quoted:
            return quoting.quoted(text)
        if quoting.is_plain(text, in_flow=False):
            return text
        lines = quoting.block(text, indent, keeps_end=True)
        if lines is None:
            problem = "YAML cannot hold this, save in quotes, where it is a text and no expression"
            raise Fault(SyntaxFault(scalar.span, "", problem=problem))
        return lines

    def flow(self, tree: Tree, role: _Role) -> str | None:
        """A value on one line, if it can be on one."""
        match tree:
            case Scalar(text):
                if role.is_text:
                    return quoting.text_scalar(text, in_flow=True)
                if tree.is_quoted:
                    return quoting.quoted(text)
                return text if quoting.is_plain(text, in_flow=True) else None
            case Items(items):
                parts = [self.flow(each, role) for each in items]
                return None if None in parts else f"[{', '.join(each for each in parts if each is not None)}]"
            case Fields(entries):
                pairs = [self.pair(each, role.of(each.key.text)) for each in entries]
                return None if None in pairs else f"{{{', '.join(each for each in pairs if each is not None)}}}"
        return None

    def pair(self, entry: Entry, role: _Role) -> str | None:
        if is_blank(entry.value):
            return f"{self.key(entry.key)}: "
        value = self.flow(entry.value, role)
        return None if value is None else f"{self.key(entry.key)}: {value}"

    # Layers

    def layers(self, entry: Entry, tree: Items, indent: int) -> list[Line]:
        """A key with the layers under it; steps joined by arrows are a line if they can be one."""
        if entry.key.text == "chain" and len(tree.items) == 1 and isinstance(tree.items[0], Scalar):
            return self.entry(entry, indent, _TEXT)
        if entry.key.text == "chain" and len(tree.items) > 1:
            line = self.line(tree, indent + len("chain: "))
            if line is not None:
                return [Line(f"chain: {line}", indent, (*self.key_starts(entry), *starts(tree)))]
        return [self.key_line(entry, indent), *self.lines(tree, indent + INDENT)]

    def lines(self, tree: Items, indent: int) -> Iterator[Line]:
        for index, item in enumerate(tree.items):
            yield from self.dashed(self.layer(item, indent + INDENT), item, is_first=index == 0)
        yield self.end(indent, tree.span)

    def layer(self, tree: Tree, indent: int) -> list[Line]:
        where = tuple(starts(tree))
        if isinstance(tree, Scalar):
            return [Line("" if is_blank(tree) else self.scalar(tree, _TEXT), indent, where)]
        line = self.line(tree, indent) if _is_line(tree) else None
        if line is not None:
            return [Line(line, indent, where)]
        if isinstance(tree, Items) and tree.items:
            return list(self.lines(tree, indent))
        if isinstance(tree, Fields) and tree.entries:
            return list(self.mapping(tree, indent))
        return [Line("[]" if isinstance(tree, Items) else "{}", indent, where)]

    def line(self, tree: Tree, indent: int) -> str | None:
        """Layers as a line of the text form, if they have one and it is short enough."""
        written = line_of(tree)
        if written is None:
            return None
        line = quoting.text_scalar(written, in_flow=False)
        return line if indent + len(line) <= WIDTH else None

    def mapping(self, tree: Fields, indent: int) -> Iterator[Line]:
        """A layer as a mapping: its op first, or its name where what follows is long."""
        is_op = not any(each.key.text in (*HOLDING, "repeat", "for", "if") for each in tree.entries)
        order = {key: number for number, key in enumerate(_BEFORE_OP if not is_op else ())}
        last = {key: len(order) + 1 + number for number, key in enumerate(_BEHIND_OP)}
        entries = sorted(tree.entries, key=lambda each: order.get(each.key.text, last.get(each.key.text, len(order))))
        # In the text form, a group or a construct starts with a brace or a word that is no key here.
        is_key = any(entry.key.span.start == tree.span.start for entry in entries)
        own = () if is_key else (tree.span.start,)
        for index, entry in enumerate(entries):
            lines = self.layer_part(entry, indent)
            lines[0] = replace(lines[0], blank=Blank.NEVER, starts=(*lines[0].starts, *(own if index == 0 else ())))
            yield from lines
        yield self.end(indent, tree.span)

    def layer_part(self, entry: Entry, indent: int) -> list[Line]:
        """A key of a layer, with what stands under it."""
        key, tree = entry.key.text, entry.value
        if holds_layers(entry) and isinstance(tree, Items) and tree.items:
            return self.layers(entry, tree, indent)
        if key == "from" and isinstance(tree, Items) and not all(isinstance(each, Scalar) for each in tree.items):
            return [self.key_line(entry, indent), *self.lines(tree, indent + INDENT)]
        return self.entry(entry, indent, _LAYER.of(key))


_KEEP: Final = Blank.AS_WRITTEN
_BEFORE_OP: Final = ("name", "output", "when", "next", "repeat", "for", "in", "if")
_BEHIND_OP: Final = (
    "name",
    "output",
    "when",
    "next",
    "from",
    "branches",
    "residual",
    "layers",
    "then",
    "shortcut",
    "else",
)


def _parts(tree: Tree) -> Sequence[object]:
    return tree.items if isinstance(tree, Items) else tree.entries if isinstance(tree, Fields) else ()


def _is_long(params: Fields) -> bool:
    """Whether parameters need a line each: some have types, or none has a default."""
    values = [entry.value for entry in params.entries]
    return bool(values) and (any(isinstance(each, Fields) for each in values) or all(map(is_blank, values)))


def _is_body(entry: Entry) -> bool:
    """Whether what stands under a key has the braces of a definition."""
    return entry.key.text == "layers" and entry.value.span.text.startswith("{")


def _is_line(tree: Tree) -> bool:
    """Whether layers read better as a line of the text form than as a list or mapping."""
    if not isinstance(tree, Fields) or len(tree.entries) != 1:
        return True
    settings = tree.entries[0].value
    if tree.entries[0].key.text == "value":
        return True
    if isinstance(settings, Fields):
        return bool(settings.entries) and any(each.key.text.isdecimal() for each in settings.entries)
    return not isinstance(settings, Scalar)
