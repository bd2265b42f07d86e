"""A Tree as a `.arch` file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, final

from msgspec.structs import replace

from archspec.rewrite.canonical import is_construct
from archspec.rewrite.comments import Notes
from archspec.rewrite.layout import Arrow, Body, Listed, Piece, Segment, Statement, Text, flat, laid_out
from archspec.rewrite.lines import Blank, Line, first, starts
from archspec.rewrite.pieces import (
    arguments,
    call,
    entries_of,
    equal,
    formula,
    items_of,
    opening,
    parameter,
    quoted,
    shape,
    unwritable,
    value,
    word,
)
from archspec.syntax.fault import Fault
from archspec.syntax.tree import NO_OPS, Entry, Fields, Items, Scalar, Tree


def text_lines(tree: Fields, notes: Notes, *, keeps_order: bool) -> list[Line]:
    """The lines of a file; raises `Fault` where the text form cannot say what the tree says.

    Definitions and statements stand in the order of their source where it has the same syntax, and is no matter of
    theirs otherwise.
    """
    writer = _Writer(notes, keeps_order=keeps_order)
    return [line for each in writer.file(tree) for line in laid_out(each, 0, is_first=False)]


def line_of(tree: Tree) -> str | None:
    """Layers as a line of a YAML file, where they have the form of one."""
    try:
        segments = _Writer(None, keeps_order=False).chain(tree)
    except Fault:
        return None
    if any(isinstance(each, Body) for each in segments):
        return None
    return "".join(flat(each.piece) if isinstance(each, Text) else " -> " for each in segments)


# ------------------------------------------------------------------------------------------------------------ writer

_KINDS: Final = {"blocks": "block", "cells": "cell"}
_OF_FILE: Final = ("use", "blocks", "cells", "variants")
_OF_DEFINITION: Final = ("doc", "params", "inputs", "state", "init", "layers", "chain", "expect", "rename")


@final
class _Writer:
    def __init__(self, notes: Notes | None, *, keeps_order: bool) -> None:
        self.notes = notes
        self.keeps_order = keeps_order

    # Files

    def file(self, tree: Fields) -> list[Statement]:
        model = tree.get("model")
        known = _OF_FILE if model is None else (*_OF_FILE, "model", *_OF_DEFINITION)
        self.expect_keys(tree, known)
        found = [("use", self.use(each)) for each in items_of(tree.get("use"))]
        for key, kind in _KINDS.items():
            definitions = entries_of(tree.get(key), f"`{key}`")
            found += [(kind, self.definition(kind, each.key, each.value)) for each in definitions]
        if model is not None:
            found.append(("model", self.definition("model", model, tree)))
        variants = entries_of(tree.get("variants"), "`variants`")
        if variants and model is None:
            raise unwritable(variants[0].key.span, "variants of no model")
        found += [("variant", self.variant(each, word(model or tree, "the name of a model"))) for each in variants]
        if self.keeps_order:
            found.sort(key=lambda each: _place(each[1]))
        return list(self.apart(found))

    def apart(self, statements: Sequence[tuple[str, Statement]]) -> Iterator[Statement]:
        """The same with a blank line between definitions; lines of one kind may follow one another without."""
        before = ""
        for kind, each in statements:
            is_like = kind == before and kind in ("use", "variant") and not each.before
            yield replace(each, blank=Blank.AS_WRITTEN if is_like else Blank.ALWAYS)
            before = kind

    def expect_keys(self, tree: Fields, known: Sequence[str]) -> None:
        for entry in tree.entries:
            if entry.key.text not in known:
                raise unwritable(entry.key.span, f"`{entry.key.text}` here")

    def use(self, tree: Tree) -> Statement:
        if not isinstance(tree, Scalar):
            raise unwritable(tree.span, "this as the name of a file")
        name = tree.text if _SHIPPED.fullmatch(tree.text) else quoted(tree)
        return Statement((Text(f"use {name}"),), starts=(tree.span.start,))

    def variant(self, entry: Entry, model: str) -> Statement:
        tree = entry.value
        if not isinstance(tree, Fields):
            raise unwritable(tree.span, "a variant that is no mapping")
        self.expect_keys(tree, ("doc", "set", "expect"))
        settings = tree.get("set")
        given: tuple[Piece, ...] = ()
        if settings is not None:
            given = arguments(Fields(entries_of(settings, "`set`"), settings.span))
        segments: list[Segment] = [Text(call(model, given), () if settings is None else tuple(starts(settings)))]
        expected = tree.get("expect")
        if expected is not None:
            statements = tuple(self.expectations(expected))
            around = tree.span.source.text[expected.span.start : max(tree.span.end, expected.span.end)]
            segments += [Text(" "), Body(statements, (tree.span,), "\n" not in around)]
        head = f"variant {word(entry.key, 'the name of a variant')} = "
        before = self.doc(tree, entry.key)
        where = (entry.key.span.start,) if before else (entry.key.span.start, *first(entry.key, tree))
        return Statement(tuple(segments), head, where, kind="variant =", before=before)

    # Definitions

    def definition(self, kind: str, name: Tree, tree: Tree) -> Statement:
        if not isinstance(tree, Fields):
            raise unwritable(tree.span, f"a {kind} that is no mapping")
        if kind != "model":
            self.expect_keys(tree, _OF_DEFINITION)
        if tree.entry("state") is not None and kind != "cell":
            raise unwritable(tree.span, f"the state of a {kind}")
        if tree.entry("rename") is not None and kind != "model":
            raise unwritable(tree.span, f"the `rename` of a {kind}")
        params = entries_of(tree.get("params"), "`params`")
        given = tuple(parameter(each) for each in params)
        header = Text(
            (f"{kind} ", call(word(name, f"the name of a {kind}"), given)),
            tuple(at for each in params for at in (each.key.span.start, *starts(each.value))),
        )
        chain = tree.get("chain")
        if chain is None:
            content: Sequence[Segment] = (Text(" "), self.definition_body(tree, is_model=kind == "model"))
        elif kind == "block" and tree.entry("layers") is None:
            content = (Text(" = "), *self.chain(_alone(chain)))
        else:
            raise unwritable(chain.span, f"the chain of a {kind}")
        return Statement((header, *content), starts=(name.span.start,), before=self.doc(tree, name))

    def doc(self, tree: Fields, name: Tree) -> tuple[Line, ...]:
        """The text above a definition, which starts with it."""
        text = tree.get("doc")
        if text is None:
            return ()
        if not isinstance(text, Scalar):
            raise unwritable(text.span, "a `doc` that is no text")
        where, begins = (text.span.start,), (min(text.span.start, name.span.start),)
        on_one_line = quoted(text)
        if "\n" not in text.text:
            return (Line(on_one_line, 0, where, begins),)
        escaped = text.text.replace("\\", "\\\\").replace('"""', '""\\"')
        return (Line(f'"""\n{escaped}\n"""', 0, where, begins),)

    def definition_body(self, tree: Fields, *, is_model: bool) -> Body:
        layers = tree.get("layers")
        if not isinstance(layers, Items):
            raise unwritable(tree.span, "a body without `layers`")
        has_brace = layers.span.text.startswith("{")
        sections = [
            [
                *(self.input(each) for each in entries_of(tree.get("inputs"), "`inputs`")),
                *self.states(entries_of(tree.get("state"), "`state`")),
                *self.init(tree.get("init")),
            ],
            list(map(self.statement, layers.items)),
            list(self.expectations(tree.get("expect"))),
            list(map(self.rename, entries_of(tree.get("rename"), "`rename`"))),
        ]
        statements: list[Statement] = []
        for index, section in enumerate(sections):
            if section and statements and not self.keeps_order:
                section[0] = replace(section[0], blank=Blank.ALWAYS)
            statements += section
            if index == 1 and not self.keeps_order:
                statements.append(Statement((), marks=(layers.span,)))
        closes = () if is_model and not has_brace else (layers.span if has_brace else tree.span,)
        if self.keeps_order:
            statements.sort(key=_place)
        return Body(tuple(statements), closes, may_be_inline=False)

    def input(self, entry: Entry) -> Statement:
        tree, element = entry.value, ""
        if isinstance(tree, Fields):
            self.expect_keys(tree, ("shape", "element"))
            element = " " + word(tree.get("element") or tree, "the type of elements")
            tree = tree.get("shape") or tree
        where = (entry.key.span.start, *starts(entry.value))
        piece = (f"input {word(entry.key, 'the name of an input')}: ", shape(tree), element)
        return Statement((Text(piece, where),), starts=where[:1])

    def states(self, entries: Sequence[Entry]) -> Iterator[Statement]:
        """The states of a cell: those on one line that are on one line of their source."""
        lines: dict[int, list[Entry]] = {}
        for entry in entries:
            lines.setdefault(entry.key.span.first().line, []).append(entry)
        for line in lines.values():
            pieces = tuple((f"{word(each.key, 'the name of a state')}: ", shape(each.value)) for each in line)
            where = tuple(at for each in line for at in (each.key.span.start, *starts(each.value)))
            yield Statement((Text(("state ", Listed("", pieces, "")), where),), starts=where[:1])

    def init(self, tree: Tree | None) -> Iterator[Statement]:
        if tree is not None:
            where = tuple(starts(tree))
            given = (opening(tree),) if isinstance(tree, Scalar) else arguments(tree)
            if isinstance(tree, Fields) and (start := tree.get("1")) is not None:
                given = (opening(start), *given[1:])
            yield Statement((Text(("init ", Listed("", given, "")), where),), starts=(min(where),))

    def rename(self, entry: Entry) -> Statement:
        own, stored = entry.key, entry.value
        if not _WEIGHTS.fullmatch(own.text) or not isinstance(stored, Scalar):
            raise unwritable(own.span, "this as the name of weights")
        written = stored.text if _WEIGHTS.fullmatch(stored.text) else quoted(stored)
        where = (own.span.start, *starts(stored))
        return Statement((Text(written, where),), f"rename {own.text} = ", where[:1], kind="rename =")

    def expectations(self, tree: Tree | None) -> Iterator[Statement]:
        if not isinstance(tree, Fields):
            yield from map(self.expectation, items_of(tree))
            return
        for entry in tree.entries:
            where = (entry.key.span.start, *starts(entry.value))
            piece: Piece = (f"expect {word(entry.key, 'what is expected')} == ", equal(entry.value))
            yield Statement((Text(piece, where),), starts=where[:1])

    def expectation(self, tree: Tree) -> Statement:
        condition, said = tree, ""
        if isinstance(tree, Fields):
            self.expect_keys(tree, ("that", "message"))
            message = tree.get("message")
            if not isinstance(message, Scalar):
                raise unwritable(tree.span, "an expectation like this")
            condition, said = tree.get("that") or tree, f": {quoted(message)}"
        where = tuple(starts(tree))
        return Statement((Text(("expect ", opening(condition), said), where),), starts=(min(where),))

    # Statements

    def branch(self, tree: Tree) -> Statement:
        """A line that goes its own way, and is not aligned with the one before."""
        statement = self.statement(tree)
        return statement if statement.head else replace(statement, kind="")

    def statement(self, tree: Tree) -> Statement:
        """A line of a body, with the name of what it gives, if it has one."""
        if not isinstance(tree, Fields):
            return Statement(self.chain(tree), kind=_op_of(tree), starts=first(tree))
        head, names, end = self.label(tree)
        rest = Fields(tuple(each for each in tree.entries if each.key.text not in _LABELS), tree.span)
        layer: Tree = rest
        steps = tree.get("chain")
        if steps is not None and head and len(rest.entries) == 1:
            layer = _alone(steps)
        if tree.entry("name") is not None and _is_bare(layer):
            # Behind a name, a word alone is an op; elsewhere it may be a value.
            segments = tuple(self.call(rest))
        else:
            segments = (*self.chain(layer), *end)
        where = (*names, *first(tree)) if head else first(tree)
        return Statement(segments, head, where, kind="output =" if tree.entry("output") else "=" if head else "")

    def label(self, tree: Fields) -> tuple[str, tuple[int, ...], tuple[Segment, ...]]:
        """What stands before the `=` of a layer, where, and what stands at its end."""
        labels = [entry for entry in tree.entries if entry.key.text in _LABELS[:3]]
        when = tree.entry("when")
        if len(labels) > 1 or (when is not None and tree.entry("output") is None):
            raise unwritable(tree.span, "these names of one layer")
        if not labels:
            return "", (), ()
        kind, name = labels[0].key.text, labels[0].value
        names = name.items if isinstance(name, Items) and kind == "name" else (name,)
        written = ", ".join(word(each, "the name of a value") for each in names)
        end = () if when is None else (Text(f" when {word(when.value, 'a condition')}", tuple(starts(when.value))),)
        return f"{'' if kind == 'name' else f'{kind} '}{written} = ", tuple(starts(name)), end

    def chain(self, tree: Tree) -> tuple[Segment, ...]:
        """Steps with arrows between them, what flows into the first before them."""
        steps = tree.items if isinstance(tree, Items) else (tree,)
        if isinstance(tree, Items) and len(steps) < 2:
            raise unwritable(tree.span, "a chain of less than two steps")
        segments: list[Segment] = []
        for index, step in enumerate(steps):
            if index:
                segments.append(Arrow())
            if index == 0 and isinstance(tree, Items) and isinstance(step, Items):
                segments += self.enclosed((step,))
            else:
                segments += self.step(step, is_start=index == 0)
        return tuple(segments)

    def enclosed(self, trees: Sequence[Tree]) -> Iterator[Segment]:
        """Chains in parentheses. No line is broken at their arrows."""
        chains = [[Text(" -> ") if isinstance(each, Arrow) else each for each in self.chain(tree)] for tree in trees]
        pieces = [tuple(each.piece for each in chain if isinstance(each, Text)) for chain in chains]
        if all(len(piece) == len(chain) for piece, chain in zip(pieces, chains, strict=True)):
            yield Text(Listed("(", tuple(pieces), ")"), tuple(starts(*trees)))
            return
        for index, chain in enumerate(chains):
            yield Text(", " if index else "(")
            yield from chain
        yield Text(")")

    def step(self, tree: Tree, *, is_start: bool) -> Iterator[Segment]:
        if isinstance(tree, Scalar):
            yield Text(word(tree, "a layer"), (tree.span.start,))
            return
        if not isinstance(tree, Fields):
            raise unwritable(tree.span, "a chain in a chain", "put braces around it, or give it a name")
        for entry in tree.entries:
            if entry.key.text in _LABELS:
                raise unwritable(entry.key.span, f"`{entry.key.text}` in a chain", "give the layer a line of its own")
        sources = tree.get("from")
        if sources is not None:
            if not is_start or not isinstance(sources, Items) or len(sources.items) < 2:
                raise unwritable(sources.span, "`from` here", "start a line with what flows in")
            yield from self.enclosed(sources.items)
            yield Arrow()
        rest = Fields(tuple(each for each in tree.entries if each.key.text != "from"), tree.span)
        calculated = rest.get("value")
        if calculated is not None and len(rest.entries) == 1:
            if not is_start or sources is not None:
                raise unwritable(calculated.span, "a formula behind an arrow")
            yield Text(formula(calculated), tuple(starts(calculated)))
            return
        if sources is None and _is_bare(rest):
            raise unwritable(tree.span, "an op without settings that has the name of a value")
        yield from self.construct(rest)

    def construct(self, tree: Fields) -> Iterator[Segment]:
        """A step that is no word: an op with its settings, or what has bodies."""
        keys = [entry.key.text for entry in tree.entries]
        known: Sequence[str]
        if is_construct(tree, "residual"):
            known = ("residual", "shortcut")
            yield Text("residual ", (tree.span.start,))
            yield self.body(tree, "residual")
            if "shortcut" in keys:
                yield Text(" shortcut ")
                yield self.body(tree, "shortcut")
        elif is_construct(tree, "repeat"):
            known = ("repeat", "layers")
            yield self.deciding("repeat ", tree, "repeat")
            yield self.body(tree, "layers")
        elif is_construct(tree, "for"):
            known = ("for", "in", "layers")
            names = ", ".join(word(each, "the name of a value") for each in items_of(tree.get("for")))
            at = tuple(starts(*items_of(tree.get("for"))))
            yield Text("for ", (tree.span.start,))
            yield Text(f"{names} in ", at)
            yield self.deciding("", tree, "in")
            yield self.body(tree, "layers")
        elif is_construct(tree, "if"):
            known = ("if", "then", "else")
            yield from self.choice(tree)
        elif keys == ["layers"]:
            known = keys
            yield Text("", (tree.span.start,))
            yield self.body(tree, "layers")
        else:
            known = keys
            yield from self.call(tree)
        self.expect_keys(tree, known)

    def deciding(self, before: str, tree: Fields, key: str) -> Text:
        """What decides about a body, before its brace."""
        decisive = tree.get(key)
        if decisive is None:
            raise unwritable(tree.span, f"this without `{key}`")
        piece = opening(decisive) if before else value(decisive)
        return Text((before, piece, " "), (tree.span.start, *starts(decisive)))

    def choice(self, tree: Fields) -> Iterator[Segment]:
        yield self.deciding("if ", tree, "if")
        yield self.body(tree, "then")
        otherwise = tree.get("else")
        if otherwise is None:
            return
        only = otherwise.items[0] if isinstance(otherwise, Items) and len(otherwise.items) == 1 else None
        if isinstance(only, Fields) and is_construct(only, "if") and not any(map(only.entry, _LABELS)):
            yield Text(" else ")
            yield from self.choice(only)
            self.expect_keys(only, ("if", "then", "else"))
        else:
            yield Text(" else ")
            yield self.body(tree, "else")

    def call(self, tree: Fields) -> Iterator[Segment]:
        ops = [entry for entry in tree.entries if entry.key.text != "branches"]
        if len(ops) != 1 or ops[0].key.text in NO_OPS:
            raise unwritable(tree.span, "a layer like this")
        (op,) = ops
        settings = op.value
        given = () if isinstance(settings, Fields) and not settings.entries else arguments(settings)
        yield Text(call(word(op.key, "an op"), given), (tree.span.start, op.key.span.start, *starts(settings)))
        if tree.entry("branches") is not None:
            yield Text(" ")
            yield self.body(tree, "branches")

    def body(self, tree: Fields, key: str) -> Body:
        layers = tree.get(key)
        if not isinstance(layers, Items):
            raise unwritable(tree.span, f"this without a list under `{key}`")
        statements = tuple(map(self.branch if key == "branches" else self.statement, layers.items))
        is_on_line = "\n" not in layers.span.text
        if not statements and not is_on_line:
            is_on_line = self.notes is None or not (self.notes.has_braces and self.notes.are_in(layers.span))
        return Body(statements, (layers.span,), is_on_line)


_LABELS: Final = ("name", "output", "next", "when")
_WEIGHTS: Final = re.compile(r"[\w*]+(\.[\w*]+)*")
"""Names of weights as they can be written without quotes."""

_SHIPPED: Final = re.compile(r"std(\.[^\W\d]\w*)+")


def _place(statement: Statement) -> int:
    """Where a statement stands in its source."""
    return min(statement.starts, default=0)


def _alone(tree: Tree) -> Tree:
    """The only step of a chain, or the whole chain."""
    return tree.items[0] if isinstance(tree, Items) and len(tree.items) == 1 else tree


def _is_bare(tree: Tree) -> bool:
    """Whether a layer is an op without settings, and surely no value."""
    if not isinstance(tree, Fields) or len(tree.entries) != 1:
        return False
    settings = tree.entries[0].value
    return isinstance(settings, Fields) and not settings.entries


def _op_of(tree: Tree) -> str:
    """The kind of a chain without a name: those that start with the same op are alike."""
    start = tree.items[0] if isinstance(tree, Items) and tree.items else tree
    if isinstance(start, Fields) and len(start.entries) == 1 and isinstance(tree, Items):
        return f"-> {start.entries[0].key.text}"
    return ""
