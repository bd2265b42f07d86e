"""Powers: squares, roots and reciprocals."""

from __future__ import annotations

from typing import final

from archspec.kept import Kept
from archspec.op import Example
from archspec.ops.agreement import joint_element
from archspec.ops.pointwise import Fractional, Pointwise
from archspec.shape import Element, Shape


@final
class Square(Pointwise):
    """The square: `y = x * x`.

    Shapes: `[...] -> [...]`; whole numbers stay whole, and flags become whole numbers.
    Source: the square; `torch.square`.
    """

    name = "square"
    accepts = frozenset(Element)

    def infer(self, x: Shape) -> Shape:
        return Shape(x.sizes, joint_element(x.element, Element.INT))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example.of(cls(), [3], element=Element.BOOL))


@final
class Sqrt(Fractional):
    """The square root: `y = x^(1/2)`.

    It is not a number below 0.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the square root; `torch.sqrt`.
    """

    name = "sqrt"

    def kept(self, x: Shape) -> Kept:
        return Kept(outputs=(0,))


@final
class Rsqrt(Fractional):
    """The reciprocal of the square root: `y = 1/sqrt(x)`.

    It is infinite at 0, and not a number below.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the square root; `torch.rsqrt`.
    """

    name = "rsqrt"

    def kept(self, x: Shape) -> Kept:
        return Kept(outputs=(0,))


@final
class Reciprocal(Fractional):
    """The reciprocal: `y = 1/x`.

    It is infinite at 0.

    Shapes: `[...] -> [...]`; whole numbers and flags give fractions.
    Source: the reciprocal; `torch.reciprocal`.
    """

    name = "reciprocal"

    def kept(self, x: Shape) -> Kept:
        return Kept(outputs=(0,))
