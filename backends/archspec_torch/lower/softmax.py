"""Softmax and its like."""

from __future__ import annotations

from archspec.ops.softmax import GumbelSoftmax, LogSoftmax, Softmax, Softmin
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed


@lower.register
def _(op: Softmax, x: Shape) -> Call:
    return Call.of("nn.Softmax", dim=op.axis)


@lower.register
def _(op: LogSoftmax, x: Shape) -> Call:
    return Call.of("nn.LogSoftmax", dim=op.axis)


@lower.register
def _(op: Softmin, x: Shape) -> Call:
    return Call.of("nn.Softmin", dim=op.axis)


@lower.register
def _(op: GumbelSoftmax, x: Shape) -> Call:
    options = changed(temperature=(op.temperature, 1.0), hard=(op.hard, False), dim=(op.axis, -1))
    return Call("GumbelSoftmax", (), options)
