"""Dropout: values, channels or whole branches that are left out in training."""

from __future__ import annotations

from typing import Literal, final

from pydantic import Field

from archspec.kept import Kept, view
from archspec.op import Example, ShapeError, Trait
from archspec.ops.regularisation import Regularisation
from archspec.ops.window import space
from archspec.setting import Probability
from archspec.shape import Shape


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
