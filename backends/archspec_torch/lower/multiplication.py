"""Products and quotients."""

from __future__ import annotations

from archspec.ops.multiplication import Div, Mul
from archspec.shape import Shape
from archspec_torch.call import Operation
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import all_given
from archspec_torch.lower.merge import folded


@lower.register
def _(op: Mul, *xs: Shape) -> Inline:
    return Inline(folded("*", len(xs)))


@lower.register
def _(op: Div, a: Shape, b: Shape) -> Inline:
    return Inline(Operation("/", all_given(2)))
