"""Logic: flags that follow from others."""

from __future__ import annotations

from abc import ABC
from typing import final

from archspec.op import Example, Family, Op
from archspec.ops.agreement import broadcast, seen_when_laid_over
from archspec.ops.pointwise import Pointwise
from archspec.shape import Element, Shape
from archspec.sight import Sights


class Connective(Op, ABC):
    """Flags that follow from others at the same position."""

    family = Family.ELEMENTWISE
    accepts = frozenset(Element)

    def infer(self, *xs: Shape) -> Shape:
        sizes = xs[0].sizes
        for each in xs[1:]:
            sizes = broadcast(sizes, each.sizes)
        return Shape(sizes, Element.BOOL)

    def sees(self, *xs: Shape) -> tuple[Sights, ...]:
        return seen_when_laid_over(*xs)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8], [2, 8], element=Element.BOOL),
            Example.of(cls(), [2, 3, 4], [3, 1], [4], element=Element.BOOL),
            Example(cls(), (Shape.of(2, 3, element=Element.INT), Shape.of(2, 3))),
        )


@final
class LogicalAnd(Connective):
    """Where all of two or more values hold: `y = x1 and x2 and ...`.

    Shapes: shapes that go together, `[...] bool, [...] bool -> [...] bool`. A number holds unless it is zero.
    Source: conjunction, with the broadcasting of `torch.logical_and`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "logical_and"


@final
class LogicalOr(Connective):
    """Where any of two or more values holds: `y = x1 or x2 or ...`.

    Shapes: shapes that go together, `[...] bool, [...] bool -> [...] bool`. A number holds unless it is zero.
    Source: disjunction, with the broadcasting of `torch.logical_or`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "logical_or"


@final
class LogicalXor(Connective):
    """Where an odd number of two or more values holds; of two, where they differ.

    Shapes: shapes that go together, `[...] bool, [...] bool -> [...] bool`. A number holds unless it is zero.
    Source: exclusive disjunction, with the broadcasting of `torch.logical_xor`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "logical_xor"


@final
class LogicalNot(Pointwise):
    """Where a value does not hold: `y = not x`.

    Shapes: `[...] bool -> [...] bool`. A number holds unless it is zero.
    Source: negation; `torch.logical_not`.
    """

    name = "logical_not"
    accepts = frozenset(Element)

    def infer(self, x: Shape) -> Shape:
        return Shape(x.sizes, Element.BOOL)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [3], element=Element.BOOL), *super().examples())
