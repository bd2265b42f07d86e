"""Rectifiers with an exponential instead of a bend."""

from __future__ import annotations

from archspec.ops.smooth_rectifier import Celu, Elu, Selu, Softplus
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed


@lower.register
def _(op: Elu, x: Shape) -> Call:
    return Call("nn.ELU", (), changed(alpha=(op.alpha, 1.0)))


@lower.register
def _(op: Selu, x: Shape) -> Call:
    return Call.of("nn.SELU")


@lower.register
def _(op: Celu, x: Shape) -> Call:
    return Call("nn.CELU", (), changed(alpha=(op.alpha, 1.0)))


@lower.register
def _(op: Softplus, x: Shape) -> Call:
    return Call("nn.Softplus", (), changed(beta=(op.beta, 1.0), threshold=(op.threshold, 20.0)))
