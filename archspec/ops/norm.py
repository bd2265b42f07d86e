"""Normalisation."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal, TypeAlias, final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError, Trait
from archspec.ops.agreement import axis_of, counted
from archspec.ops.window import space
from archspec.setting import Flag, Number, Positive, PositiveNumber, Probability, Says, Whole
from archspec.shape import Element, Shape
from archspec.sight import Sights, everywhere, pointwise
from archspec.size import differs

_Exponent: TypeAlias = Annotated[PositiveNumber | Literal["inf"], Says("a number above 0, or `inf`")]


@final
class BatchNorm(Op):
    """Batch normalisation: `y = (x - mean)/sqrt(variance + eps) * weight + bias`.

    The mean and the variance are taken for each channel, over the batch and all axes of space; they and the trained
    `weight` and `bias` are one number for each channel. The variance here is divided by the count, not the count less
    one.

    Shapes: `[batch, channels, space...] -> [batch, channels, space...]`, with none to three axes of space.
    Source: Ioffe and Szegedy, "Batch normalization", 2015; `torch.nn.BatchNorm2d`.

    In training, the statistics are those of the batch, which needs more than one value for each channel; each batch
    also moves the running ones: `running = (1 - momentum)*running + momentum*batch`, where the variance of the batch
    is the one divided by the count less one. In evaluation the running ones are used. They are kept with the model, but
    not trained. With `track_running_stats: false` there are none, and those of the batch are used always.
    """

    name = "batchnorm"
    family = Family.NORMALISATION
    traits = frozenset({Trait.CENTRED, Trait.STANDARDISED})

    eps: PositiveNumber = Field(1e-5, description="added to the variance, so that the root is never zero")
    momentum: Probability = Field(0.1, description="share of the newest batch in the running statistics")
    affine: Flag = Field(True, description="whether each channel is scaled and shifted by trained numbers")
    track_running_stats: Flag = Field(True, description="whether running statistics are kept for evaluation")

    def infer(self, x: Shape) -> Shape:
        if not 2 <= x.rank <= 5:
            raise ShapeError(
                f"needs 2 to 5 axes, but the input has {x.rank}",
                help="the axes are `[batch, channels, space...]`, with up to three axes of space",
            )
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        # Without running statistics, those of the batch are used also when the model is evaluated.
        return (pointwise(x.rank) if self.track_running_stats else everywhere(x.rank, 0, *range(2, x.rank)),)

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"weight": Shape.of(x[1]), "bias": Shape.of(x[1])} if self.affine else {}

    def buffers(self, x: Shape) -> dict[str, Shape]:
        return _running(x) if self.track_running_stats else {}

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=2 * (x.with_sizes(x[1:2]),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8]),
            Example.of(cls(momentum=0.01), [2, 8, 5]),
            Example.of(cls(eps=1e-3, affine=False), [2, 8, 5, 5]),
            Example.of(cls(track_running_stats=False), [2, 8, 3, 4, 5]),
        )


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


@final
class InstanceNorm(Op):
    """Instance normalisation: `y = (x - mean)/sqrt(variance + eps)`, and `* weight + bias` where it is affine.

    The mean and the variance are taken for each example and each channel, over all axes of space, which must have more
    than one position. The variance here is divided by the count, not the count less one. The trained `weight` and
    `bias` are one number for each channel.

    Shapes: `[batch, channels, space...] -> [batch, channels, space...]`, with one to three axes of space.
    Source: Ulyanov, Vedaldi and Lempitsky, "Instance normalization", 2016; `torch.nn.InstanceNorm2d`.

    Training and evaluation do the same, unless `track_running_stats` is true. Then each batch in training moves running
    statistics of each channel, `running = (1 - momentum)*running + momentum*batch`, where `batch` is the mean, over all
    examples, of theirs, with variances divided by the count less one. Evaluation normalises all examples by these. They
    are kept with the model, but not trained.
    """

    name = "instancenorm"
    family = Family.NORMALISATION
    traits = frozenset({Trait.CENTRED, Trait.STANDARDISED})

    eps: PositiveNumber = Field(1e-5, description="added to the variance, so that the root is never zero")
    momentum: Probability = Field(0.1, description="share of the newest batch in the running statistics, if any")
    affine: Flag = Field(False, description="whether each channel is scaled and shifted by trained numbers")
    track_running_stats: Flag = Field(False, description="whether running statistics are kept for evaluation")

    def infer(self, x: Shape) -> Shape:
        if prod(space(x)) == 1:
            raise ShapeError(
                "needs more than one position in space, but the input has one",
                help="of a single value nothing is left when its mean is taken away",
            )
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        # The running statistics are no part of the input.
        return (pointwise(x.rank) if self.track_running_stats else everywhere(x.rank, *range(2, x.rank)),)

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"weight": Shape.of(x[1]), "bias": Shape.of(x[1])} if self.affine else {}

    def buffers(self, x: Shape) -> dict[str, Shape]:
        return _running(x) if self.track_running_stats else {}

    def kept(self, x: Shape) -> Kept:
        # It is batch normalisation of each example, which has weights and running statistics of its own.
        copies = 2 + self.affine + 2 * self.track_running_stats
        return Kept(inputs=(0,), further=copies * (x.with_sizes(x[:2]),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8, 5]),
            Example.of(cls(affine=True), [2, 8, 5, 4]),
            Example.of(cls(eps=1e-3), [2, 8, 3, 4, 5]),
            Example.of(cls(momentum=0.01, track_running_stats=True), [2, 8, 5, 4]),
        )


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


def _running(x: Shape) -> dict[str, Shape]:
    """The running statistics of each channel, and how many batches they are of."""
    return {
        "running_mean": Shape.of(x[1]),
        "running_var": Shape.of(x[1]),
        "num_batches_tracked": Shape.of(element=Element.INT),
    }


def _check_axes(x: Shape, axes: int) -> None:
    if x.rank < axes:
        raise ShapeError(
            f"normalises the last {counted(axes)}, but the input has {x.rank}",
            setting="axes",
            help=f"use at most {x.rank}" if x.rank else "",
        )
