"""How far values along some axes lie apart, and how long they are as vectors."""

from __future__ import annotations

from abc import ABC
from math import prod
from typing import Annotated, Literal, TypeAlias, final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, ShapeError
from archspec.ops.agreement import axes_of
from archspec.ops.reduction import Reduction
from archspec.setting import NonNegative, Says
from archspec.shape import Shape
from archspec.size import below


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


_Order: TypeAlias = Annotated[
    Literal["inf"] | Annotated[float, Field(gt=0, allow_inf_nan=False)], Says("a number above 0, or `inf`")
]


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
