"""Normalisation by what stands beside a value, with nothing trained."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import axis_of
from archspec.setting import Number, Positive, PositiveNumber, Says, Whole
from archspec.shape import Shape
from archspec.sight import Sights, everywhere


@final
class LocalResponseNorm(Op):
    """Local response normalisation: `y[c] = x[c] / (k + alpha/size * sum over c' of x[c']^2)^beta`.

    The sum covers, at each position on its own, the `size` neighbouring channels from `c - floor(size/2)` on; channels
    beyond the first and the last count as zeros. Nothing is trained.

    Shapes: `[batch, channels, space...] -> [batch, channels, space...]`, with at least one axis of space.
    Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012;
    `torch.nn.LocalResponseNorm`.

    In the paper, `alpha` is not divided by `size`: the paper's `alpha` of 1e-4 with a size of 5 is `alpha: 5e-4` here.
    """

    name = "local_response_norm"
    family = Family.NORMALISATION

    size: Positive = Field(description="neighbouring channels that are summed over")
    alpha: Number = Field(1e-4, description="factor of the mean of the squares")
    beta: Number = Field(0.75, description="exponent of the denominator")
    k: Number = Field(1.0, description="added to the denominator")

    def infer(self, x: Shape) -> Shape:
        if x.rank < 3:
            raise ShapeError(
                f"needs at least 3 axes, but the input has {x.rank}",
                help="the axes are `[batch, channels, space...]`, with at least one axis of space",
            )
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (everywhere(x.rank, 1),)

    def kept(self, x: Shape) -> Kept:
        squares = x.with_axis(1, x[1] + self.size - 1)
        return Kept(inputs=(0,), further=(x, x, squares))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(size=5, alpha=5e-4, k=2.0), [2, 8, 5, 5]),
            Example.of(cls(size=2, beta=0.5), [2, 8, 5]),
        )


_Exponent: TypeAlias = Annotated[PositiveNumber | Literal["inf"], Says("a number above 0, or `inf`")]


@final
class UnitNorm(Op):
    """Gives vectors the length 1: `y = x / max(length, eps)`, where `length = (sum of |x|^p)^(1/p)`.

    The sum is taken over one axis, `axis`, at each place of all others on its own. With the default `p` of 2 the length
    is the Euclidean one, which is called L2 normalisation; with `p: 1` the absolute values add up to 1, and with
    `p: inf` the greatest of them is 1. Nothing is trained.

    Shapes: `[batch, features, ...] -> [batch, features, ...]`.
    Source: the vector norms; `torch.nn.functional.normalize`.
    """

    name = "unitnorm"
    family = Family.NORMALISATION

    p: _Exponent = Field(2.0, description="exponent of the length; `inf` for the greatest absolute value")
    axis: Whole = Field(1, description="axis of the vectors, from 0; negative numbers count from the last, which is -1")
    eps: PositiveNumber = Field(1e-12, description="least length that is divided by, so that zeros stay zeros")

    def infer(self, x: Shape) -> Shape:
        # A single number counts as one axis.
        axis_of(x if x.rank else Shape.of(1), self.axis)
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (everywhere(x.rank, self.axis % max(x.rank, 1)),)

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=2 * (x.with_axis(axis_of(x, self.axis), 1),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8]),
            Example.of(cls(p=1, axis=-1), [2, 3, 4]),
            Example.of(cls(p="inf", eps=1e-6), [2, 3, 4, 4]),
        )
