"""Rectifiers."""

from __future__ import annotations

from archspec.ops.rectifier import Relu, Relu6, Threshold
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower


@lower.register
def _(op: Relu, x: Shape) -> Call:
    return Call.of("nn.ReLU")


@lower.register
def _(op: Relu6, x: Shape) -> Call:
    return Call.of("nn.ReLU6")


@lower.register
def _(op: Threshold, x: Shape) -> Call:
    return Call.of("nn.Threshold", op.threshold, op.value)
