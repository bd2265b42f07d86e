"""Normalisation of each example and position on its own, over the last axes."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError, Trait
from archspec.ops.agreement import counted
from archspec.setting import Flag, Positive, PositiveNumber
from archspec.shape import Shape
from archspec.sight import Sights, everywhere


@final
class LayerNorm(Op):
    """Layer normalisation: `y = (x - mean)/sqrt(variance + eps) * weight + bias`.

    The mean and the variance are taken for each example and position on its own, over the last `axes` axes; the trained
    `weight` and `bias` have one number for each place in those. The variance is divided by the count, not the count
    less one.

    Shapes: `[..., features] -> [..., features]` by default.
    Source: Ba, Kiros and Hinton, "Layer normalization", 2016; `torch.nn.LayerNorm`.
    """

    name = "layernorm"
    family = Family.NORMALISATION
    traits = frozenset({Trait.STANDARDISED})

    eps: PositiveNumber = Field(1e-5, description="added to the variance, so that the root is never zero")
    affine: Flag = Field(True, description="whether the result is scaled, and shifted where there is a bias")
    bias: Flag = Field(True, description="whether the result is shifted, if it is scaled")
    axes: Positive = Field(1, description="how many of the last axes are normalised together")

    def infer(self, x: Shape) -> Shape:
        _check_axes(x, self.axes)
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (everywhere(x.rank, *range(x.rank - self.axes, x.rank)),)

    def weights(self, x: Shape) -> dict[str, Shape]:
        if not self.affine:
            return {}
        weight = {"weight": Shape(x[-self.axes :])}
        return weight | {"bias": Shape(x[-self.axes :])} if self.bias else weight

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=2 * (x.with_sizes(x[: -self.axes]),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 5, 8]),
            Example.of(cls(eps=1e-6, bias=False), [2, 8]),
            Example.of(cls(axes=3), [2, 3, 4, 5]),
            Example.of(cls(affine=False), [2, 5, 8]),
        )


@final
class RmsNorm(Op):
    """Normalisation by the root mean square: `y = x/sqrt(mean of x^2 + eps) * weight`.

    The mean of the squares is taken for each example and position on its own, over the last `axes` axes; the trained
    `weight` has one number for each place in those. Unlike in layer normalisation, nothing is subtracted and nothing is
    added.

    Shapes: `[..., features] -> [..., features]` by default.
    Source: Zhang and Sennrich, "Root mean square layer normalization", 2019; `torch.nn.RMSNorm`.
    """

    name = "rmsnorm"
    family = Family.NORMALISATION
    traits = frozenset({Trait.STANDARDISED})

    eps: PositiveNumber = Field(1e-6, description="added to the mean of the squares, so that the root is never zero")
    affine: Flag = Field(True, description="whether the result is scaled by trained numbers")
    axes: Positive = Field(1, description="how many of the last axes are normalised together")

    def infer(self, x: Shape) -> Shape:
        _check_axes(x, self.axes)
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (everywhere(x.rank, *range(x.rank - self.axes, x.rank)),)

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"weight": Shape(x[-self.axes :])} if self.affine else {}

    def kept(self, x: Shape) -> Kept:
        lengths = x.with_sizes(x[: -self.axes])
        return Kept(inputs=(0,), further=(lengths, x) if self.affine else (lengths,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 5, 8]),
            Example.of(cls(eps=1e-5, affine=False), [2, 8]),
            Example.of(cls(axes=2), [2, 5, 8]),
        )


def _check_axes(x: Shape, axes: int) -> None:
    if x.rank < axes:
        raise ShapeError(
            f"normalises the last {counted(axes)}, but the input has {x.rank}",
            setting="axes",
            help=f"use at most {x.rank}" if x.rank else "",
        )
