"""Activations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from archspec.op import Op
from archspec.ops.activation import (
    Activation,
    Celu,
    Elu,
    Gelu,
    Glu,
    Hardshrink,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyRelu,
    LogSigmoid,
    Mish,
    Prelu,
    Relu,
    Relu6,
    Rrelu,
    Selu,
    Sigmoid,
    Silu,
    Softplus,
    Softshrink,
    Softsign,
    Tanh,
    Tanhshrink,
    Threshold,
)
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import NoLoweringError, lower
from archspec_torch.lower.arguments import changed, number

PLAIN: Final[Mapping[type[Op], str]] = MappingProxyType(
    {
        Relu: "nn.ReLU",
        Sigmoid: "nn.Sigmoid",
        Tanh: "nn.Tanh",
        Relu6: "nn.ReLU6",
        Silu: "nn.SiLU",
        Hardswish: "nn.Hardswish",
        Hardsigmoid: "nn.Hardsigmoid",
        Mish: "nn.Mish",
        Selu: "nn.SELU",
        LogSigmoid: "nn.LogSigmoid",
        Softsign: "nn.Softsign",
        Tanhshrink: "nn.Tanhshrink",
    }
)
"""The activations that have no settings."""


@lower.register
def _(op: Activation, x: Shape) -> Call:
    if type(op) not in PLAIN:
        raise NoLoweringError(op)
    return Call.of(PLAIN[type(op)])


@lower.register
def _(op: LeakyRelu, x: Shape) -> Call:
    return Call("nn.LeakyReLU", (), changed(negative_slope=(op.slope, 0.01)))


@lower.register
def _(op: Elu, x: Shape) -> Call:
    return Call("nn.ELU", (), changed(alpha=(op.alpha, 1.0)))


@lower.register
def _(op: Gelu, x: Shape) -> Call:
    return Call("nn.GELU", (), changed(approximate=(op.approximate, "none")))


@lower.register
def _(op: Softplus, x: Shape) -> Call:
    return Call("nn.Softplus", (), changed(beta=(op.beta, 1.0), threshold=(op.threshold, 20.0)))


@lower.register
def _(op: Celu, x: Shape) -> Call:
    return Call("nn.CELU", (), changed(alpha=(op.alpha, 1.0)))


@lower.register
def _(op: Glu, x: Shape) -> Call:
    return Call("nn.GLU", (), changed(dim=(op.axis, -1)))


@lower.register
def _(op: Hardshrink, x: Shape) -> Call:
    return Call("nn.Hardshrink", (), changed(lambd=(op.threshold, 0.5)))


@lower.register
def _(op: Softshrink, x: Shape) -> Call:
    return Call("nn.Softshrink", (), changed(lambd=(op.threshold, 0.5)))


@lower.register
def _(op: Hardtanh, x: Shape) -> Call:
    return Call("nn.Hardtanh", (), changed(min_val=(op.low, -1.0), max_val=(op.high, 1.0)))


@lower.register
def _(op: Rrelu, x: Shape) -> Call:
    return Call("nn.RReLU", (), changed(lower=(op.low, 1 / 8), upper=(op.high, 1 / 3)))


@lower.register
def _(op: Threshold, x: Shape) -> Call:
    return Call.of("nn.Threshold", op.threshold, op.value)


@lower.register
def _(op: Prelu, x: Shape) -> Call:
    return Call("nn.PReLU", (), changed(num_parameters=(number(op, "its parameters", op.parameters), 1)))
