"""Merges: one value made of several, position by position."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import Annotated, TypeAlias, final

from pydantic import Field

from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import (
    broadcast,
    check_element,
    joint_element,
    laid_over,
    seen_when_laid_over,
)
from archspec.setting import Says
from archspec.shape import Element, Shape
from archspec.sight import Sights
from archspec.size import LARGEST, Size


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


@final
class Add(Elementwise):
    """The sum of two or more values: `y = x1 + x2 + ...`, as in a shortcut around some layers.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: addition, with the broadcasting of `torch.add`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    """

    name = "add"


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
        return Kept(factors=(tuple(range(len(xs))),), further=_so_far(xs))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(), (Shape.of(2, 3), Shape.of(3, element=Element.BOOL))))


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


@final
class Maximum(Elementwise):
    """The largest, position by position, of two or more values: `y = max(x1, x2, ...)`, as in a maxout layer.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: Goodfellow et al., "Maxout networks", 2013; `torch.maximum`, with its broadcasting.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    `max` is the largest value along axes of one input.
    """

    name = "maximum"
    accepts = frozenset(Element)

    def kept(self, *xs: Shape) -> Kept:
        return Kept(inputs=tuple(range(len(xs))), further=_so_far(xs))


@final
class Minimum(Elementwise):
    """The smallest, position by position, of two or more values: `y = min(x1, x2, ...)`.

    Shapes: shapes that go together, `[...], [...] -> [...]`.
    Source: the minimum, with the broadcasting of `torch.minimum`.

    An axis of size 1 is repeated to the size that it has elsewhere, and axes that a shape lacks in front have size 1.
    `min` is the smallest value along axes of one input.
    """

    name = "minimum"
    accepts = frozenset(Element)

    def kept(self, *xs: Shape) -> Kept:
        return Kept(inputs=tuple(range(len(xs))), further=_so_far(xs))


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


def _so_far(xs: Sequence[Shape]) -> tuple[Shape, ...]:
    """What comes out on the way, where values are put together two at a time."""
    found: list[Shape] = []
    for count in range(2, len(xs)):
        sizes: Sequence[Size] = xs[0]
        for x in xs[1:count]:
            sizes = broadcast(sizes, x)
        found.append(Shape(tuple(sizes), joint_element(*(x.element for x in xs[:count]))))
    return tuple(found)
