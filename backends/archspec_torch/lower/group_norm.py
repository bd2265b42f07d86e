"""Normalisation of groups of channels."""

from __future__ import annotations

from archspec.ops.group_norm import GroupNorm
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed, number


@lower.register
def _(op: GroupNorm, x: Shape) -> Call:
    options = changed(eps=(op.eps, 1e-5), affine=(op.affine, True))
    return Call("nn.GroupNorm", (op.groups, number(op, "the channels of its input", x[1])), options)
