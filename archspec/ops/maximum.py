"""The largest and the smallest of several values, position by position."""

from __future__ import annotations

from typing import final

from archspec.kept import Kept
from archspec.ops.merge import Elementwise, so_far
from archspec.shape import Element, Shape


@final
class Maximum(Elementwise):
    """The largest, position by position, of two or more values: `y = max(x1, x2, ...)`, as in a maxout layer.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: Goodfellow et al., "Maxout networks", 2013; `torch.maximum`, with its broadcasting.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    `max` is the largest value along axes of one input.
    """

    name = "maximum"
    accepts = frozenset(Element)

    def kept(self, *xs: Shape) -> Kept:
        return Kept(inputs=tuple(range(len(xs))), further=so_far(xs))


@final
class Minimum(Elementwise):
    """The smallest, position by position, of two or more values: `y = min(x1, x2, ...)`.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: the minimum, with the broadcasting of `torch.minimum`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    `min` is the smallest value along axes of one input.
    """

    name = "minimum"
    accepts = frozenset(Element)

    def kept(self, *xs: Shape) -> Kept:
        return Kept(inputs=tuple(range(len(xs))), further=so_far(xs))
