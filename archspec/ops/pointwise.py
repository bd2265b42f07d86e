"""What the functions of each value have in common."""

from __future__ import annotations

from abc import ABC

from archspec.op import Example, Family, Op
from archspec.shape import Element, Shape
from archspec.sight import Sights, pointwise


class Pointwise(Op, ABC):
    """A function of each value: its output has the shape of its input."""

    family = Family.ELEMENTWISE
    accepts = frozenset({Element.FLOAT, Element.INT})

    def infer(self, x: Shape) -> Shape:
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (pointwise(x.rank),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(), [2, 3, 4], element=Element.INT))


class Fractional(Pointwise, ABC):
    """A function of each value that gives fractions, also of whole numbers."""

    accepts = frozenset(Element)

    def infer(self, x: Shape) -> Shape:
        return Shape(x.sizes)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example.of(cls(), [3], element=Element.BOOL))
