"""Activations in the form of an S."""

from __future__ import annotations

from archspec.ops.sigmoid import Hardsigmoid, Hardtanh, LogSigmoid, Sigmoid, Softsign, Tanh
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed


@lower.register
def _(op: Sigmoid, x: Shape) -> Call:
    return Call.of("nn.Sigmoid")


@lower.register
def _(op: Tanh, x: Shape) -> Call:
    return Call.of("nn.Tanh")


@lower.register
def _(op: Hardsigmoid, x: Shape) -> Call:
    return Call.of("nn.Hardsigmoid")


@lower.register
def _(op: Hardtanh, x: Shape) -> Call:
    return Call("nn.Hardtanh", (), changed(min_val=(op.low, -1.0), max_val=(op.high, 1.0)))


@lower.register
def _(op: Softsign, x: Shape) -> Call:
    return Call.of("nn.Softsign")


@lower.register
def _(op: LogSigmoid, x: Shape) -> Call:
    return Call.of("nn.LogSigmoid")
