"""What merges of several values, position by position, have in common."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op
from archspec.ops.agreement import (
    broadcast,
    joint_element,
    laid_over,
    seen_when_laid_over,
)
from archspec.shape import Element, Shape
from archspec.sight import Sights


class Elementwise(Op, ABC):
    """A merge of the values that stand at the same position."""

    family = Family.MERGE
    accepts = frozenset({Element.FLOAT, Element.INT})

    def infer(self, *xs: Shape) -> Shape:
        return Shape(laid_over(*xs), joint_element(*(each.element for each in xs)))

    def sees(self, *xs: Shape) -> tuple[Sights, ...]:
        return seen_when_laid_over(*xs)

    def kept(self, *xs: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8, 4, 4], [2, 8, 4, 4]),
            Example.of(cls(), [2, 8, 4, 4], [2, 8, 1, 1], [4, 4]),
            Example(cls(), (Shape.of(2, 3), Shape.of(2, 3, element=Element.INT))),
        )


def so_far(xs: Sequence[Shape]) -> tuple[Shape, ...]:
    """What comes out on the way, where values are put together two at a time."""
    found: list[Shape] = []
    for count in range(2, len(xs)):
        sizes = xs[0].sizes
        for x in xs[1:count]:
            sizes = broadcast(sizes, x.sizes)
        found.append(Shape(tuple(sizes), joint_element(*(x.element for x in xs[:count]))))
    return tuple(found)
