"""Embeddings and positions."""

from __future__ import annotations

from archspec.ops.embedding import Embedding, LearnedPositions, SinusoidalPositions
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed, number


@lower.register
def _(op: Embedding, x: Shape) -> Call:
    return Call.of("nn.Embedding", number(op, "its entries", op.entries), number(op, "its features", op.features))


@lower.register
def _(op: LearnedPositions, x: Shape) -> Call:
    features = number(op, "the features of its input", x[2])
    return Call.of("LearnedPositions", number(op, "its length", op.length), features)


@lower.register
def _(op: SinusoidalPositions, x: Shape) -> Call:
    return Call("SinusoidalPositions", (), changed(base=(op.base, 10_000.0)))
