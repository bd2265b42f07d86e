"""Softmax and its like."""

from __future__ import annotations

from archspec.ops.softmax import LogSoftmax, Softmax
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower


@lower.register
def _(op: Softmax, x: Shape) -> Call:
    return Call.of("nn.Softmax", dim=op.axis)


@lower.register
def _(op: LogSoftmax, x: Shape) -> Call:
    return Call.of("nn.LogSoftmax", dim=op.axis)
