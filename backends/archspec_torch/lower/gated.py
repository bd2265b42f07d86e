"""Activations that multiply a value by a gate."""

from __future__ import annotations

from archspec.ops.gated import Gelu, Glu, Hardswish, Mish, Silu
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed


@lower.register
def _(op: Gelu, x: Shape) -> Call:
    return Call("nn.GELU", (), changed(approximate=(op.approximate, "none")))


@lower.register
def _(op: Silu, x: Shape) -> Call:
    return Call.of("nn.SiLU")


@lower.register
def _(op: Hardswish, x: Shape) -> Call:
    return Call.of("nn.Hardswish")


@lower.register
def _(op: Mish, x: Shape) -> Call:
    return Call.of("nn.Mish")


@lower.register
def _(op: Glu, x: Shape) -> Call:
    return Call("nn.GLU", (), changed(dim=(op.axis, -1)))
