"""Values that are there several times."""

from __future__ import annotations

from archspec.ops.repeating import Broadcast, RepeatInterleave, Tile
from archspec.shape import Shape
from archspec_torch.call import Given
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower


@lower.register
def _(op: Broadcast, x: Shape) -> Inline:
    return Inline(Method(Given(0), "expand", op.sizes or ((),)))


@lower.register
def _(op: Tile, x: Shape) -> Inline:
    return Inline(Method(Given(0), "tile", op.repeats or ((),)))


@lower.register
def _(op: RepeatInterleave, x: Shape) -> Inline:
    return Inline(Method(Given(0), "repeat_interleave", (op.repeats,), {"dim": op.axis}))
