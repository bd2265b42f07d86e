"""Normalisation of each channel on its own, which can keep running statistics."""

from __future__ import annotations

from math import prod
from typing import final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError, Trait
from archspec.ops.window import space
from archspec.setting import Flag, PositiveNumber, Probability
from archspec.shape import Element, Shape
from archspec.sight import Sights, everywhere, pointwise


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


def _running(x: Shape) -> dict[str, Shape]:
    """The running statistics of each channel, and how many batches they are of."""
    return {
        "running_mean": Shape.of(x[1]),
        "running_var": Shape.of(x[1]),
        "num_batches_tracked": Shape.of(element=Element.INT),
    }
