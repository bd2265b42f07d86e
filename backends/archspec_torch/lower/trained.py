"""Trained numbers that stand alone."""

from __future__ import annotations

from archspec.ops.trained import Scale, Shift, Tokens
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed, number


@lower.register
def _(op: Scale, x: Shape) -> Call:
    options = changed(start=(op.start, 1.0), axes_after=(_axes_after(op.axis, x), 0))
    return Call("Scale", (number(op, "the features of its input", x[op.axis]),), options)


@lower.register
def _(op: Shift, x: Shape) -> Call:
    options = changed(start=(op.start, 0.0), axes_after=(_axes_after(op.axis, x), 0))
    return Call("Shift", (number(op, "the features of its input", x[op.axis]),), options)


@lower.register
def _(op: Tokens, x: Shape) -> Call:
    features = number(op, "the features of its input", x[2])
    return Call("Tokens", (number(op, "its count", op.count), features), changed(at=(op.at, "start")))


def _axes_after(axis: int, x: Shape) -> int:
    return -1 - axis if axis < 0 else x.rank - 1 - axis
