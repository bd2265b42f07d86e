"""Reductions: one value for all that stand along some axes, or what they come to on the way along one."""

from __future__ import annotations

from abc import ABC
from math import prod
from typing import Annotated, Literal, TypeAlias, final

from pydantic import Field

from archspec.kept import NOTHING, Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import axes_of
from archspec.setting import Flag, NonNegative, Says, Whole
from archspec.shape import Element, Shape
from archspec.sight import EVERYTHING, Sight, Sights, along, everywhere
from archspec.size import Size, below

_Axes: TypeAlias = Annotated[
    Whole | Annotated[tuple[Whole, ...], Field(min_length=1)] | None, Says("a whole number, or a list of them")
]
_OptionalAxis: TypeAlias = Annotated[Whole | None, Says("a whole number")]
_Order: TypeAlias = Annotated[
    Literal["inf"] | Annotated[float, Field(gt=0, allow_inf_nan=False)], Says("a number above 0, or `inf`")
]


def _without(x: Shape, axes: tuple[int, ...], *, keep: bool) -> tuple[Size, ...]:
    """The sizes that are left when some axes are reduced."""
    sizes = [1 if axis in axes else size for axis, size in enumerate(x)]
    return tuple(sizes) if keep else tuple(size for axis, size in enumerate(x) if axis not in axes)


def _seen(x: Shape, axes: tuple[int, ...], *, keep: bool) -> tuple[Sight, ...]:
    """What is seen of each axis when some are reduced."""
    left = [axis for axis in range(x.rank) if keep or axis not in axes]
    return tuple(EVERYTHING if axis in axes else along(left.index(axis)) for axis in range(x.rank))


class Reduction(Op, ABC):
    """One value for all that stand along some axes."""

    family = Family.REDUCTION

    axes: _Axes = Field(
        None,
        description="axis or axes that are reduced, from 0; negative numbers count from the last, -1; all where left "
        "out, the batch included",
    )
    keep: Flag = Field(False, description="whether the axes that are reduced stay, with a size of 1")

    def infer(self, x: Shape) -> Shape:
        return Shape(_without(x, axes_of(x, self.axes), keep=self.keep), self._reduced(x.element))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (_seen(x, axes_of(x, self.axes), keep=self.keep),)

    @staticmethod
    def _reduced(element: Element) -> Element:
        """What the result is made of."""
        return element

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(axes=(2, 3)), [2, 3, 4, 5]),
            Example.of(cls(axes=-1, keep=True), [2, 3, 4]),
            Example.of(cls(), [2, 3]),
        )


class ReductionOfAll(Reduction, ABC):
    """A reduction also of whole numbers and of flags."""

    accepts = frozenset(Element)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            *super().examples(),
            Example.of(cls(axes=1), [2, 3, 4], element=Element.INT),
            Example.of(cls(axes=(0, -1), keep=True), [2, 3, 4], element=Element.BOOL),
        )


@final
class Mean(Reduction):
    """The mean along some axes: `y = (sum of x)/n` over the `n` values there.

    With `axes: [2, 3]` it is the global average pooling of an image, with `axes: 1` the mean of a sequence.

    Shapes: `[batch, channels, height, width] -> [batch, channels]` with `axes: [2, 3]`.
    Source: the arithmetic mean; `torch.mean`.
    """

    name = "mean"

    def kept(self, x: Shape) -> Kept:
        return NOTHING


@final
class Sum(ReductionOfAll):
    """The sum along some axes: `y = sum of x`.

    The sum of flags is how many of them are true.

    Shapes: `[batch, time, features] -> [batch, features]` with `axes: 1`.
    Source: the sum; `torch.sum`.

    In a formula, `sum(x)` is this op where `x` is a value that flows, and arithmetic where it is a list of numbers.
    """

    name = "sum"

    @staticmethod
    def _reduced(element: Element) -> Element:
        return _counted(element)

    def kept(self, x: Shape) -> Kept:
        return NOTHING


@final
class Prod(ReductionOfAll):
    """The product along some axes: `y = product of x`.

    Flags count as 0 and 1.

    Shapes: `[batch, time, features] -> [batch, features]` with `axes: 1`.
    Source: the product; `torch.prod`.
    """

    name = "prod"

    @staticmethod
    def _reduced(element: Element) -> Element:
        return _counted(element)

    def kept(self, x: Shape) -> Kept:
        axes = axes_of(x, self.axes)
        # It is multiplied along one axis after the other, from the last on.
        between = () if self.axes is None else range(1, len(axes))
        further = (x.with_sizes(size for axis, size in enumerate(x) if axis not in axes[place:]) for place in between)
        return Kept(inputs=(0,), outputs=(0,), further=tuple(further))


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


class Spread(Reduction, ABC):
    """How far values lie from their mean."""

    correction: NonNegative = Field(
        1, description="what the number of values is lessened by where it divides; 0 is the mean of the squares"
    )

    def infer(self, x: Shape) -> Shape:
        values = prod(x[axis] for axis in axes_of(x, self.axes))
        if below(values, self.correction + 1):
            raise ShapeError(
                f"divides by the number of values less {self.correction}, but there is only {values}"
                if values == 1
                else f"divides by the number of values less {self.correction}, but there are only {values}",
                setting="correction",
                help=f"use a `correction` below {values}" if values != 1 else "use a `correction` of 0, or more axes",
            )
        return super().infer(x)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example.of(cls(axes=1, correction=0), [2, 3, 4]))


@final
class Var(Spread):
    """The variance along some axes: `y = (sum of (x - mean)^2)/(n - correction)` over the `n` values there.

    With the default `correction` of 1 it is the variance that is estimated from a sample; with 0 it is the mean of the
    squares, which normalisations use.

    Shapes: `[batch, channels, height, width] -> [batch, channels]` with `axes: [2, 3]`.
    Source: the variance, with the correction of Bessel; `torch.var`.
    """

    name = "var"


@final
class Std(Spread):
    """The standard deviation along some axes: `y = sqrt((sum of (x - mean)^2)/(n - correction))` over `n` values.

    With the default `correction` of 1 it is estimated from a sample; with 0 it is the root of the mean of the squares.
    Where all values are equal it has no gradient.

    Shapes: `[batch, channels, height, width] -> [batch, channels]` with `axes: [2, 3]`.
    Source: the root of the variance, with the correction of Bessel; `torch.std`.
    """

    name = "std"

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), outputs=(0,))


@final
class Norm(Reduction):
    """The norm along some axes: `y = (sum of |x|^p)^(1/p)`; the length of a vector, by default.

    With `p: inf` it is the largest of all `|x|`.

    Shapes: `[batch, features] -> [batch]` with `axes: -1`.
    Source: the p-norm; `torch.linalg.vector_norm`.
    """

    name = "vector_norm"

    p: _Order = Field(2.0, description="exponent; 1 sums the absolute values, `inf` takes the largest of them")

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), outputs=(0,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            *super().examples(),
            Example.of(cls(axes=-1, p=1.0), [2, 8]),
            Example.of(cls(axes=(1, 2), p="inf"), [2, 3, 4]),
        )


@final
class LogSumExp(Reduction):
    """A smooth maximum along some axes: `y = log(sum of exp(x))`.

    It is computed so that nothing overflows.

    Shapes: `[batch, classes] -> [batch]` with `axes: -1`.
    Source: the logarithm of the denominator of a softmax; `torch.logsumexp`.
    """

    name = "logsumexp"

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
        return Shape(_without(x, axes_of(x, self.axis, "axis"), keep=self.keep), Element.INT)

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (_seen(x, axes_of(x, self.axis, "axis"), keep=self.keep),)

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


class Running(Op, ABC):
    """What the values along an axis come to, up to each place."""

    family = Family.REDUCTION
    accepts = frozenset(Element)

    axis: Whole = Field(description="axis along which it runs, from 0; negative numbers count from the last, -1")

    def infer(self, x: Shape) -> Shape:
        axes_of(x, self.axis, "axis")
        return Shape(x.sizes, _counted(x.element))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (everywhere(x.rank, *axes_of(x, self.axis, "axis")),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(axis=1), [2, 5, 8]),
            Example.of(cls(axis=-1), [2, 3], element=Element.INT),
            Example.of(cls(axis=0), [4], element=Element.BOOL),
        )


@final
class Cumsum(Running):
    """The running sum along an axis: `y[t] = x[0] + x[1] + ... + x[t]`.

    The running sum of flags counts those that are true.

    Shapes: `[...] -> [...]`.
    Source: the partial sums; `torch.cumsum`.
    """

    name = "cumsum"

    def kept(self, x: Shape) -> Kept:
        return NOTHING


@final
class Cumprod(Running):
    """The running product along an axis: `y[t] = x[0] * x[1] * ... * x[t]`.

    Flags count as 0 and 1.

    Shapes: `[...] -> [...]`.
    Source: the partial products; `torch.cumprod`.
    """

    name = "cumprod"

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), outputs=(0,))


def _counted(element: Element) -> Element:
    """What sums and products are made of: those of flags are whole numbers."""
    return Element.INT if element is Element.BOOL else element
