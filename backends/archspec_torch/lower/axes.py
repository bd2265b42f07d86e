"""Ops on axes."""

from __future__ import annotations

from archspec.ops.axes import Squeeze, Transpose, Unsqueeze, Unstack
from archspec.shape import Shape
from archspec_torch.call import Given
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower


@lower.register
def _(op: Squeeze, x: Shape) -> Inline:
    return Inline(Method(Given(0), "squeeze", (op.axes,)))


@lower.register
def _(op: Unsqueeze, x: Shape) -> Inline:
    return Inline(Method(Given(0), "unsqueeze", (op.axis,)))


@lower.register
def _(op: Transpose, x: Shape) -> Inline:
    return Inline(Method(Given(0), "transpose", (op.first, op.second)))


@lower.register
def _(op: Unstack, x: Shape) -> Inline:
    return Inline(Method(Given(0), "unbind", (op.axis,)))
