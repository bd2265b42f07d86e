"""The largest and the smallest of several values: methods of tensors that are called as the ops are."""

from __future__ import annotations

from archspec.ops.maximum import Maximum, Minimum
from archspec.shape import Shape
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from archspec_torch.lower.merge import chained


@lower.register
def _(op: Maximum | Minimum, *xs: Shape) -> Inline:
    return Inline(chained(op.name, len(xs)))
