"""Sums, products and means."""

from __future__ import annotations

from functools import reduce
from typing import Any

from archspec.ops.agreement import axes_of
from archspec.ops.total import LogSumExp, Mean, Prod, Sum
from archspec.shape import Shape
from archspec_torch.call import Given
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed
from archspec_torch.lower.reduction import dim_of, options_of


@lower.register
def _(op: Mean | Sum, x: Shape) -> Inline:
    return Inline(Method(Given(0), op.name, (), options_of(op, x)))


@lower.register
def _(op: Prod, x: Shape) -> Inline:
    if op.axes is None and not op.keep:
        return Inline(Method(Given(0), "prod"))
    # Torch takes one axis at a time. From the last one on, the numbers of those before it stay what they are.
    axes = axes_of(x, op.axes) or (0,)
    keepdim = changed(keepdim=(op.keep, False))
    if isinstance(op.axes, int):
        axes = (op.axes,)
    value: Any = Given(0)
    return Inline(reduce(lambda found, axis: Method(found, "prod", (), {"dim": axis, **keepdim}), axes[::-1], value))


@lower.register
def _(op: LogSumExp, x: Shape) -> Inline:
    return Inline(Method(Given(0), "logsumexp", (), {"dim": dim_of(op, x), **changed(keepdim=(op.keep, False))}))
