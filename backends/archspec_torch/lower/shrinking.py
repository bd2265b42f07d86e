"""Activations that draw values towards zero."""

from __future__ import annotations

from archspec.ops.shrinking import Hardshrink, Softshrink, Tanhshrink
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed


@lower.register
def _(op: Hardshrink, x: Shape) -> Call:
    return Call("nn.Hardshrink", (), changed(lambd=(op.threshold, 0.5)))


@lower.register
def _(op: Softshrink, x: Shape) -> Call:
    return Call("nn.Softshrink", (), changed(lambd=(op.threshold, 0.5)))


@lower.register
def _(op: Tanhshrink, x: Shape) -> Call:
    return Call.of("nn.Tanhshrink")
