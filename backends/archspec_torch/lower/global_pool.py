"""Pooling of all positions in space."""

from __future__ import annotations

from archspec.ops.global_pool import GlobalAvgPool, GlobalMaxPool
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower


@lower.register
def _(op: GlobalAvgPool, x: Shape) -> Call:
    return Call.of(f"nn.AdaptiveAvgPool{x.rank - 2}d", 1)


@lower.register
def _(op: GlobalMaxPool, x: Shape) -> Call:
    return Call.of(f"nn.AdaptiveMaxPool{x.rank - 2}d", 1)
