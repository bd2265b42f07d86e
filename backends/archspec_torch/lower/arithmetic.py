"""Formulas."""

from __future__ import annotations

from typing import Any

from archspec.ops.arithmetic import Arithmetic, Calculation, Operand, Term
from archspec.shape import Shape
from archspec_torch.call import Given, Operation
from archspec_torch.inline import Inline
from archspec_torch.lower import lower


@lower.register
def _(op: Arithmetic, *xs: Shape) -> Inline:
    return Inline(_operation(op.term))


def _operation(term: Term) -> Any:
    """A term of a formula in Python."""
    match term:
        case Operand(position):
            return Given(position)
        case Calculation(symbol, terms):
            return Operation(symbol, tuple(map(_operation, terms)))
        case _:
            return term
