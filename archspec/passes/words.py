"""The words that stand for figures of a model, and which conditions speak of these.

What the figures are is worked out in `archspec.passes.figures`, which only a spec that speaks of them waits for.
"""

from __future__ import annotations

from typing import Final

from archspec.expression import (
    FUNCTIONS,
    Apply,
    Attribute,
    Binary,
    Bytes,
    Expression,
    Index,
    ListOf,
    Name,
    Unary,
    free_names,
)

MEMORY: Final = "memory"
FIELD: Final = "receptive_field"
COUNTS: Final = ("params", "buffers", "macs", "flops")
"""What is counted, of a model or of a part of it."""

WORDS: Final = (*COUNTS, FIELD, MEMORY)

ORDER: Final = ("<", "<=", ">", ">=")
"""What compares by size."""

_SYMBOLIC: Final = ("params", "macs")
"""The figures of which exact formulas are expected, too, and that are known where errors hide others."""


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    """What an expression is made of."""
    match expression:
        case Unary(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case Index(base, index):
            return (base, index)
        case ListOf(items):
            return items
        case Apply(_, arguments):
            return arguments
    return ()


def may_speak_of_figures(condition: Expression) -> bool:
    """Whether a condition may speak of more than formulas for `params` and `macs`."""
    match condition:
        case Bytes() | Attribute():
            return True
        case Apply():
            # Of functions that there are not, some may be meant as figures.
            return condition.function not in FUNCTIONS or any(map(may_speak_of_figures, condition.arguments))
        case Name(text):
            return text in WORDS and text not in _SYMBOLIC
        case Binary(operator, left, right) if operator in ORDER:
            if any(each.text in WORDS for side in (left, right) for each in free_names(side)):
                return True
    return any(map(may_speak_of_figures, parts_of(condition)))
