"""Comparisons: flags that say where one value is equal to another, above or below it."""

from __future__ import annotations

from abc import ABC
from typing import final

from pydantic import Field

from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import broadcast, seen_when_laid_over
from archspec.setting import OptionalNumber
from archspec.shape import Element, Shape
from archspec.sight import Sights


class Comparison(Op, ABC):
    """A comparison of two values, or of one with a number, position by position."""

    family = Family.ELEMENTWISE
    accepts = frozenset(Element)

    value: OptionalNumber = Field(None, description="what the input is compared with, if there is no second input")

    def infer(self, x: Shape, other: Shape | None = None) -> Shape:
        if (other is None) is (self.value is None):
            raise ShapeError(
                "compares with nothing"
                if other is None
                else "has two inputs, which are compared with each other, and a `value`",
                setting=None if other is None else "value",
                help=f"give it a second input, or a number, as in `{self.name}(0)`"
                if other is None
                else "leave out `value`, or the second input",
            )
        return Shape(x.sizes if other is None else broadcast(x.sizes, other.sizes), Element.BOOL)

    def sees(self, x: Shape, other: Shape | None = None) -> tuple[Sights, ...]:
        return seen_when_laid_over(x) if other is None else seen_when_laid_over(x, other)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8], [2, 8]),
            Example.of(cls(value=0.5), [2, 3, 4]),
            Example(cls(), (Shape.of(2, 3, 4, element=Element.INT), Shape.of(3, 1))),
        )


@final
class Equal(Comparison):
    """Where two values are equal: `y = (x == other)`.

    The other is a second input, or the number `value`. Results of fractions are rarely equal to the last digit, so
    that it is of use for whole numbers.

    Shapes: shapes that go together, `[...], [...] -> [...] bool`; with a `value`, `[...] -> [...] bool`.
    Source: comparison, with the broadcasting of `torch.eq`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "equal"


@final
class NotEqual(Comparison):
    """Where two values differ: `y = (x != other)`.

    The other is a second input, or the number `value`. Results of fractions are rarely equal to the last digit, so
    that it is of use for whole numbers.

    Shapes: shapes that go together, `[...], [...] -> [...] bool`; with a `value`, `[...] -> [...] bool`.
    Source: comparison, with the broadcasting of `torch.ne`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "not_equal"


@final
class Greater(Comparison):
    """Where one value is above another: `y = (x > other)`.

    The other is a second input, or the number `value`.

    Shapes: shapes that go together, `[...], [...] -> [...] bool`; with a `value`, `[...] -> [...] bool`.
    Source: comparison, with the broadcasting of `torch.gt`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "greater"


@final
class GreaterEqual(Comparison):
    """Where one value is above another or equal to it: `y = (x >= other)`.

    The other is a second input, or the number `value`.

    Shapes: shapes that go together, `[...], [...] -> [...] bool`; with a `value`, `[...] -> [...] bool`.
    Source: comparison, with the broadcasting of `torch.ge`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "greater_equal"


@final
class Less(Comparison):
    """Where one value is below another: `y = (x < other)`.

    The other is a second input, or the number `value`.

    Shapes: shapes that go together, `[...], [...] -> [...] bool`; with a `value`, `[...] -> [...] bool`.
    Source: comparison, with the broadcasting of `torch.lt`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "less"


@final
class LessEqual(Comparison):
    """Where one value is below another or equal to it: `y = (x <= other)`.

    The other is a second input, or the number `value`.

    Shapes: shapes that go together, `[...], [...] -> [...] bool`; with a `value`, `[...] -> [...] bool`.
    Source: comparison, with the broadcasting of `torch.le`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "less_equal"
