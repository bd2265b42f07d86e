"""Normalisation."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.op import Example, Family, Op, ShapeError
from archspec.setting import Flag, Number, Positive, PositiveNumber, Probability
from archspec.shape import Element, Shape


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

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"weight": Shape.of(x[1]), "bias": Shape.of(x[1])} if self.affine else {}

    def buffers(self, x: Shape) -> dict[str, Shape]:
        if not self.track_running_stats:
            return {}
        return {
            "running_mean": Shape.of(x[1]),
            "running_var": Shape.of(x[1]),
            "num_batches_tracked": Shape.of(element=Element.INT),
        }

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

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(size=5, alpha=5e-4, k=2.0), [2, 8, 5, 5]),
            Example.of(cls(size=2, beta=0.5), [2, 8, 5]),
        )
