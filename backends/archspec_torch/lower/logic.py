"""Logic: methods of tensors that are called as the ops are."""

from __future__ import annotations

from archspec.ops.logic import LogicalAnd, LogicalNot, LogicalOr, LogicalXor
from archspec.shape import Shape
from archspec_torch.call import Given
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower
from archspec_torch.lower.merge import chained


@lower.register
def _(op: LogicalAnd | LogicalOr | LogicalXor, *xs: Shape) -> Inline:
    return Inline(chained(op.name, len(xs)))


@lower.register
def _(op: LogicalNot, x: Shape) -> Inline:
    return Inline(Method(Given(0), op.name))
