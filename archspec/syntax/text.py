"""The `.arch` syntax, and the lines and expressions of it that YAML files contain.

lark parses; this module turns what was parsed into the Tree, and says in the reader's words what could not be.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from inspect import cleandoc
from typing import Final, TypeAlias, final

from lark import Lark, Token
from lark import Tree as Parsed
from lark.exceptions import UnexpectedInput

from archspec.catalog.text import DuplicateKey, EmptySpec, SyntaxFault, TooDeep
from archspec.diagnostics import Report
from archspec.expression import Apply, Binary, Expression, Index, ListOf, Literal, Name, Unary
from archspec.size import LARGEST
from archspec.source import Hole, Source, Span
from archspec.syntax.fault import LONGEST_NUMBER, WORD, Fault, brackets, explained, shortened
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree, one_of

DEEPEST: Final = 100
"""Brackets and braces in one another go no deeper than this."""


# A YAML file contains lines and values, but no file of this syntax, and need not wait for the tables of one.
_FILES: Final = ("file", "line", "value")
_PARTS: Final = ("line", "value")


@cache
def _parser(starts: tuple[str, ...]) -> Lark:
    return Lark(
        files("archspec.syntax").joinpath("grammar.lark").read_text(encoding="utf-8"),
        parser="lalr",
        start=list(starts),
        propagate_positions=True,
        maybe_placeholders=True,
    )


def parse_file(source: Source, report: Report) -> Fields | None:
    """The tree of a `.arch` file, or `None` where it has none; what is wrong goes to the report."""
    if not _COMMENT.sub("", source.text).strip():
        report.add(EmptySpec(source.span(0, 0)))
        return None
    reader = _Reader(Scalar(source.text, source.whole()), report)
    try:
        return reader.file(_parse(reader.scalar, "file"))
    except Fault as fault:
        report.add(fault.finding)
        return None


def parse_line(scalar: Scalar, report: Report) -> Tree:
    """The layers of one line, as they stand in a YAML file; raises `Fault`."""
    if WORD.fullmatch(scalar.text):
        return Scalar(scalar.text, scalar.span)
    reader = _Reader(scalar, report)
    (chain,) = _parts(_parse(scalar, "line"))
    return reader.chain(_subtree(chain))


def parse_expression(scalar: Scalar) -> Expression:
    """The expression that a scalar of a tree holds; raises `Fault`."""
    if scalar.is_quoted:
        return Literal(scalar.text, scalar.span)
    if WORD.fullmatch(scalar.text):
        return _name(scalar.text, scalar.span)
    if _SMALL_NUMBER.fullmatch(scalar.text):
        return Literal(int(scalar.text), scalar.span)
    (expression,) = _parts(_parse(scalar, "value"))
    return _Reader(scalar, Report()).expression(expression)


_COMMENT: Final = re.compile(r"#[^\n]*")

# Most scalars of a YAML file are a word or a number: they need no parser, and a file of them need not wait for lark's.
_SMALL_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")


def _name(text: str, span: Span) -> Expression:
    return Literal(text == "true", span) if text in ("true", "false") else Name(text, span)


def _parse(scalar: Scalar, start: str) -> Parsed[Token]:
    depth = 0
    for position, symbol in brackets(scalar.text):
        depth += 1 if symbol in "([{" else -1
        if depth > DEEPEST:
            raise Fault(TooDeep(scalar.place(position, position + 1), DEEPEST))
    try:
        return _parser(_FILES if start == "file" else _PARTS).parse(scalar.text, start=start)
    except UnexpectedInput as error:
        raise Fault(explained(scalar, error)) from None


_Part: TypeAlias = Parsed[Token] | Token | str | None


def _subtree(part: _Part) -> Parsed[Token]:
    if not isinstance(part, Parsed):
        raise TypeError(f"the grammar gives a rule here, not {part!r}")
    return part


def _parts(tree: Parsed[Token]) -> Sequence[_Part]:
    """The parts of a rule; `None` where an optional part is absent, which the types of lark do not say."""
    return tree.children


def _token(part: _Part) -> Token:
    if not isinstance(part, Token):
        raise TypeError(f"the grammar gives a token here, not {part!r}")
    return part


@final
class _Reader:
    """Turns what lark parsed of one scalar into the Tree and into expressions, each with its place."""

    def __init__(self, scalar: Scalar, report: Report) -> None:
        self.scalar = scalar
        self.report = report
        self.operators = 0

    def place(self, node: Parsed[Token] | Token) -> Span:
        if isinstance(node, Token):
            return self.scalar.place(node.start_pos or 0, node.end_pos or 0)
        return self.scalar.place(node.meta.start_pos, node.meta.end_pos)

    def word(self, part: _Part) -> Scalar:
        token = _token(part)
        return Scalar(str(token), self.place(token))

    def key(self, text: str, place: Span) -> Scalar:
        """A key that the syntax implies; its place is the statement that implies it."""
        return Scalar(text, place)

    # Statements

    def file(self, tree: Parsed[Token]) -> Fields:
        entries: list[Entry] = []
        blocks: list[Entry] = []
        variants: list[tuple[Scalar, Entry]] = []
        for each in map(_subtree, _parts(tree)):
            if each.data == "variant":
                variants.append(self.variant(each))
                continue
            name, definition = self.definition(each)
            if each.data == "model" and entries:
                problem = f"a file has one model, and this is another beside `{entries[0].value.span.text}`"
                self.report.add(SyntaxFault(name.span, "", problem=problem, cure="give it a file of its own"))
            elif each.data == "model":
                entries += [Entry(self.key("model", name.span), name), *definition]
            else:
                blocks.append(Entry(name, Fields(tuple(definition), self.place(each))))
        model = entries[0].value if entries else None
        for of, _ in variants:
            if isinstance(model, Scalar) and of.text != model.text:
                problem = f"a variant is one of the model of its file, `{model.text}`, and not of `{of.text}`"
                self.report.add(SyntaxFault(of.span, "", problem=problem))
        for key, named in (("blocks", blocks), ("variants", [entry for _, entry in variants])):
            if named:
                place = named[0].key.span.until(named[-1].value.span)
                entries.append(Entry(self.key(key, place), self.fields(named, place)))
        return self.fields(entries, self.place(tree))

    def variant(self, tree: Parsed[Token]) -> tuple[Scalar, Entry]:
        """The model that a variant is of, and its entry: its name with what it sets and expects."""
        doc, word, model, arguments, body = _parts(tree)
        name, place = self.word(word), self.place(tree)
        entries = [] if doc is None else [self.doc(doc)]
        if arguments is not None:
            settings = self.arguments(_subtree(arguments))
            if not isinstance(settings, Fields):
                settings = Fields((Entry(Scalar("1", settings.span), settings),), settings.span)
            entries.append(Entry(self.key("set", settings.span), settings))
        for entry in () if body is None else self.body(_subtree(body), top=True):
            if entry.key.text == "expect":
                entries.append(entry)
            elif not isinstance(entry.value, Items) or entry.value.items:
                self.report.add(
                    SyntaxFault(entry.value.span, "", problem="the braces of a variant hold `expect` lines")
                )
        return self.word(model), Entry(name, Fields(tuple(entries), place))

    def doc(self, part: _Part) -> Entry:
        text = self.string(_parts(_subtree(part))[0])
        return Entry(self.key("doc", text.span), text)

    def definition(self, tree: Parsed[Token]) -> tuple[Scalar, list[Entry]]:
        """The name of a model or block, and its entries."""
        doc, word, parameters, body = _parts(tree)
        name = self.word(word)
        entries = [] if doc is None else [self.doc(doc)]
        if parameters is not None:
            entries.append(Entry(self.key("params", name.span), self.parameters(_subtree(parameters))))
        entries.extend(self.body(_subtree(body), top=True))
        return name, entries

    def parameters(self, tree: Parsed[Token]) -> Fields:
        entries = []
        for each in _parts(tree):
            if each is not None:
                name, default = _parts(_subtree(each))
                place = self.place(_subtree(each))
                value = Scalar("", place) if default is None else self.value(default)
                entries.append(Entry(self.word(name), value))
        return self.fields(entries, self.place(tree))

    def body(self, tree: Parsed[Token], *, top: bool) -> Iterator[Entry]:
        """The entries that the statements of a model or block make; those of a group are layers only."""
        inputs: list[Entry] = []
        expectations: list[Parsed[Token]] = []
        layers: list[Tree] = []
        for each in _parts(tree):
            if each is None:
                continue
            statement = _subtree(each)
            if statement.data in ("input", "expect") and not top:
                message = f"`{statement.data}` belongs to the model, not to a group of layers"
                self.report.add(SyntaxFault(self.place(statement), "", problem=message))
            elif statement.data == "input":
                inputs.append(self.input(statement))
            elif statement.data == "expect":
                expectations.append(statement)
            elif statement.data == "naming":
                layers.append(self.naming(statement))
            else:
                layers.append(self.chain(statement))
        place = self.place(tree)
        if inputs:
            yield Entry(
                self.key("inputs", place), self.fields(inputs, inputs[0].value.span.until(inputs[-1].value.span))
            )
        yield Entry(self.key("layers", place), Items(tuple(layers), place))
        if expectations:
            yield Entry(self.key("expect", place), self.expectations(expectations))

    def input(self, tree: Parsed[Token]) -> Entry:
        name, sizes, element = _parts(tree)
        shape = self.value(_subtree(sizes))
        if element is None:
            return Entry(self.word(name), shape)
        kind = self.word(element)
        entries = Entry(self.key("shape", shape.span), shape), Entry(self.key("element", kind.span), kind)
        return Entry(self.word(name), Fields(entries, shape.span.until(kind.span)))

    def expectations(self, statements: list[Parsed[Token]]) -> Tree:
        """`name == value` lines as fields where all are such and no name comes twice; else a list of comparisons."""
        place = self.place(statements[0]).until(self.place(statements[-1]))
        entries = [self.equation(_subtree(_parts(each)[0])) for each in statements]
        keys = [entry.key.text for entry in entries if entry is not None]
        if len(set(keys)) == len(statements):
            return Fields(tuple(entry for entry in entries if entry is not None), place)
        return Items(tuple(self.value(_subtree(_parts(each)[0])) for each in statements), place)

    def equation(self, tree: Parsed[Token]) -> Entry | None:
        if tree.data != "comparison":
            return None
        left, symbol, right = _parts(tree)
        if symbol != "==" or _subtree(left).data != "name" or right is None:
            return None
        return Entry(self.word(_parts(_subtree(left))[0]), self.value(right))

    # Layers

    def naming(self, tree: Parsed[Token]) -> Tree:
        *names, chain = _parts(tree)
        value = self.chain(_subtree(chain))
        words = tuple(self.word(name) for name in names)
        place = words[0].span.until(words[-1].span)
        named = Entry(self.key("name", place), words[0] if len(words) == 1 else Items(words, place))
        match value:
            case Scalar():
                return Fields((Entry(value, Fields((), value.span)), named), value.span)
            case Items():
                return Fields((named, Entry(self.key("chain", value.span), value)), self.place(tree))
            case Fields(entries):
                # The place of a layer is that of its op with its settings; the name knows its own.
                return Fields((*entries, named), value.span)
            case Hole():
                return value

    def chain(self, tree: Parsed[Token]) -> Tree:
        parts = [_subtree(each) for each in _parts(tree)]
        place = self.place(tree)
        if parts[0].data in ("several", "feed"):
            values = Items(tuple(self.chain(_subtree(each)) for each in _parts(parts[0])), self.place(parts[0]))
            if len(parts) == 1:
                problem = "several values stand here, and nothing is made of them"
                self.report.add(SyntaxFault(place, "", problem=problem, cure="lead them somewhere: `(a, b) -> add`"))
                return Hole(place)
            first = self.fed(self.step(parts[1]), Entry(self.key("from", values.span), values))
            steps = (first, *map(self.step, parts[2:]))
        else:
            steps = tuple(map(self.step, parts))
        return steps[0] if len(steps) == 1 else Items(steps, place)

    def fed(self, step: Tree, source: Entry) -> Tree:
        """A step with the values that flow into it."""
        if isinstance(step, Scalar):
            step = Fields((Entry(step, Fields((), step.span)),), step.span)
        return Fields((*step.entries, source), step.span) if isinstance(step, Fields) else step

    def step(self, tree: Parsed[Token]) -> Tree:
        place = self.place(tree)
        match str(tree.data), list(_parts(tree)):
            case "call", [name, None, None]:
                return self.word(name)
            case "simple", [name, arguments]:
                op = self.word(name)
                return op if arguments is None else Fields((Entry(op, self.arguments(_subtree(arguments))),), place)
            case "call", [name, arguments, branches]:
                op = self.word(name)
                settings = Fields((), op.span) if arguments is None else self.arguments(_subtree(arguments))
                entries = [Entry(op, settings)]
                if branches is not None:
                    entries.append(self.lines("branches", _parts(_subtree(branches))[0]))
                return Fields(tuple(entries), place)
            case "group", [body]:
                return Fields((self.lines("layers", body),), place)
            case "residual", [body, shortcut]:
                sides = [self.lines("residual", body)]
                if shortcut is not None:
                    sides.append(self.lines("shortcut", shortcut))
                return Fields(tuple(sides), place)
            case "repeat", [times, body]:
                number = self.value(times)
                return Fields((Entry(self.key("repeat", number.span), number), self.lines("layers", body)), place)
            case "for", [*names, values, body]:
                words = tuple(self.word(name) for name in names)
                among = self.value(values)
                loop = Entry(self.key("for", words[0].span), Items(words, words[0].span.until(words[-1].span)))
                return Fields((loop, Entry(self.key("in", among.span), among), self.lines("layers", body)), place)
            case "if", [condition, then, otherwise]:
                return self.choice(self.value(condition), then, otherwise, place)
        raise TypeError(f"the grammar gives no such step: {tree.data}")

    def choice(self, condition: Tree, then: _Part, otherwise: _Part, place: Span) -> Tree:
        entries = [Entry(self.key("if", condition.span), condition), self.lines("then", then)]
        if otherwise is not None and _subtree(otherwise).data == "if":
            step = self.step(_subtree(otherwise))
            entries.append(Entry(self.key("else", step.span), Items((step,), step.span)))
        elif otherwise is not None:
            entries.append(self.lines("else", otherwise))
        return Fields(tuple(entries), place)

    def lines(self, key: str, body: _Part) -> Entry:
        """The layers in a pair of braces, under the key that holds them."""
        entries = {entry.key.text: entry for entry in self.body(_subtree(body), top=False)}
        only = entries["layers"]
        return Entry(self.key(key, only.key.span), only.value)

    def arguments(self, tree: Parsed[Token]) -> Tree:
        entries: list[Entry] = []
        for position, each in enumerate((each for each in _parts(tree) if each is not None), start=1):
            name, expression = _parts(_subtree(each))
            value = self.value(expression)
            key = Scalar(str(position), value.span) if name is None else self.word(name)
            if name is None and entries and not entries[-1].key.text.isdecimal():
                message = "a value without a name stands after one with a name"
                self.report.add(SyntaxFault(value.span, "", problem=message))
                return Hole(self.place(tree))
            entries.append(Entry(key, value))
        alone = len(entries) == 1 and entries[0].key.text == "1"
        return entries[0].value if alone else self.fields(entries, self.place(tree))

    def fields(self, entries: list[Entry], place: Span) -> Fields:
        """Fields of which each key is kept once; the finding tells of the others."""
        kept: dict[str, Entry] = {}
        for entry in entries:
            first = kept.setdefault(entry.key.text, entry)
            if first is not entry:
                self.report.add(DuplicateKey(entry.key.span, entry.key.text, first.key.span))
                kept[entry.key.text] = one_of(first, entry)
        return Fields(tuple(kept.values()), place)

    # Expressions

    def value(self, node: _Part) -> Tree:
        """An expression as it stands in a tree: a list as items, anything else as a scalar."""
        tree = _subtree(node)
        if tree.data == "list":
            return Items(tuple(self.value(each) for each in _parts(tree) if each is not None), self.place(tree))
        if tree.data == "string":
            return self.string(_parts(tree)[0])
        place = self.place(tree)
        return Scalar(place.text, place)

    def string(self, part: _Part) -> Scalar:
        token = _token(part)
        text = str(token)
        quotes = 3 if text.startswith('"""') else 1
        text = _ESCAPE.sub(_unescaped, text[quotes:-quotes])
        return Scalar(cleandoc(text) if quotes == 3 else text, self.place(token), is_quoted=True)

    def expression(self, node: _Part) -> Expression:
        tree = _subtree(node)
        place = self.place(tree)
        children = [each for each in _parts(tree) if each is not None]
        match tree.data:
            case "name":
                return _name(str(children[0]), place)
            case "number":
                return Literal(self.number(str(children[0]), place), place)
            case "string":
                return Literal(self.string(children[0]).text, place)
            case "list":
                return ListOf(tuple(self.expression(each) for each in children), place)
            case "apply":
                return Apply(str(children[0]), tuple(self.expression(each) for each in children[1:]), place)
            case "index":
                self.count_operator(place)
                base, index = children
                return Index(self.expression(base), self.expression(index), place)
            case "negative" | "negation":
                return Unary("-" if tree.data == "negative" else "not", self.expression(children[0]), place)
            case "power":
                base, exponent = children
                return Binary("**", self.expression(base), self.expression(exponent), place)
            case "either" | "both":
                symbol = "or" if tree.data == "either" else "and"
                operands = [part for each in children for part in (symbol, each)][1:]
                return self.binary(operands, place)
            case _:
                return self.binary(children, place)

    def binary(self, parts: Sequence[_Part], place: Span) -> Expression:
        """Operands with operators between them, the leftmost first."""
        result = self.expression(parts[0])
        for symbol, operand in zip(parts[1::2], parts[2::2], strict=True):
            self.count_operator(place)
            right = self.expression(operand)
            # The place of the whole knows of the parentheses around its parts, which those parts do not.
            span = place if operand is parts[-1] else Span(place.source, place.start, right.span.end)
            result = Binary(str(symbol), result, right, span)
        return result

    def count_operator(self, place: Span) -> None:
        """Each operator makes an expression deeper by one, and what is done with expressions calls itself."""
        self.operators += 1
        if self.operators > MOST_OPERATORS:
            raise Fault(SyntaxFault(place, "", problem=f"this expression has more than {MOST_OPERATORS} operators"))

    def number(self, text: str, place: Span) -> int | float:
        if _NUMBER.fullmatch(text) and len(text) <= LONGEST_NUMBER:
            value = int(text) if text.replace("_", "").isdecimal() else float(text)
            if math.isfinite(value) if isinstance(value, float) else value <= LARGEST:
                return value
            raise Fault(SyntaxFault(place, "", problem=f"`{text}` is too large: whole numbers end at 2**63 - 1"))
        cure = "write it without the `0` at its start" if text.startswith("0") else ""
        raise Fault(SyntaxFault(place, "", problem=f"`{shortened(text)}` is not a number", cure=cure))


MOST_OPERATORS: Final = 200
"""No expression has more operators than this."""

_NUMBER: Final = re.compile(
    r"(0|[1-9][0-9]*(_[0-9]+)*)|([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][+-]?[0-9]+)?", re.ASCII
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


def _unescaped(match: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t"}.get(match[1], match[1])
