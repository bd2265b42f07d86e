"""The largest and the smallest value along some axes, those of flags included, and where they stand."""

from __future__ import annotations

from abc import ABC
from typing import Annotated, TypeAlias, final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op
from archspec.ops.agreement import axes_of
from archspec.ops.reduction import ReductionOfAll, seen, without
from archspec.setting import Flag, Says, Whole
from archspec.shape import Element, Shape
from archspec.sight import Sights


@final
class Max(ReductionOfAll):
    """The largest value along some axes: `y = max of x`; where it stands is for `argmax` to tell.

    Where several are the largest, they share the gradient.

    Shapes: `[batch, time, features] -> [batch, features]` with `axes: 1`.
    Source: the maximum; `torch.amax`.

    In a formula, `max(x)` is this op where `x` is a value that flows, and arithmetic where there are numbers alone.
    `maximum` is the largest of several values, position by position.
    """

    name = "max"

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), outputs=(0,))


@final
class Min(ReductionOfAll):
    """The smallest value along some axes: `y = min of x`; where it stands is for `argmin` to tell.

    Where several are the smallest, they share the gradient.

    Shapes: `[batch, time, features] -> [batch, features]` with `axes: 1`.
    Source: the minimum; `torch.amin`.

    In a formula, `min(x)` is this op where `x` is a value that flows, and arithmetic where there are numbers alone.
    `minimum` is the smallest of several values, position by position.
    """

    name = "min"

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), outputs=(0,))


@final
class AnyTrue(ReductionOfAll):
    """Whether anything along some axes is true; of numbers, whether any is not 0.

    Shapes: `[batch, time] -> [batch] bool` with `axes: 1`.
    Source: the logical or; `torch.any`.
    """

    name = "any"

    @staticmethod
    def _reduced(element: Element) -> Element:
        return Element.BOOL


@final
class AllTrue(ReductionOfAll):
    """Whether everything along some axes is true; of numbers, whether none is 0.

    Shapes: `[batch, time] -> [batch] bool` with `axes: 1`.
    Source: the logical and; `torch.all`.
    """

    name = "all"

    @staticmethod
    def _reduced(element: Element) -> Element:
        return Element.BOOL


_OptionalAxis: TypeAlias = Annotated[Whole | None, Says("a whole number")]


class Extremum(Op, ABC):
    """Where along an axis a value stands."""

    family = Family.REDUCTION
    accepts = frozenset({Element.FLOAT, Element.INT})

    axis: _OptionalAxis = Field(
        None,
        description="axis along which places are counted, from 0; negative numbers count from the last, -1; where left "
        "out, all values count, in their order",
    )
    keep: Flag = Field(False, description="whether the axis stays, with a size of 1")

    def infer(self, x: Shape) -> Shape:
        return Shape(without(x, axes_of(x, self.axis, "axis"), keep=self.keep), Element.INT)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (seen(x, axes_of(x, self.axis, "axis"), keep=self.keep),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(axis=-1), [2, 8]),
            Example.of(cls(axis=1, keep=True), [2, 3, 4]),
            Example.of(cls(), [2, 3], element=Element.INT),
        )


@final
class Argmax(Extremum):
    """Where the largest value along an axis stands, counted from 0: the class that has the highest score.

    Where several are the largest, any of their places is told. Nothing flows back through it.

    Shapes: `[batch, classes] -> [batch] int` with `axis: -1`.
    Source: the place of the maximum; `torch.argmax`.
    """

    name = "argmax"


@final
class Argmin(Extremum):
    """Where the smallest value along an axis stands, counted from 0: the nearest of several, by their distances.

    Where several are the smallest, any of their places is told. Nothing flows back through it.

    Shapes: `[batch, distances] -> [batch] int` with `axis: -1`.
    Source: the place of the minimum; `torch.argmin`.
    """

    name = "argmin"
