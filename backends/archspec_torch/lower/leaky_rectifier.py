"""Rectifiers that let a part through below the bend."""

from __future__ import annotations

from archspec.ops.leaky_rectifier import LeakyRelu, Prelu, Rrelu
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed, number


@lower.register
def _(op: LeakyRelu, x: Shape) -> Call:
    return Call("nn.LeakyReLU", (), changed(negative_slope=(op.slope, 0.01)))


@lower.register
def _(op: Rrelu, x: Shape) -> Call:
    return Call("nn.RReLU", (), changed(lower=(op.low, 1 / 8), upper=(op.high, 1 / 3)))


@lower.register
def _(op: Prelu, x: Shape) -> Call:
    return Call("nn.PReLU", (), changed(num_parameters=(number(op, "its parameters", op.parameters), 1)))
