"""Pooling to a size that is given."""

from __future__ import annotations

from typing import Any

from archspec.ops.adaptive_pool import AdaptiveAvgPool, AdaptiveMaxPool, AdaptivePool
from archspec.ops.window import per_axis, space
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import alike, number


@lower.register
def _(op: AdaptiveAvgPool, x: Shape) -> Call:
    return Call.of(f"nn.AdaptiveAvgPool{x.rank - 2}d", _size(op, x))


@lower.register
def _(op: AdaptiveMaxPool, x: Shape) -> Call:
    return Call.of(f"nn.AdaptiveMaxPool{x.rank - 2}d", _size(op, x))


def _size(op: AdaptivePool, x: Shape) -> Any:
    """The size of the output. For one that is open and is that of the input, torch has `None`."""
    pairs = tuple(zip(per_axis(op.size, len(space(x)), "size"), space(x), strict=True))
    may_be_none = any(isinstance(size, int) for size, _ in pairs)
    return alike(
        None if may_be_none and size == old and not isinstance(size, int) else number(op, "its `size`", size)
        for size, old in pairs
    )
