"""Regularisation by noise in training."""

from __future__ import annotations

from abc import ABC
from typing import Literal, final

from pydantic import Field

from archspec.kept import NOTHING, Kept, view
from archspec.op import Example, Family, Op, ShapeError, Trait
from archspec.ops.window import space
from archspec.setting import BelowOne, NonNegativeNumber, Probability
from archspec.shape import Shape
from archspec.sight import Sights, pointwise


class Regularisation(Op, ABC):
    """Noise in training, of which nothing is left in evaluation: its output has the shape of its input."""

    family = Family.REGULARISATION

    def infer(self, x: Shape) -> Shape:
        return x

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (pointwise(x.rank),)


@final
class Dropout(Regularisation):
    """Inverted dropout: in training, `y = x * m / (1 - rate)`, where each `m` is 0 with probability `rate`, else 1.

    In evaluation `y = x`: the division in training keeps the expected value, so nothing has to be scaled afterwards.

    Shapes: `[...] -> [...]`.
    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014;
    `torch.nn.Dropout`.
    """

    name = "dropout"
    traits = frozenset({Trait.DROPPED})

    rate: Probability = Field(0.5, description="probability that a value is set to zero in training")

    def kept(self, x: Shape) -> Kept:
        return Kept(masks=(x,)) if self.rate else view()

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(rate=0.1), [2, 3, 4, 4]))


@final
class ChannelDropout(Regularisation):
    """Dropout of whole channels: in training, `y = x * m / (1 - rate)`, with one `m` for each channel of each example.

    Each `m` is 0 with probability `rate`, else 1. Neighbours in space are alike, so that `dropout` of single values
    takes little away. In evaluation `y = x`.

    Shapes: `[batch, channels, space...] -> [batch, channels, space...]`, with one to three axes of space.
    Source: Tompson et al., "Efficient object localization using convolutional networks", 2014; `torch.nn.Dropout2d`.
    """

    name = "channel_dropout"
    traits = frozenset({Trait.DROPPED})

    rate: Probability = Field(0.5, description="probability that a channel is set to zero in training")

    def infer(self, x: Shape) -> Shape:
        space(x)
        return x

    def kept(self, x: Shape) -> Kept:
        return Kept(further=(x.with_sizes(x[:2]),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(), [2, 8, 5]),
            Example.of(cls(rate=0.1), [2, 3, 4, 4]),
            Example.of(cls(), [2, 3, 4, 4, 2]),
        )


@final
class AlphaDropout(Regularisation):
    """Dropout that keeps a mean of 0 and a variance of 1, for use with `selu`: `y = a*(x*m + low*(1 - m)) + b`.

    In training, each `m` is 0 with probability `rate`, else 1. What is dropped becomes `low = -1.7581`, to which `selu`
    tends, and `a = 1/sqrt((1 - rate)*(1 + rate*low^2))` and `b = -a*low*rate` restore the two; the numbers are used in
    full precision. With a `rate` of 1 the output is zero. In evaluation `y = x`.

    Shapes: `[...] -> [...]`.
    Source: Klambauer et al., "Self-normalizing neural networks", 2017; `torch.nn.AlphaDropout`.
    """

    name = "alpha_dropout"

    rate: Probability = Field(0.5, description="probability that a value is dropped in training")

    def kept(self, x: Shape) -> Kept:
        return Kept(further=(x,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(rate=0.1), [2, 3, 4, 4]))


@final
class FeatureAlphaDropout(Regularisation):
    """The `alpha_dropout` of whole channels: `y = a*(x*m + low*(1 - m)) + b`, with one `m` for each channel.

    In training, one `m` is drawn for each channel of each example; the numbers are those of `alpha_dropout`. In
    evaluation `y = x`.

    Shapes: `[batch, channels, ...] -> [batch, channels, ...]`.
    Source: Klambauer et al., "Self-normalizing neural networks", 2017; `torch.nn.FeatureAlphaDropout`.
    """

    name = "feature_alpha_dropout"

    rate: Probability = Field(0.5, description="probability that a channel is dropped in training")

    def infer(self, x: Shape) -> Shape:
        if x.rank < 2:
            raise ShapeError(
                f"needs at least 2 axes, but the input has {x.rank}",
                help="the axes are `[batch, channels, ...]`; `alpha_dropout` takes any",
            )
        return x

    def kept(self, x: Shape) -> Kept:
        return Kept(further=(x.with_sizes(x[:2]),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(rate=0.1), [2, 3, 4, 4]))


@final
class StochasticDepth(Regularisation):
    """Leaves out the body of a residual: in training, `y = x * m / (1 - rate)`, with one `m` for all of an example.

    Each `m` is 0 with probability `rate`, else 1. It stands last in the body, so that where `m` is 0 only the shortcut
    is left. With `mode: batch`, one `m` is drawn for all examples. In evaluation `y = x`.

    Shapes: `[batch, ...] -> [batch, ...]`.
    Source: Huang et al., "Deep networks with stochastic depth", 2016, with the division in training, as in dropout,
    instead of a product in evaluation; `torchvision.ops.StochasticDepth`.
    """

    name = "stochastic_depth"

    rate: Probability = Field(description="probability that what flows in is set to zero in training")
    mode: Literal["row", "batch"] = Field("row", description="whether each example is drawn for, or all together")

    def infer(self, x: Shape) -> Shape:
        if self.mode == "row" and not x.rank:
            raise ShapeError(
                "needs an axis of examples, but the input has none",
                setting="mode",
                help="use `batch` for a single number",
            )
        return x

    def kept(self, x: Shape) -> Kept:
        return Kept(further=(x.with_sizes(x[:1] if self.mode == "row" else ()),))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(rate=0.2), [2, 3, 4, 4]), Example.of(cls(rate=0.5, mode="batch"), [2, 5, 8]))


@final
class GaussianNoise(Regularisation):
    """Adds noise in training: `y = x + std * n`, where each `n` is normal with mean 0 and variance 1.

    In evaluation `y = x`.

    Shapes: `[...] -> [...]`.
    Source: Bishop, "Training with noise is equivalent to Tikhonov regularization", 1995.
    """

    name = "gaussian_noise"

    std: NonNegativeNumber = Field(description="standard deviation of the noise")

    def kept(self, x: Shape) -> Kept:
        return NOTHING

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(std=0.1), [2, 8]), Example.of(cls(std=1.0), [2, 3, 4, 4]))


@final
class GaussianDropout(Regularisation):
    """Dropout by a factor that is never exactly zero: in training, `y = x * (1 + sqrt(rate/(1 - rate)) * n)`.

    Each `n` is normal with mean 0 and variance 1, so that the factor has the mean and the variance that it has in
    `dropout`. In evaluation `y = x`.

    Shapes: `[...] -> [...]`.
    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014, section 10.
    """

    name = "gaussian_dropout"
    traits = frozenset({Trait.DROPPED})

    rate: BelowOne = Field(0.5, description="rate of the dropout that has the same variance")

    def infer(self, x: Shape) -> Shape:
        return x

    def kept(self, x: Shape) -> Kept:
        return Kept(further=(x,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(rate=0.1), [2, 3, 4, 4]))
