"""What was parsed as an expression, with a place for each of its parts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final, final

from archspec.catalog.text import DuplicateKey, SyntaxFault
from archspec.expression import (
    ORDERLESS,
    Apply,
    Attribute,
    Binary,
    Bytes,
    Expression,
    Index,
    ListOf,
    Literal,
    Name,
    Unary,
)
from archspec.quantity import split, times
from archspec.size import LARGEST
from archspec.source import Span
from archspec.syntax.automaton import Part
from archspec.syntax.fault import LONGEST_NUMBER, Fault, shortened
from archspec.syntax.parsing import as_node, as_token, nodes, parts, present
from archspec.syntax.tree import Scalar
from archspec.syntax.values import ValueReader, nameless, unquoted

MOST_OPERATORS: Final = 200
"""No expression has more operators than this."""


def word(text: str, span: Span) -> Expression:
    return Literal(text == "true", span) if text in ("true", "false") else Name(text, span)


@final
class ExpressionReader:
    """Turns what was parsed of one scalar into an expression; raises `Fault`."""

    def __init__(self, values: ValueReader) -> None:
        self.values = values
        self.operators = 0

    def expression(self, part: Part) -> Expression:
        node = as_node(part)
        place = self.values.place(node)
        children = present(node)
        match node.data:
            case "name":
                return word(str(children[0]), place)
            case "call":
                # A formula is parsed as the start of a chain, where an op is a layer and parentheses may hold chains.
                name, *given = children
                is_applied = node.end > as_token(name).end
                return self.application(str(name), given, place) if is_applied else word(str(name), place)
            case "several" | "chain":
                return self.expression(children[0])
            case "number":
                return Literal(_number(str(children[0]), place), place)
            case "bytes":
                return Bytes(_number(str(children[0]), place), place)
            case "string":
                return Literal(unquoted(as_token(children[0])), place)
            case "list":
                return ListOf(tuple(map(self.expression, children)), place)
            case "attribute":
                return Attribute(tuple(map(str, children)), place)
            case "apply":
                return self.application(str(children[0]), children[1:], place)
            case "index":
                self.count_operator(place)
                base, index = children
                return Index(self.expression(base), self.expression(index), place)
            case "negative" | "negation":
                return Unary("-" if node.data == "negative" else "not", self.expression(children[0]), place)
            case "power" | "power_of_value":
                base, exponent = children
                return Binary("**", self.expression(base), self.expression(exponent), place)
            case "either" | "both":
                symbol = "or" if node.data == "either" else "and"
                return self.binary(children, [symbol] * (len(children) - 1), place)
            case _:
                return self.binary(children[::2], list(map(str, children[1::2])), place)

    def binary(self, operands: Sequence[Part], symbols: Sequence[str], place: Span) -> Expression:
        """Operands with operators between them, the leftmost first."""
        result = self.expression(operands[0])
        for symbol, operand in zip(symbols, operands[1:], strict=True):
            self.count_operator(place)
            right = self.expression(operand)
            # The place of the whole knows of the parentheses around its parts, which those parts do not.
            span = place if operand is operands[-1] else Span(place.source, place.start, right.span.end)
            result = Binary(symbol, result, right, span)
        return result

    def application(self, function: str, given: Sequence[Part], place: Span) -> Expression:
        """A function with its arguments: those without a name come first, where it matters which is which."""
        plain: list[Expression] = []
        named: dict[str, tuple[Scalar, Expression]] = {}
        for each in nodes(as_node(given[0])) if given else ():
            label, value = parts(each)
            expression = self.expression(value)
            if label is None and named and function not in ORDERLESS:
                raise Fault(nameless(expression.span))
            if label is None:
                plain.append(expression)
                continue
            name = self.values.word(label)
            if name.text in named:
                raise Fault(DuplicateKey(name.span, name.text, named[name.text][0].span))
            named[name.text] = name, expression
        return Apply(function, tuple(plain), place, tuple((name, value) for name, (_, value) in named.items()))

    def count_operator(self, place: Span) -> None:
        """Each operator makes an expression deeper by one, and what is done with expressions calls itself."""
        self.operators += 1
        if self.operators > MOST_OPERATORS:
            raise Fault(SyntaxFault(place, "", problem=f"this expression has more than {MOST_OPERATORS} operators"))


def _number(text: str, place: Span) -> int | float:
    number, unit = split(text)
    if _NUMBER.fullmatch(number) and len(text) <= LONGEST_NUMBER:
        value = int(number) if number.replace("_", "").isdecimal() else float(number)
        if unit and math.isfinite(value):
            value = times(number, unit)
        if math.isfinite(value) if isinstance(value, float) else value <= LARGEST:
            return value
        raise Fault(SyntaxFault(place, "", problem=f"`{text}` is too large: whole numbers end at 2**63 - 1"))
    cure = "write it without the `0` at its start" if text.startswith("0") else ""
    raise Fault(SyntaxFault(place, "", problem=f"`{shortened(text)}` is not a number", cure=cure))


_NUMBER: Final = re.compile(
    r"(0|[1-9][0-9]*(_[0-9]+)*)|([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][+-]?[0-9]+)?", re.ASCII
)
