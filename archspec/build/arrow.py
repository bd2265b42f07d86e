"""Signs that are meant for arrows: `linear(8) - relu` reads as a difference, and is a chain to whoever wrote it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from archspec.diagnostics import Diagnostic
from archspec.expression import Apply, Binary, Expression, Literal, Name, Unary
from archspec.source import Span

MERGES: Final = {"+": ("add", "sum"), "*": ("mul", "product")}
"""The ops that do with several values what a sign does, and what they give."""


def meant_chain(
    expression: Expression, sign: str, is_layer: Callable[[str], bool], is_value: Callable[[str], bool]
) -> Sequence[Expression]:
    """The layers that a sign stands between, in order; before minus signs, a value may come first. Empty if it is none.

    A difference of values is none, and neither is one with an op that is applied to a value, as in `x - relu(y)`.
    """
    match expression:
        case Binary(operator, left, right) if operator == sign:
            before = meant_chain(left, sign, is_layer, is_value)
            while isinstance(right, Unary) and right.operator == sign:
                right = right.operand
            if sign == "-" and isinstance(left, Name) and is_value(left.text):
                before = (left,)
            behind = meant_chain(right, sign, is_layer, is_value)
            return (*before, *behind) if before and behind else ()
        case Name(text) if is_layer(text) and not is_value(text):
            return (expression,)
        case Apply(function, arguments) if is_layer(function) and all(isinstance(each, Literal) for each in arguments):
            return (expression,)
    return ()


def no_arrow(layers: Sequence[Expression]) -> Diagnostic:
    """What is said of the first sign that stands between layers in the place of an arrow."""
    from archspec.catalog.text import SyntaxFault
    from archspec.syntax.elsewhere import ARROW

    one, other = layers[0].span, layers[1].span
    between = one.source.text[one.end : other.start]
    start = one.end + len(between) - len(between.lstrip())
    sign = between.strip()
    place = Span(one.source, start, start + len(sign))
    if sign not in MERGES:
        return SyntaxFault(place, sign, cure=ARROW, suggestion="->")
    op, what = MERGES[sign]
    return SyntaxFault(place, sign, cure=f"{ARROW}; the {what} of what each of them gives is `{op} {{ ... }}`")
