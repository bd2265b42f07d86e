"""Products of several values, position by position, and quotients."""

from __future__ import annotations

from typing import final

from archspec.kept import Kept
from archspec.op import Example
from archspec.ops.agreement import (
    laid_over,
)
from archspec.ops.merge import Elementwise, so_far
from archspec.shape import Element, Shape


@final
class Mul(Elementwise):
    """The product, position by position, of two or more values: `y = x1 * x2 * ...`, as where a gate scales a signal.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: the Hadamard product, with the broadcasting of `torch.mul`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    Flags count as 0 and 1, so that a mask takes away what it is false for; the product of flags alone is one itself.
    """

    name = "mul"
    accepts = frozenset(Element)

    def kept(self, *xs: Shape) -> Kept:
        return Kept(factors=(tuple(range(len(xs))),), further=so_far(xs))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(), (Shape.of(2, 3), Shape.of(3, element=Element.BOOL))))


@final
class Div(Elementwise):
    """The quotient of two values: `y = a / b`.

    It is a fraction, also that of whole numbers, and flags count as 0 and 1. As in all arithmetic of tensors, nothing
    is refused where `b` is zero: the quotient is infinite then, or not a number.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: division, with the broadcasting of `torch.div`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "div"
    accepts = frozenset(Element)

    def infer(self, a: Shape, b: Shape) -> Shape:  # type: ignore[override]  # It takes two, where a product takes any.
        return Shape(laid_over(a, b))

    def kept(self, *xs: Shape) -> Kept:
        return Kept(inputs=(1,), factors=((0, 1),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8, 4], [2, 8, 4]),
            Example.of(cls(), [4], [2, 8, 1]),
            Example.of(cls(), [2, 3], [2, 3], element=Element.INT),
        )
