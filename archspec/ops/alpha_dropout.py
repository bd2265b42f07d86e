"""Dropout behind `selu`, which keeps the mean and the variance."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, ShapeError
from archspec.ops.regularisation import Regularisation
from archspec.setting import Probability
from archspec.shape import Shape


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
