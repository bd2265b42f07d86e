"""Rectifiers that let a part through below the bend: their slope there is set, drawn or trained."""

from __future__ import annotations

from typing import final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, ShapeError, Trait
from archspec.ops.activation import Activation
from archspec.setting import Count, Number
from archspec.shape import Shape
from archspec.size import differs


@final
class LeakyRelu(Activation):
    """The leaky rectifier: `y = x` where `x` is at least 0, and `slope * x` below.

    Shapes: `[...] -> [...]`.
    Source: Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013;
    `torch.nn.LeakyReLU`.
    """

    name = "leaky_relu"
    traits = frozenset({Trait.BETWEEN_LAYERS})

    slope: Number = Field(0.01, description="slope for negative values")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(slope=0.2), [2, 3, 4, 4]))


@final
class Rrelu(Activation):
    """The randomised leaky rectifier: `y = x` where `x` is at least 0, and `slope * x` below.

    In training the slope of each value is drawn anew, uniformly from `low` to `high`. In evaluation it is the middle,
    `(low + high)/2`.

    Shapes: `[...] -> [...]`.
    Source: Xu et al., "Empirical evaluation of rectified activations in convolutional network", 2015;
    `torch.nn.RReLU`.
    """

    name = "rrelu"
    traits = frozenset({Trait.BETWEEN_LAYERS})

    low: Number = Field(1 / 8, description="least slope for negative values")
    high: Number = Field(1 / 3, description="greatest slope for negative values")

    def infer(self, x: Shape) -> Shape:
        if self.low > self.high:
            raise ShapeError(
                f"draws slopes from {self.low} to {self.high}, between which there are none",
                setting="low",
                help="use a `low` that is not above `high`",
            )
        return x

    def kept(self, x: Shape) -> Kept:
        return Kept(inputs=(0,), further=(x,))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]), Example.of(cls(low=0.05, high=0.25), [2, 3, 4, 4]))


@final
class Prelu(Activation):
    """The rectifier with a trained slope: `y = x` where `x` is at least 0, and `weight * x` below.

    Shapes: `[batch, channels, ...] -> [batch, channels, ...]`; with one parameter, `[...] -> [...]`.
    Source: He et al., "Delving deep into rectifiers", 2015; `torch.nn.PReLU`.

    There is one slope for all values, or one for each channel.
    """

    name = "prelu"
    traits = frozenset({Trait.BETWEEN_LAYERS})

    parameters: Count = Field(1, description="trained slopes: 1, or as many as the input has channels")

    def infer(self, x: Shape) -> Shape:
        # Without an axis of channels there is one channel.
        channels = x[1] if x.rank > 1 else 1
        if differs(self.parameters, 1) and differs(self.parameters, channels):
            raise ShapeError(
                f"has {self.parameters} parameters, but the input has {channels} "
                f"{'channel' if channels == 1 else 'channels'}",
                setting="parameters",
                help="use 1" if channels == 1 else f"use 1 for all channels together, or {channels} for one for each",
            )
        return x

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"weight": Shape.of(self.parameters)}

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [8]), Example.of(cls(parameters=3), [2, 3, 4, 4]))
