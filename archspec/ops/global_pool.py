"""Pooling of all positions in space together."""

from __future__ import annotations

from abc import ABC
from typing import final

from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op
from archspec.ops.window import (
    space,
)
from archspec.shape import Element, Shape
from archspec.sight import Sights, everywhere


class GlobalPool(Op, ABC):
    """A pooling with a single window for each channel: all of space."""

    family = Family.POOLING

    def infer(self, x: Shape) -> Shape:
        return x.with_sizes((*x[:2], *(1 for _ in space(x))))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (everywhere(x.rank, *range(2, x.rank)),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 3, 7]),
            Example.of(cls(), [2, 3, 7, 5]),
            Example.of(cls(), [2, 3, 4, 5, 6]),
        )


@final
class GlobalAvgPool(GlobalPool):
    """The mean of each channel over all of space: `y[c] = mean of x[c]`.

    Shapes: `[batch, channels, space...] -> [batch, channels, 1...]`; the axes of space stay, with a size of 1.
    Source: Lin, Chen and Yan, "Network in network", 2013; `torch.nn.AdaptiveAvgPool2d(1)`.
    """

    name = "global_avgpool"

    def kept(self, x: Shape) -> Kept:
        return NOTHING


@final
class GlobalMaxPool(GlobalPool):
    """The largest value of each channel over all of space: `y[c] = max of x[c]`.

    Shapes: `[batch, channels, space...] -> [batch, channels, 1...]`; the axes of space stay, with a size of 1.
    Source: Oquab et al., "Is object localization for free?", 2015; `torch.nn.AdaptiveMaxPool2d(1)`.
    """

    name = "global_maxpool"

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=(Shape(self.infer(x).sizes, Element.INT),))
