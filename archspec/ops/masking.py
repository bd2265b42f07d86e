"""One value or another, as a mask says, position by position."""

from __future__ import annotations

from typing import Annotated, TypeAlias, final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import (
    check_element,
    joint_element,
    laid_over,
    seen_when_laid_over,
)
from archspec.setting import Says
from archspec.shape import Element, Shape
from archspec.sight import Sights
from archspec.size import LARGEST


@final
class Where(Op):
    """One of two values, position by position: `y = a` where the condition is true, and `y = b` where it is false.

    Shapes: shapes that go together, `[...] bool, [...], [...] -> [...]`.
    Source: `torch.where`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    Where one value has fractions and the other whole numbers, the result has fractions.
    """

    name = "where"
    family = Family.MERGE
    accepts = frozenset(Element)

    def infer(self, condition: Shape, a: Shape, b: Shape) -> Shape:
        check_element(condition, Element.BOOL, "its condition", "comparisons give flags, such as `x -> greater(0)`")
        return Shape(laid_over(condition, a, b), joint_element(a.element, b.element))

    def sees(self, condition: Shape, a: Shape, b: Shape) -> tuple[Sights, ...]:
        return seen_when_laid_over(condition, a, b)

    def kept(self, *xs: Shape) -> Kept:
        return Kept(inputs=(0,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), (Shape.of(2, 5, element=Element.BOOL), Shape.of(2, 5), Shape.of(2, 5))),
            Example(cls(), (Shape.of(5, 1, element=Element.BOOL), Shape.of(2, 1, 3), Shape.of(1, element=Element.INT))),
            Example.of(cls(), [2, 5], [2, 5], [2, 5], element=Element.BOOL),
            Example(cls(), (Shape.of(2, element=Element.BOOL), Shape.of(2, element=Element.INT), Shape.of(2))),
        )


_Filling: TypeAlias = Annotated[float | None, Field(allow_inf_nan=False), Says("a number")]


@final
class MaskedFill(Op):
    """Another value wherever a mask is true: `y = value` there, and `y = x` elsewhere.

    Without a `value` it is minus infinity, to which a softmax gives nothing: the positions that an attention must not
    see. In each row of a softmax there must be some position that is left.

    Shapes: shapes that go together, `[...], [...] bool -> [...]`.
    Source: `torch.Tensor.masked_fill`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    Whole numbers are filled with a whole number, and flags with 0 or 1.
    """

    name = "masked_fill"
    family = Family.MERGE
    accepts = frozenset(Element)

    value: _Filling = Field(None, description="what stands where the mask is true; minus infinity where left out")

    def infer(self, x: Shape, mask: Shape) -> Shape:
        check_element(mask, Element.BOOL, "its mask", "comparisons give flags, such as `x -> greater(0)`")
        if x.element is Element.BOOL and self.value not in (0, 1):
            raise ShapeError(
                f"fills flags with {self._value_in_words}, which is none", setting="value", help="use 0 or 1"
            )
        is_whole = self.value is not None and self.value.is_integer() and abs(self.value) <= LARGEST
        if x.element is Element.INT and not is_whole:
            raise ShapeError(
                f"fills whole numbers with {self._value_in_words}, which is none",
                setting="value",
                help="use a whole number",
            )
        return Shape(laid_over(x, mask), x.element)

    def sees(self, x: Shape, mask: Shape) -> tuple[Sights, ...]:
        return seen_when_laid_over(x, mask)

    @property
    def _value_in_words(self) -> str:
        return "minus infinity" if self.value is None else str(self.value)

    def kept(self, x: Shape, mask: Shape) -> Kept:
        return Kept(inputs=(1,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), (Shape.of(2, 4, 5, 5), Shape.of(5, 5, element=Element.BOOL))),
            Example(cls(value=-1.0), (Shape.of(2, 5, element=Element.INT), Shape.of(2, 5, element=Element.BOOL))),
            Example(cls(value=0.5), (Shape.of(1, 5), Shape.of(3, 1, element=Element.BOOL))),
            Example.of(cls(value=1.0), [2, 5], [2, 5], element=Element.BOOL),
        )
