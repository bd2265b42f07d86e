"""Words, values and settings of the text form, in pieces that may be broken into lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from archspec.catalog.text import SyntaxFault
from archspec.expression import COMPARISONS, Apply, Binary, Expression, Literal, Name, Unary
from archspec.rewrite.canonical import REST
from archspec.rewrite.layout import Listed, Piece
from archspec.rewrite.spacing import split
from archspec.source import Source, Span
from archspec.syntax.fault import WORD, Fault
from archspec.syntax.parsing import parse
from archspec.syntax.text import parse_expression
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree, is_blank


def unwritable(place: Span, what: str, cure: str = "") -> Fault:
    """What the text form has no words for."""
    return Fault(SyntaxFault(place, "", problem=f"the text form has no words for {what}", cure=cure))


def quoted(scalar: Scalar) -> str:
    """A text in quotes, on one line."""
    strange = _UNWRITABLE.search(scalar.text)
    if strange is not None:
        raise unwritable(scalar.span, f"the character U+{ord(strange.group()):04X}")
    text = scalar.text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{text}"'


_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")


def word(tree: Tree, what: str) -> str:
    if not isinstance(tree, Scalar) or not WORD.fullmatch(tree.text):
        raise unwritable(tree.span, f"this as {what}", "a name is made of letters, digits and `_`")
    return tree.text


@lru_cache(maxsize=10_000)
def _check(text: str) -> None:
    parse(Scalar(text, Source("", text).whole()), "value")


def value(tree: Tree) -> Piece:
    """An expression, or a list of some."""
    match tree:
        case Scalar(text, is_quoted=True):
            return quoted(tree)
        case Scalar(text):
            if not WORD.fullmatch(text) and not (text.isascii() and text.isdecimal()):
                try:
                    _check(text)
                except Fault:
                    parse(tree, "value")  # tells the same of the place where it stands
                    raise
            return _expression(text)
        case Items(items, span):
            # Whether a list has brackets or parentheses is for its author to choose.
            is_round = span.text.startswith("(") and len(items) > 1
            opening, closing = ("(", ")") if is_round else ("[", "]")
            return Listed(opening, tuple(map(value, items)), closing)
    raise unwritable(tree.span, "a mapping here")


def _expression(text: str) -> Piece:
    """An expression; a long one may be broken behind its operators."""
    parts = split(text) if len(text) > _SHORT else ()
    if len(parts) < 2:
        return text
    pieces = ((_expression(part), f" {symbol}" if symbol else "") for part, symbol in parts)
    return Listed("", tuple(pieces), "", mark="")


_SHORT: Final = 30
"""An expression that is no longer than this is not broken."""


def opening(tree: Tree) -> Piece:
    """An expression behind a word such as `init`, which is a name where a formula may go on with it: `init - (x)`."""
    piece = value(tree)
    return ("(", piece, ")") if isinstance(tree, Scalar) and not tree.is_quoted and _MINUS.match(tree.text) else piece


_MINUS: Final = re.compile(r"-(?!\w)")


def equal(tree: Tree) -> Piece:
    """An expression behind `==`, where no second comparison can stand."""
    piece = value(tree)
    return ("(", piece, ")") if isinstance(tree, Scalar) and _is_condition(tree) else piece


def _is_condition(scalar: Scalar) -> bool:
    try:
        expression = parse_expression(scalar)
    except Fault:
        return False
    match expression:
        case Binary(symbol):
            return symbol in (*COMPARISONS, "and", "or")
        case Unary(symbol):
            return symbol == "not"
    return False


def formula(tree: Tree) -> Piece:
    """Arithmetic between values."""
    if not isinstance(tree, Scalar) or not _calculates(parse_expression(tree)):
        raise unwritable(tree.span, "a formula that calculates nothing", "write it as a layer")
    return value(tree)


def _calculates(expression: Expression) -> bool:
    match expression:
        case Unary("-", operand):
            return _is_operand(operand)
        case Binary(symbol, left, right):
            return symbol not in (*COMPARISONS, "and", "or") and _is_operand(left) and _is_operand(right)
    return False


def _is_operand(expression: Expression) -> bool:
    match expression:
        case Literal(number):
            return not isinstance(number, str)
        case Name() | Apply():
            return True
    return _calculates(expression)


def arguments(tree: Tree) -> tuple[Piece, ...]:
    """Settings: those without a name before the others."""
    if not isinstance(tree, Fields):
        return (value(tree),)
    plain = [each for each in tree.entries if each.key.text.isdecimal()]
    plain.sort(key=lambda each: int(each.key.text))
    if [each.key.text for each in plain] != [str(position) for position in range(1, len(plain) + 1)]:
        raise unwritable(tree.span, "a setting without a name, where those before it are missing")
    named = [each for each in tree.entries if not each.key.text.isdecimal()]
    return (
        *(value(each.value) for each in plain),
        *((f"{word(each.key, 'the name of a setting')}=", value(each.value)) for each in named),
    )


def call(name: str, given: Sequence[Piece]) -> Piece:
    return (name, Listed("(", tuple(given), ")")) if given else name


def shape(tree: Tree) -> Piece:
    if not isinstance(tree, Items):
        raise unwritable(tree.span, "a shape that is no list")
    axes = (REST if isinstance(each, Scalar) and each.text == REST else value(each) for each in tree.items)
    return Listed("[", tuple(axes), "]")


def entries_of(tree: Tree | None, what: str) -> tuple[Entry, ...]:
    if tree is None:
        return ()
    if not isinstance(tree, Fields):
        raise unwritable(tree.span, f"{what} that is no mapping")
    return tree.entries


def items_of(tree: Tree | None) -> tuple[Tree, ...]:
    if tree is None:
        return ()
    if not isinstance(tree, Items):
        raise unwritable(tree.span, "this where a list belongs")
    return tree.items


def parameter(entry: Entry) -> Piece:
    name, tree = word(entry.key, "the name of a parameter"), entry.value
    if not isinstance(tree, Fields):
        return name if is_blank(tree) else (f"{name} = ", value(tree))
    kind, default = tree.get("type"), tree.get("default")
    if kind is None:
        raise unwritable(tree.span, "a parameter with limits and without a type")
    limits = [
        *map(value, items_of(tree.get("values"))),
        *(
            (f"{word(each.key, 'the name of a limit')}=", value(each.value))
            for each in tree.entries
            if each.key.text not in ("type", "values", "default")
        ),
    ]
    typed: Piece = (f"{name}: ", call(word(kind, "a type"), limits))
    return typed if default is None else (typed, " = ", value(default))
