"""Sums of several values, position by position, and what is made by adding."""

from __future__ import annotations

from typing import final

from archspec.op import Example
from archspec.ops.agreement import (
    laid_over,
)
from archspec.ops.merge import Elementwise
from archspec.shape import Element, Shape


@final
class Add(Elementwise):
    """The sum of two or more values: `y = x1 + x2 + ...`, as in a shortcut around some layers.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: addition, with the broadcasting of `torch.add`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "add"


@final
class Sub(Elementwise):
    """The difference of two values: `y = a - b`.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: subtraction, with the broadcasting of `torch.sub`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "sub"

    def infer(self, a: Shape, b: Shape) -> Shape:  # type: ignore[override]  # It takes two, where a sum takes any.
        return super().infer(a, b)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8, 4], [2, 8, 4]),
            Example.of(cls(), [2, 8, 4], [8, 1]),
            Example(cls(), (Shape.of(2, 3), Shape.of(2, 3, element=Element.INT))),
        )


@final
class Average(Elementwise):
    """The mean, position by position, of two or more values: `y = (x1 + x2 + ... + xn)/n`, as in an ensemble.

    It is a fraction, also that of whole numbers.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: the arithmetic mean, with the broadcasting of `torch.add`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    `mean` is the mean along axes of one input.
    """

    name = "average"

    def infer(self, *xs: Shape) -> Shape:
        return Shape(laid_over(*xs))
