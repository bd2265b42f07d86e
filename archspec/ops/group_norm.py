"""Normalisation of groups of channels."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError, Trait
from archspec.setting import Flag, Positive, PositiveNumber
from archspec.shape import Shape
from archspec.sight import Sights, everywhere
from archspec.size import differs


@final
class GroupNorm(Op):
    """Group normalisation: `y = (x - mean)/sqrt(variance + eps) * weight + bias`.

    The mean and the variance are taken for each example, over one group of neighbouring channels and all axes of space;
    the trained `weight` and `bias` are one number for each channel. The number of groups must divide the channels. With
    one group all channels are normalised together, with as many as there are channels each on its own.

    Shapes: `[batch, channels, space...] -> [batch, channels, space...]`.
    Source: Wu and He, "Group normalization", 2018; `torch.nn.GroupNorm`.
    """

    name = "groupnorm"
    family = Family.NORMALISATION
    traits = frozenset({Trait.STANDARDISED})

    groups: Positive = Field(description="groups of channels that are normalised together")
    eps: PositiveNumber = Field(1e-5, description="added to the variance, so that the root is never zero")
    affine: Flag = Field(True, description="whether each channel is scaled and shifted by trained numbers")

    def infer(self, x: Shape) -> Shape:
        if x.rank < 2:
            raise ShapeError(
                f"needs at least 2 axes, but the input has {x.rank}", help="the axes are `[batch, channels, space...]`"
            )
        if differs(x[1] % self.groups, 0):
            raise ShapeError(
                f"has {self.groups} groups, but {self.groups} does not divide the channels of the input: {x[1]}",
                setting="groups",
                help="use a number of groups that divides the channels",
            )
        if x.elements == self.groups:
            raise ShapeError(
                f"has {self.groups} groups of a single value each, of which nothing is left when their mean is taken "
                "away",
                setting="groups",
                help="use fewer groups",
            )
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (everywhere(x.rank, *range(1, x.rank)),)

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"weight": Shape.of(x[1]), "bias": Shape.of(x[1])} if self.affine else {}

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=2 * (x.with_sizes((x[0], self.groups)),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(groups=4), [2, 8, 5, 5]),
            Example.of(cls(groups=1, eps=1e-6), [2, 8]),
            Example.of(cls(groups=8, affine=False), [2, 8, 3]),
        )
