"""Activations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from archspec.op import Op
from archspec.ops.activation import (
    Activation,
    Elu,
    Gelu,
    Hardsigmoid,
    Hardswish,
    LeakyRelu,
    Mish,
    Prelu,
    Relu,
    Relu6,
    Selu,
    Sigmoid,
    Silu,
    Softplus,
    Tanh,
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
        Softplus: "nn.Softplus",
        Mish: "nn.Mish",
        Selu: "nn.SELU",
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
def _(op: Prelu, x: Shape) -> Call:
    return Call("nn.PReLU", (), changed(num_parameters=(number(op, "its parameters", op.parameters), 1)))
