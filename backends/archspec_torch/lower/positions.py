"""Positions."""

from __future__ import annotations

from archspec.ops.positions import (
    AlibiPositions,
    LearnedPositions,
    RelativePositions,
    RotaryPositions,
    SinusoidalPositions,
)
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed, number


@lower.register
def _(op: LearnedPositions, x: Shape) -> Call:
    features = number(op, "the features of its input", x[2])
    return Call.of("LearnedPositions", number(op, "its length", op.length), features)


@lower.register
def _(op: SinusoidalPositions, x: Shape) -> Call:
    return Call("SinusoidalPositions", (), changed(base=(op.base, 10_000.0)))


@lower.register
def _(op: RotaryPositions, x: Shape) -> Call:
    return Call("RotaryPositions", (), changed(base=(op.base, 10_000.0)))


@lower.register
def _(op: AlibiPositions, x: Shape) -> Call:
    return Call.of("AlibiPositions", number(op, "the heads of its input", x[1]))


@lower.register
def _(op: RelativePositions, x: Shape) -> Call:
    heads = number(op, "the heads of its input", x[1])
    return Call("RelativePositions", (heads, op.max_distance), changed(causal=(op.causal, False)))
