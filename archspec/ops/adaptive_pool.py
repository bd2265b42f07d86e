"""Pooling to a size that is given, from which the windows follow."""

from __future__ import annotations

from abc import ABC
from typing import final

from pydantic import Field

from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op
from archspec.ops.window import (
    per_axis,
    seen_by_means,
    space,
)
from archspec.setting import (
    CountPerAxis,
)
from archspec.shape import Element, Shape
from archspec.sight import Sights, along


class AdaptivePool(Op, ABC):
    """A pooling whose output has a given size."""

    family = Family.POOLING

    size: CountPerAxis = Field(
        description="size of each axis of space of the output; a size that is open must be that of the input"
    )

    def infer(self, x: Shape) -> Shape:
        return x.with_sizes((*x[:2], *per_axis(self.size, len(space(x)), "size")))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        sizes = per_axis(self.size, len(space(x)), "size")
        pairs = zip(space(x), sizes, strict=True)
        return ((along(0), along(1), *(seen_by_means(axis, *pair) for axis, pair in enumerate(pairs, start=2))),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(size=6), [2, 3, 13, 13]),
            Example.of(cls(size=4), [2, 3, 10]),
            Example.of(cls(size=(2, 1, 7)), [1, 2, 4, 5, 6]),
        )


@final
class AdaptiveAvgPool(AdaptivePool):
    """The means of windows that are laid so that the output has the size that is asked for.

    Along an axis of size `n`, the window of position `i` of `size` runs from `floor(i*n/size)` up to, and without,
    `ceil((i + 1)*n/size)`. Where `size` divides `n` this is ordinary pooling with a kernel and stride of `n/size`.

    Shapes: `[batch, channels, space...] -> [batch, channels, size...]`.
    Source: `torch.nn.AdaptiveAvgPool2d`.
    """

    name = "adaptive_avgpool"

    def kept(self, x: Shape) -> Kept:
        # A single window is a mean, which needs no values for its gradient.
        return NOTHING if all(size == 1 for size in space(self.infer(x))) else Kept(inputs=(0,))


@final
class AdaptiveMaxPool(AdaptivePool):
    """The largest values of windows that are laid so that the output has the size that is asked for.

    Along an axis of size `n`, the window of position `i` of `size` runs from `floor(i*n/size)` up to, and without,
    `ceil((i + 1)*n/size)`. Where `size` divides `n` this is ordinary pooling with a kernel and stride of `n/size`.

    Shapes: `[batch, channels, space...] -> [batch, channels, size...]`.
    Source: `torch.nn.AdaptiveMaxPool2d`.
    """

    name = "adaptive_maxpool"

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=(Shape(self.infer(x).sizes, Element.INT),))
