"""Pooling between the largest value and the mean."""

from __future__ import annotations

from archspec.ops.mixed_pool import MixedPool, StochasticPool
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.sliding_pool import padded


@lower.register
def _(op: StochasticPool, x: Shape) -> Call:
    return padded("StochasticPool", op, x)


@lower.register
def _(op: MixedPool, x: Shape) -> Call:
    return padded("MixedPool", op, x, share=(op.share, 0.5), trained=(op.trained, False))
